"""The axes of the X/Y/Z plot."""

from __future__ import annotations

import sys
import types

import pytest
import torch

from tests.detectors import need_detector

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")
need_detector()

from tests.hosts.webui.fake_host import generation
from tests.hosts.webui.photo import BASE64


@pytest.fixture(scope="module")
def models(encoder_models):
    return encoder_models


@pytest.fixture
def axes(host):
    """Our axes by their names, as the plot has them."""
    from facechain_ext.hosts.webui import xyz

    class AxisOption:
        """The plot's description of an axis."""

        def __init__(self, label, kind, apply, *, choices=None, confirm=None):
            self.label, self.kind, self.apply, self.choices, self.confirm = label, kind, apply, choices, confirm

    module = types.SimpleNamespace(axis_options=[], AxisOption=AxisOption)
    others = types.SimpleNamespace(path="scripts/xyz_grid.py", module=types.SimpleNamespace(axis_options=None))
    moved = types.SimpleNamespace(path="extensions-builtin/xyz/scripts/plot.py", module=module)
    host.scripts.scripts_data += [others, moved]
    xyz.register_axes()
    xyz.register_axes()
    assert all(option.label.startswith("[FaceChain] ") for option in module.axis_options)
    named = {option.label.removeprefix("[FaceChain] "): option for option in module.axis_options}
    assert len(named) == len(module.axis_options)
    return named


def test_axes_set_values_on_the_generation_only(host, unet, axes):
    general = {"Method", "Strength", "Window start", "Window end", "Adapter", "Card", "Style"}
    assert set(axes) == general | {
        "Preset", "Strength over the steps", "LoRA of the person", "PhotoMaker file", "Style strength", "Person as",
        "Mix people by", "Photos cropped to",
    }  # fmt: skip
    assert axes["Preset"].choices() == ["Published", "Fast"]
    face = {"photos": [BASE64], "strength": 1.0}
    run = generation(host, unet, face)
    axes["Strength"].apply(run, 0.25, [])
    run.run()
    assert run.extra_generation_params["FaceChain strength"] == 0.25
    wrong = generation(host, unet, face)
    axes["Strength"].apply(wrong, 7.0, [])
    wrong.run()
    assert "strength" in wrong.extra_generation_params["FaceChain"]


def test_the_style_axis_adds_the_prompts_of_a_style_and_its_lora(host, axes, tmp_path, monkeypatch):
    from facechain_ext.styles import catalogue

    plain = next(style for style in catalogue().values() if style.lora is None)
    p = types.SimpleNamespace(prompt="a woman", negative_prompt="")
    axes["Style"].apply(p, plain.en, [])
    assert p.prompt == f"a woman, {plain.prompt}"
    assert p.negative_prompt == plain.full_negative
    assert plain.en in axes["Style"].choices()

    with_lora = next(style for style in catalogue().values() if style.lora is not None)
    comments = []
    p = types.SimpleNamespace(prompt="a woman", negative_prompt="", comment=comments.append)
    axes["Style"].apply(p, with_lora.key, [])
    assert p.prompt == f"a woman, {with_lora.prompt}"
    assert comments == [
        f"FaceChain: the style {with_lora.en} is applied without its LoRA: there is no {with_lora.lora.file} in the "
        "webui's folders."
    ]
    file = tmp_path / with_lora.lora.file
    file.touch()
    monkeypatch.setattr(host.shared.cmd_opts, "lora_dir", str(tmp_path), raising=False)
    known = {file.stem: types.SimpleNamespace(filename=str(file))}
    monkeypatch.setitem(sys.modules, "networks", types.SimpleNamespace(available_networks=known))
    p = types.SimpleNamespace(prompt="a woman", negative_prompt="hat")
    axes["Style"].apply(p, with_lora.key, [])
    assert p.prompt == f"a woman, {with_lora.positive}, <lora:{file.stem}:{with_lora.lora.weight:g}>"
    assert p.negative_prompt.startswith("hat, ")


@pytest.mark.parametrize(
    ("axis", "value"), [("Style", "no such style"), ("Card", "Nobody"), ("Adapter", "none"), ("Strength", float("nan"))]
)
def test_a_cell_with_an_unknown_value_shows_it_and_the_others_are_made(host, unet, axes, axis, value):
    face = {"photos": [BASE64], "strength": 1.0}
    expected = generation(host, unet, face).run()
    wrong, good = generation(host, unet, face), generation(host, unet, face)
    good.extra_generation_params = wrong.extra_generation_params  # as the plot's cells share it
    assert getattr(axes[axis], "confirm", None) is None
    axes[axis].apply(wrong, value, [])
    wrong.run()
    assert str(value) in wrong.extra_generation_params["FaceChain"]
    assert any(str(value) in comment for comment in wrong.comments)
    assert torch.equal(good.run(), expected)
    assert "FaceChain" not in good.extra_generation_params
