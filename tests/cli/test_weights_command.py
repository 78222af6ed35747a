"""facechain weights, run as a user runs it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from facechain_ext.cli import weights as command
from facechain_ext.weights import lock_file, models_folder, set_models_folder, store
from tests.weights.hub import Hub, Server
from tests.weights.test_download import CONTENT, an_entry

KEYS = ("manifest", "entry")


@pytest.fixture(name="run")
def _run(tmp_path, monkeypatch):
    from facechain_ext.weights import manifest

    monkeypatch.setattr(command.console, "_width", 200)
    monkeypatch.delenv("FACECHAIN_MODELS_DIR", raising=False)
    entries = {"test": an_entry()}
    for module in (manifest, store, command):
        monkeypatch.setattr(module, "manifest", lambda: entries)
    with Server(Hub(files={"folder/file.bin.raw": CONTENT})) as hub:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.address)
        monkeypatch.setenv("no_proxy", "127.0.0.1")

        def run(*arguments, code=0, **kwargs):
            result = CliRunner().invoke(command.app, ["--models-dir", str(tmp_path), *arguments], **kwargs)
            assert result.exit_code == code, result.output
            return result.output

        run.hub = hub
        yield run
    set_models_folder(None)


def test_from_nothing_to_a_file_and_back(run, tmp_path):
    assert "–" in run("list")
    assert "facechain weights pull test" in run("where", "test", code=1)
    assert "✓ test" in run("pull", "test")
    assert "✓" in run("list", "faces")
    assert run("where", "test").strip() == str(tmp_path / "sub" / "file.data")
    assert "is as it was downloaded" in " ".join(run("verify").split())
    (tmp_path / "sub" / "file.data").write_bytes(b"other")
    assert "pull --again test" in run("verify", code=1)
    run("pull", "--again", "test")
    assert "is as it was downloaded" in " ".join(run("verify", "test").split())
    assert "Delete these 1?" in run("prune", "test", input="n\n")
    assert (tmp_path / "sub" / "file.data").exists()
    run("prune", "test", "--yes")
    assert not (tmp_path / "sub" / "file.data").exists()
    assert lock_file.read_lock() == {}
    assert "nothing to delete" in run("prune")


def test_what_goes_wrong_is_said(run):
    assert "Choose one of" in run("pull", "tset", code=2)
    run.hub.statuses = [404]
    assert "Put file.bin.raw" in run("pull", "test", code=1)


def test_the_folder(run, tmp_path):
    assert run("where").strip() == str(tmp_path)
    assert models_folder() == tmp_path
