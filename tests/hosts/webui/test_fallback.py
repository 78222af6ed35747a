"""What a webui shows where FaceChain, or what only a generation of it needs, cannot be imported."""

from __future__ import annotations

import logging
import sys

import pytest

from tests.detectors import need_detector

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")
need_detector()

from tests.hosts.webui.fake_host import generation
from tests.hosts.webui.photo import BASE64

REASON = "FaceChain could not be loaded: "


@pytest.fixture(scope="module")
def models(encoder_models):
    return encoder_models


@pytest.fixture
def without_hooks(host):
    """A host in which the module of the hooks cannot be imported."""
    from facechain_ext.hosts import webui
    from facechain_ext.hosts.webui import script

    host.monkeypatch.setitem(sys.modules, "facechain_ext.hosts.webui.script_hooks", None)
    host.monkeypatch.delattr(webui, "script_hooks", raising=False)
    script._hooks.cache_clear()
    yield host
    script._hooks.cache_clear()


FACE = {"photos": [BASE64]}
ARGUMENTS = {
    "nothing is asked": ((), False),
    "the page's switch is off": ((False, None), False),
    "the page's switch is on": ((True, None), True),
    "a request": ((FACE,), True),
    "a request that is off": (({**FACE, "enabled": False},), False),
    "the reason's own component": (("<p>reason</p>",), False),
}


@pytest.mark.parametrize(("args", "wanted"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_only_a_picture_that_was_to_have_a_face_says_why_it_has_none(without_hooks, unet, caplog, args, wanted):
    run = generation(without_hooks, unet)
    with caplog.at_level(logging.CRITICAL):
        without_hooks.script.before_process(run, *args)
        without_hooks.script.process(run, *args)
        without_hooks.script.process_batch(run, *args)
        without_hooks.script.postprocess(run, None, *args)
    said = run.extra_generation_params.get("FaceChain", "")
    assert said.startswith(f"off ({REASON}ModuleNotFoundError: ") if wanted else not run.extra_generation_params


def test_the_console_has_the_details_once(without_hooks, unet, caplog):
    run = generation(without_hooks, unet)
    for _ in range(2):
        without_hooks.script.process(run, FACE)
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_a_script_that_cannot_be_loaded_writes_the_same(host, unet):
    from facechain_ext.hosts.webui.fallback_script import fallback_script

    script, run = fallback_script(ImportError("no module"))(), generation(host, unet)
    assert script.title() == host.script.title()
    script.process(run, FACE)
    (said,) = run.extra_generation_params.values()
    assert said.startswith(f"off ({REASON}ImportError: no module.")
