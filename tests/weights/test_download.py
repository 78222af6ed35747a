"""Downloads from a real server that misbehaves: afterwards the right file is there under its name, or none."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from facechain_ext.errors import Cancelled, InputError, WeightsError
from facechain_ext.weights import download, manifest, store
from facechain_ext.weights.transfer import Progress
from tests.weights.hub import Server
from tests.weights.served import CONTENT, an_entry, assert_none, assert_right, final


@pytest.mark.parametrize("hub", ["modelscope", "huggingface"])
def test_a_file_is_downloaded_and_recorded(server, use, hub):
    use(an_entry(hub))
    seen: list[Progress] = []
    assert download.pull("test", progress=seen.append) == final()
    assert_right()
    assert seen[0].done == 0
    assert seen[-1] == Progress("test", "file.bin.raw", len(CONTENT), len(CONTENT))
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert download.pull("test") == final()
    assert len(server.requests) == 1


@pytest.mark.parametrize("hub", ["modelscope", "huggingface"])
def test_a_wrong_digest_leaves_nothing(server, use, hub):
    use(an_entry(hub))
    server.state_digest = "wrong"
    with pytest.raises(WeightsError, match="digest") as caught:
        download.pull("test")
    assert "Put file.bin.raw" in str(caught.value)
    assert_none()
    assert not list(final().parent.glob("*.part*"))


def test_a_small_file_without_lfs_is_checked_by_its_git_digest(server, use):
    use(an_entry("huggingface", "folder/a.json"))
    server.files["folder/a.json"] = b"{}"
    download.pull("test")
    assert final().read_bytes() == b"{}"
    final().unlink()
    size, wrong = 2, "1" * 40
    server.listing = [{"type": "file", "path": "folder/a.json", "size": size, "oid": wrong}]
    with pytest.raises(WeightsError, match="digest"):
        download.pull("test")
    assert_none()


def test_a_missing_file_is_taken_from_the_mirror(server, use, monkeypatch):
    with Server() as empty:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", empty.address)
        sources = [
            {"hub": hub, "repository": "a/b", "revision": "v1", "path": "folder/file.bin.raw"}
            for hub in ("modelscope", "huggingface")
        ]
        use(an_entry(sources=sources))
        download.pull("test")
    assert_right()


def test_a_404_of_the_file_itself_goes_on_to_the_mirror(server, use):
    server.statuses = [404]
    sources = [
        {"hub": hub, "repository": "a/b", "revision": "v1", "path": "folder/file.bin.raw"}
        for hub in ("modelscope", "huggingface")
    ]
    use(an_entry(sources=sources))
    download.pull("test")
    assert_right()


def test_the_set_hub_comes_first(monkeypatch):
    sources = tuple(manifest.Source(hub, "a/b", "v1", "x") for hub in ("modelscope", "huggingface"))
    assert [s.hub for s in download.order_sources(sources)] == ["modelscope", "huggingface"]
    assert download.order_sources(sources, "huggingface")[0].hub == "huggingface"
    monkeypatch.setenv("FACECHAIN_HUB", "huggingface")
    assert download.order_sources(sources)[0].hub == "huggingface"
    with pytest.raises(InputError, match="'modelscop'"):
        download.order_sources(sources, "modelscop")


def run_pull(folder, address):
    code = f"""
