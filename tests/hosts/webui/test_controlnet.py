"""ControlNet units by stand-ins of the extension and of Forge's own."""

from __future__ import annotations

import sys
import types
from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from facechain_ext.errors import HostError
from facechain_ext.recipes.job import Control, ControlKind
from tests.hosts.webui import fake_host
from tests.hosts.webui.fake_host import install_module


@pytest.fixture
def host(monkeypatch, tmp_path):
    return fake_host.install(monkeypatch, tmp_path)


MODELS = ("None", "control_openpose_xl [1]", "control_v11p_sd15_openpose [2]", "t2iadapter_canny [3]")


@pytest.fixture
def extension(host):
    """sd-webui-controlnet as others see it."""
    names = ["none", "openpose_hand", "openpose_full", "canny"]
    install_module(
        host, "internal_controlnet.external_code", get_modules=lambda: names, get_models=lambda: list(MODELS)
    )

    def invert(input_image, resolution, **_sliders):
        return types.SimpleNamespace(display_images=[255 - input_image], value=None, resolution=resolution)

    found = {"openpose_hand": invert}
    supported = types.SimpleNamespace(get_preprocessor=found.get)
    install_module(host, "scripts.supported_preprocessor", Preprocessor=supported)
    unit = types.SimpleNamespace(title=lambda: "ControlNet", args_from=3, args_to=5)
    return types.SimpleNamespace(alwayson_scripts=[unit])


def control(kind="openpose", **more):
    return Control(kind, Image.new("RGB", (8, 8), "white"), **more)


def test_without_the_extension_every_kind_has_the_reason(host):
    from facechain_ext.hosts.webui import controlnet

    assert set(controlnet.unavailable_reasons()) == set(get_args(ControlKind))
    assert all("not installed" in reason for reason in controlnet.unavailable_reasons().values())
    with pytest.raises(HostError, match="not installed"):
        controlnet.set_units(types.SimpleNamespace(alwayson_scripts=[]), [], [control()])


def test_a_garments_ip_adapter_is_not_one_for_faces(host, extension):
    from facechain_ext.hosts.webui import controlnet

    code = sys.modules["internal_controlnet.external_code"]
    code.get_models = lambda: [
        "ip-adapter-full-face_sd15 [1]",
        "ip-adapter_sdxl [2]",
        "ip-adapter-plus_sd15 [3]",
        "tile",
    ]
    code.get_modules = lambda: ["none", "ip-adapter-auto", "tile_resample"]
    values = [None] * 6
    controlnet.set_units(extension, values, [control("ip_adapter"), control("tile")])
    assert [(unit["module"], unit["model"]) for unit in values[3:5]] == [
        ("ip-adapter-auto", "ip-adapter-plus_sd15 [3]"), ("tile_resample", "tile"),
    ]  # fmt: skip


def test_a_model_for_sd15_comes_before_others_and_the_users_choice_first(host, extension):
    from facechain_ext.hosts.webui import controlnet

    reasons = controlnet.unavailable_reasons()
    assert (reasons["openpose"], reasons["canny"]) == ("", "")
    assert "“depth”" in reasons["depth"]
    values = [None] * 6
    controlnet.set_units(extension, values, [control(), control("canny", prepared=True, weight=0.2, window=(0, 0.5))])
    first, second = values[3:5]
    assert (first["module"], first["model"]) == ("openpose_hand", MODELS[2])
    assert (second["module"], second["model"], second["weight"]) == ("none", MODELS[3], 0.2)
    assert (second["guidance_start"], second["guidance_end"]) == (0, 0.5)
    assert first["image"].shape == (8, 8, 3)
    host.shared.opts.facechain_controlnet_openpose = MODELS[1]
    controlnet.set_units(extension, values, [control()])
    assert values[3]["model"] == MODELS[1]
    host.shared.opts.facechain_controlnet_openpose = "gone [9]"
    assert "is gone" in controlnet.unavailable_reasons()["openpose"]


def test_a_model_of_another_width_is_refused_before_the_generation(host, extension, tmp_path):
    from safetensors.torch import save_file

    from facechain_ext.hosts.webui import controlnet

    files = {}
    for name, width in ((MODELS[1], 64), (MODELS[2], 320)):
        files[name] = str(tmp_path / f"{width}.safetensors")
        save_file({"control_model.input_blocks.0.0.weight": torch.zeros(width, 4, 3, 3)}, files[name])
    install_module(host, "scripts.global_state", cn_models=files)
    assert controlnet.unavailable_reasons()["openpose"] == ""
    host.shared.opts.facechain_controlnet_openpose = MODELS[1]
    reason = controlnet.unavailable_reasons()["openpose"]
    assert MODELS[1] in reason
    assert "64 channels" in reason
    with pytest.raises(HostError, match="64 channels"):
        controlnet.set_units(extension, [None] * 6, [control()])


def test_more_units_than_the_script_has_are_refused(host, extension):
    from facechain_ext.hosts.webui import controlnet

    values = [None] * 6
    with pytest.raises(HostError, match="room for 2 units, 3 are needed"):
        controlnet.set_units(extension, values, [control()] * 3)
    assert values == [None] * 6


def test_the_map_is_the_preprocessors_display_image(host, extension):
    from facechain_ext.hosts.webui import controlnet

    assert np.asarray(controlnet.run_preprocessor(control())).max() == 0
    assert np.asarray(controlnet.run_preprocessor(control(prepared=True))).min() == 255
    with pytest.raises(HostError, match="preprocessor openpose_full failed"):
        controlnet.run_preprocessor(control("openpose_face"))
    with pytest.raises(HostError, match="none of the preprocessors"):
        controlnet.run_preprocessor(control("depth"))


def test_forges_own_units_have_the_same_fields(host):
    from facechain_ext.hosts.webui import controlnet

    install_module(
        host, "lib_controlnet.global_state", get_all_preprocessor_names=lambda: ["None", "canny"],
        get_all_controlnet_names=lambda: ["None", "any_canny"], get_preprocessor=lambda _name: None,
    )  # fmt: skip
    unit = types.SimpleNamespace(title=lambda: "ControlNet", args_from=0, args_to=1)
    values = [None]
    controlnet.set_units(types.SimpleNamespace(alwayson_scripts=[unit]), values, [control("canny", prepared=True)])
    assert (values[0]["module"], values[0]["model"]) == ("None", "any_canny")
    assert controlnet.model_names() == ("any_canny",)
