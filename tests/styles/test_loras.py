"""From a style to its LoRA file: found where it is, downloaded where it is not."""

from __future__ import annotations

import os

import pytest
import torch
from safetensors.torch import save_file

from facechain_ext.errors import WeightsError
from facechain_ext.styles import (
    StyleError,
    StyleLora,
    clear_lora_index,
    find_lora,
    known_loras,
    pull_lora,
    require_lora,
)
from facechain_ext.weights import models_folder, set_models_folder
from facechain_ext.weights.manifest import Source
from tests.weights.hub import Hub, Server

SOURCE = Source("modelscope", "a/b", "v1", "Moon Witch.safetensors")
LORA = StyleLora("Moon Witch.safetensors", 0.3, source=SOURCE)


@pytest.fixture(name="hub")
def _hub(tmp_path, monkeypatch):
    set_models_folder(tmp_path / "models")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    save_file({"lora_unet_mid.lora_up.weight": torch.ones(2, 2)}, tmp_path / "x")
    with Server(Hub(files={SOURCE.path: (tmp_path / "x").read_bytes()})) as hub:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.address)
        yield hub
    set_models_folder(None)


def test_a_lora_of_the_host_is_used(hub, tmp_path):
    host = tmp_path / "Lora"
    (host / "sub").mkdir(parents=True)
    (host / "sub" / "moon witch.safetensors").write_bytes(b"x")
    assert find_lora(LORA, [host]) == host / "sub" / "moon witch.safetensors"
    assert pull_lora(LORA, [host]) == require_lora(LORA, [host])
    assert not hub.requests


def test_a_missing_lora_is_downloaded_into_the_hosts_folder(hub, tmp_path):
    host = tmp_path / "Lora"
    with pytest.raises(StyleError, match="Lora"):
        require_lora(LORA, [host])
    seen = []
    assert pull_lora(LORA, [host], progress=seen.append) == host.resolve() / "Moon Witch.safetensors"
    assert seen
    assert [p.name for p in host.iterdir()] == ["Moon Witch.safetensors"]
    assert require_lora(LORA, [host])


def test_without_a_host_it_goes_below_the_models_folder(hub):
    assert pull_lora(LORA) == models_folder().resolve() / "lora" / "Moon Witch.safetensors"


def test_what_is_no_lora_does_not_stay(hub, tmp_path):
    hub.files[SOURCE.path] = b"<html>"
    with pytest.raises(WeightsError, match="safetensors"):
        pull_lora(LORA)
    save_file({"w": torch.ones(1)}, tmp_path / "y")
    hub.files[SOURCE.path] = (tmp_path / "y").read_bytes()
    with pytest.raises(WeightsError, match="no LoRA"):
        pull_lora(LORA)
    assert find_lora(LORA) is None


def test_a_lora_without_a_source_says_where_to_put_it(hub):
    with pytest.raises(StyleError, match="Put it into"):
        pull_lora(StyleLora("mine.safetensors", 1.0))
    with pytest.raises(StyleError, match="cannot be downloaded"):
        pull_lora(StyleLora("mine.ckpt", 1.0, source=Source("modelscope", "a/b", "v1", "mine.ckpt")))


def names(index):
    return {name: path.parent.name for name, path in index.items()}


def test_folders_are_walked_once_until_one_of_them_changes(tmp_path, monkeypatch):
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "deep" / "One.safetensors").write_bytes(b"")
    old = 1_000_000_000
    for folder in (tmp_path / "a", tmp_path / "a" / "deep"):
        os.utime(folder, (old, old))
    walks = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: (walks.append(str(folder)), scan(folder))[1])
    for _ in range(3):
        assert names(known_loras([tmp_path / "a"])) == {"one.safetensors": "deep"}
    first = len(walks)
    assert first > 0
    known_loras([tmp_path / "a"])
    assert len(walks) == first
    (tmp_path / "a" / "deep" / "two.safetensors").write_bytes(b"")
    assert set(known_loras([tmp_path / "a"])) == {"one.safetensors", "two.safetensors"}
    (tmp_path / "a" / "deep" / "two.safetensors").unlink()
    assert set(known_loras([tmp_path / "a"])) == {"one.safetensors"}
    os.utime(tmp_path / "a" / "deep", (old, old))
    known_loras([tmp_path / "a"])
    before = len(walks)
    clear_lora_index()
    known_loras([tmp_path / "a"])
    assert len(walks) > before


def test_a_folder_that_comes_later_and_links_that_circle(tmp_path):
    folder = tmp_path / "later"
    assert known_loras([folder]) == {}
    folder.mkdir()
    (folder / "a.safetensors").write_bytes(b"")
    (folder / "round").symlink_to(folder, target_is_directory=True)
    assert names(known_loras([folder])) == {"a.safetensors": "later"}


def test_of_two_with_one_name_the_first_folder_counts(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Same.safetensors").write_bytes(b"")
    assert names(known_loras([tmp_path / "first", tmp_path / "second"])) == {"same.safetensors": "first"}
    assert names(known_loras([tmp_path / "second", tmp_path / "first"])) == {"same.safetensors": "second"}
