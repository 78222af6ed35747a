"""The webui's interrogators as captioners: their words alone, their memory given back, their failures named."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from facechain_ext.errors import HostError
from facechain_ext.hosts.webui.interrogators import interrogators

PICTURE = np.full((8, 6, 3), 90, np.uint8)


class Blip:
    def __init__(self):
        self.calls = []

    def load(self):
        self.calls.append("load")

    def generate_caption(self, picture):
        self.calls.append(picture.size)
        return " a grey square "

    def unload(self):
        self.calls.append("back")


@pytest.fixture
def webui(monkeypatch):
    """A webui's modules, with both interrogators."""
    modules = {name: ModuleType(name) for name in ("modules", "modules.shared", "modules.deepbooru")}
    modules["modules.shared"].interrogator = Blip()
    modules["modules.deepbooru"].model = SimpleNamespace(tag=lambda picture: f"1girl, {picture.size[0]} wide")
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
        if "." in name:
            setattr(modules["modules"], name.rpartition(".")[2], module)
    # by its globals: other tests import the webui's modules anew, and the name may lead to another copy
    monkeypatch.setitem(interrogators.__globals__, "on_main_thread", lambda work: work())
    return modules


@pytest.fixture
def described(webui):
    return webui["modules.shared"].interrogator, interrogators()


def test_both_describe_a_picture(described):
    blip, found = described
    assert found["BLIP of the webui"]()(PICTURE) == "a grey square"
    assert blip.calls == ["load", (6, 8), "back"]
    assert found["DeepBooru of the webui"]()(PICTURE) == "1girl, 6 wide"


def test_a_failure_is_named_and_the_memory_given_back(described, monkeypatch):
    blip, found = described

    def fails(_picture):
        raise OSError("no network")

    monkeypatch.setattr(blip, "generate_caption", fails)
    with pytest.raises(HostError, match=r"BLIP of the webui cannot describe pictures here \(OSError: no network\)"):
        found["BLIP of the webui"]()(PICTURE)
    assert blip.calls == ["load", "back"]


def test_a_webui_without_them_offers_none(webui, monkeypatch):
    webui["modules.shared"].interrogator = None
    monkeypatch.delitem(sys.modules, "modules.deepbooru")
    assert dict(interrogators()) == {}
