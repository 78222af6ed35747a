"""Registration of callbacks: with the name of the file where the host takes it, else by the host's own function."""

from __future__ import annotations

import collections

import pytest

from tests.detectors import need_detector

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")
need_detector()


@pytest.fixture(scope="module")
def models(card_models):
    return card_models


def called():
    """A callback."""


def test_a_host_that_takes_the_file_gets_it(host):
    import modules.script_callbacks as hosts_own

    from facechain_ext.hosts.webui.callbacks import add_callback

    registered = []
    before = list(host.callbacks.tabs)

    def add(callbacks, fun, *, name=None, category="unknown", filename=None):
        callbacks.append((fun, name, category, filename))

    host.monkeypatch.setattr(hosts_own, "callback_map", {"callbacks_ui_tabs": registered}, raising=False)
    host.monkeypatch.setattr(hosts_own, "add_callback", add, raising=False)
    add_callback("ui_tabs", called, "/extensions/facechain/script.py")
    assert registered == [(called, None, "ui_tabs", "/extensions/facechain/script.py")]
    assert host.callbacks.tabs == before


def test_a_host_whose_entries_are_a_file_and_a_function_gets_one(host):
    import modules.script_callbacks as hosts_own

    from facechain_ext.hosts.webui.callbacks import add_callback

    registered = []
    entry = collections.namedtuple("ScriptCallback", ["script", "callback"])
    before = list(host.callbacks.tabs)
    host.monkeypatch.setattr(hosts_own, "callback_map", {"callbacks_ui_tabs": registered}, raising=False)
    host.monkeypatch.setattr(hosts_own, "add_callback", lambda callbacks, fun: None, raising=False)
    host.monkeypatch.setattr(hosts_own, "ScriptCallback", entry, raising=False)
    add_callback("ui_tabs", called, "/extensions/facechain/script.py")
    assert registered == [("/extensions/facechain/script.py", called)]
    assert host.callbacks.tabs == before


@pytest.mark.parametrize("known", [{}, {"callbacks_ui_tabs": []}], ids=["another map", "no file name"])
def test_other_hosts_register_by_their_own_function(host, known):
    import modules.script_callbacks as hosts_own

    from facechain_ext.hosts.webui.callbacks import add_callback

    host.monkeypatch.setattr(hosts_own, "callback_map", known, raising=False)
    host.monkeypatch.setattr(hosts_own, "add_callback", lambda callbacks, fun: callbacks.append(fun), raising=False)
    add_callback("ui_tabs", called, "/extensions/facechain/script.py")
    assert host.callbacks.tabs[-1] is called
    assert not any(known.values())
