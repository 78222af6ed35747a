"""A second method in a webui: it acts, is shown and is plotted without a line of the glue that knows it."""

from __future__ import annotations

import types

import pytest
import torch

gr = pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from facechain_ext.methods import registry
from tests.hosts.webui.fake_host import generation, is_unhooked
from tests.methods.second_method import Shift

CARD = {"card": "Anna", "strength": 1.0}


@pytest.fixture(scope="module")
def models(card_models):
    return card_models


@pytest.fixture
def shift(monkeypatch):
    method = Shift()
    monkeypatch.setattr(registry, "_methods", [method, *registry._methods])
    return method


def test_the_first_method_acts_and_is_off_afterwards(host, unet, shift):
    bare = generation(host, unet).run()
    run = generation(host, unet, CARD | {"shift_gain": 0.75})
    assert not torch.equal(run.run(), bare)
    assert is_unhooked(unet)
    (people, settings) = shift.prepared[-1]
    assert people[0].identity.name == "Anna"
    assert settings["shift_gain"] == 0.75
    assert run.extra_generation_params["FaceChain shift gain"] == 0.75
    assert torch.equal(generation(host, unet, CARD | {"shift_gain": 0.0}).run(), bare)


def test_its_settings_are_components_axes_and_rows_of_the_schema(host, shift):
    from facechain_ext.hosts.webui import accordion, xyz

    assert {"shift_gain", "shift_note"} <= set(accordion.component_names())
    with gr.Blocks():
        components = host.script.ui(is_img2img=False)
    assert len(components) == len(accordion.component_names())
    built = accordion.read([component.value for component in components])
    assert built.value("shift_gain") == 0.25
    labels = {label for _, label in ((0, name) for name in host.script.paste_field_names)}
    assert "FaceChain shift gain" in labels
    axes = [axis.label for axis in xyz.axes(lambda label, *args, **kwargs: types.SimpleNamespace(label=label))]
    assert "[FaceChain] Shift gain" in axes