import sys
import facechain_ext.weights.manifest as manifest, facechain_ext.weights.store as store
from tests.weights.served import an_entry
from facechain_ext.weights import set_models_folder, download
manifest.manifest = store.manifest = lambda: {{"test": an_entry()}}
set_models_folder({str(folder)!r})
print("ready", flush=True)
download.pull("test")
print("done", flush=True)
"""
    environment = {**os.environ, "MODELSCOPE_ENDPOINT": address, "no_proxy": "127.0.0.1"}
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root, env=environment
    )


def test_two_processes_at_once_download_it_once(server, use, tmp_path):
    server.pause = 0.01
    both = [run_pull(tmp_path / "models", server.address) for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()[-500:]
    assert_right()
    assert len(server.requests) == 1


def test_two_threads_at_once_download_it_once(server, use):
    """Two buttons of the tab are two threads of one process."""
    server.pause = 0.01
    results = []
    threads = [threading.Thread(target=lambda: results.append(download.pull("test"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == [final(), final()]
    assert_right()
    assert len(server.requests) == 1


def test_killed_in_the_middle(server, use, tmp_path):
    server.pause = 0.05
    process = run_pull(tmp_path / "models", server.address)
    part = final().with_name("file.data.part")
    while not (part.exists() and part.stat().st_size > 300_000):
        assert process.poll() is None, process.stderr.read().decode()[-500:]
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert_none()
    server.pause = 0.0
    download.pull("test")
    assert_right()
    assert server.requests[-1][1].startswith("bytes=")


def test_offline_says_which_file_to_put_where_and_then_finds_it(server, use, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(WeightsError) as caught:
            download.pull("test")
    message = str(caught.value)
    assert "Put file.bin.raw" in message
    assert "/models/a/b" in message
    assert str(final().parent) in message
    with pytest.raises(WeightsError, match="facechain weights pull test"):
        store.require("test")
    (final().parent / "file.bin.raw").write_bytes(b"by hand")
    assert store.require("test").read_bytes() == b"by hand"
    assert download.pull("test").read_bytes() == b"by hand"


@pytest.mark.parametrize("listing", [{}, {"Data": None}, {"Data": {"Files": [{}]}}, [], "x", {"Data": {"Files": []}}])
@pytest.mark.parametrize("hub", ["modelscope", "huggingface"])
def test_a_hub_that_answers_nonsense(server, use, hub, listing):
    use(an_entry(hub))
    server.listing = listing
    with pytest.raises(WeightsError):
        download.pull("test")
    assert_none()


# Pickles and folders -----------------------------------------------------------------------------------------------


def saved(tmp_path, content, name="w.pt"):
    torch.save(content, tmp_path / name)
    return (tmp_path / name).read_bytes()


def test_a_downloaded_pickle_is_rewritten_once_as_safetensors(server, use, tmp_path):
    content = {"state_dict": {"a": torch.randn(4, 5).t(), "b": torch.ones(3).bfloat16()}, "epoch": 2}
    content["state_dict"]["tied"] = content["state_dict"]["a"]
    server.files["w.pt"] = saved(tmp_path, content)
    use(an_entry(path="w.pt", pickles="convert", save_as="w.safetensors"))
    path = download.pull("test")
    got = load_file(path)
    assert set(got) == {"a", "b", "tied"}
    assert torch.equal(got["a"], content["state_dict"]["a"])
    assert [p.name for p in path.parent.iterdir() if not p.name.startswith(".")] == ["facechain.lock.json", path.name]
    assert store.verify()[0].state == "right"


@pytest.mark.parametrize("pickles", ["convert", "check"])
def test_a_pickle_that_would_run_something_never_gets_its_name(server, use, tmp_path, pickles):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    server.files["w.pt"] = saved(tmp_path, {"a": Evil()})
    use(an_entry(path="w.pt", pickles=pickles, save_as="w.safetensors"))
    with pytest.raises(WeightsError, match="not loaded"):
        download.pull("test")
    assert not (tmp_path / "ran").exists()
    assert not (final().parents[1] / "w.safetensors").exists()


@pytest.mark.parametrize("hub", ["modelscope", "huggingface"])
def test_a_folder_comes_whole_or_not_at_all(server, use, tmp_path, hub):
    save_file({"x": torch.ones(2)}, tmp_path / "x.safetensors")
    server.files = {
        "unet/config.json": b"{}",
        "unet/deep/model.safetensors": (tmp_path / "x.safetensors").read_bytes(),
        "unet/deep/model.bin": b"not wanted, there are safetensors",
        "unet/pytorch_model.bin": saved(tmp_path, {"w": torch.zeros(3)}),
        "unet/README.md": b"no",
        "unet/.hidden.json": b"no",
        "other/config.json": b"no",
    }
    files = ["*.json", "*.safetensors", "*.bin"]
    source = {"hub": hub, "repository": "a/b", "revision": "v1", "path": "unet", "files": files}
    use(an_entry(save_as="base", pickles="convert", sources=[source]))
    server.statuses = [404]
    with pytest.raises(WeightsError):
        download.pull("test")
    folder = final().parents[1] / "base"
    assert not folder.exists()
    assert download.pull("test") == folder
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    assert names == ["config.json", "deep/model.safetensors", "model.safetensors"]
    assert {f.state for f in store.verify()} == {"right"}
    assert len(store.verify()) == 3


@pytest.mark.parametrize("name", ["../escape.json", "a/../../escape.json", "/abs.json", "CON/a.json", "a\n.json"])
def test_a_hub_that_lists_paths_outside_the_folder(server, use, tmp_path, name):
    server.files = {f"unet/{name}": b"{}"}
    source = {"hub": "modelscope", "repository": "a/b", "revision": "v1", "path": "unet", "files": ["*.json"]}
    use(an_entry(save_as="base", sources=[source]))
    with pytest.raises(WeightsError):
        download.pull("test")
    assert not list(tmp_path.rglob("*escape*"))
    assert not list(tmp_path.rglob("abs.json"))


def test_a_link_out_of_the_models_folder_is_not_written_through(server, use, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "models" / "sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WeightsError, match="link"):
        download.pull("test")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_leftovers_lists_temporary_files(server, use):
    seen = []
    with pytest.raises(Cancelled):
        download.pull("test", progress=seen.append, cancel=lambda: True)
    assert {p.suffix for p in store.leftovers()} <= {".part", ".json"}
    assert store.leftovers()
