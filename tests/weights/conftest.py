"""A server of weights on this machine."""

from __future__ import annotations

import pytest

from facechain_ext.weights import manifest, set_models_folder, store, transfer
from tests.weights.hub import Hub, Server
from tests.weights.served import CONTENT, an_entry


@pytest.fixture(name="server")
def _server(tmp_path, monkeypatch):
    set_models_folder(tmp_path / "models")
    monkeypatch.setattr(transfer, "PAUSES", (0.01, 0.01, 0.01))
    for name in ("HF_TOKEN", "MODELSCOPE_API_TOKEN", "FACECHAIN_HUB", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "nobody"))
    with Server(Hub(files={"folder/file.bin.raw": CONTENT})) as hub:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.address)
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        yield hub
    set_models_folder(None)


@pytest.fixture(name="use")
def _use(monkeypatch):
    def use(entry):
        monkeypatch.setattr(manifest, "manifest", lambda: {entry.key: entry})
        monkeypatch.setattr(store, "manifest", lambda: {entry.key: entry})

    use(an_entry())
    return use
