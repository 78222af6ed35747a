"""What the scenarios inside a real webui share: people, a ControlNet, and values of pictures that a test compares."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

PHOTO = Path(__file__).resolve().parent / "astronaut.jpg"
SMALL = {"steps": 4, "width": 128, "height": 128, "seed": 1, "cfg": 5.0, "sampler": "Euler"}


def people() -> list:
    """Two people, made up of one photo and its mirror image."""
    from PIL import Image, ImageOps

    from facechain_ext.hosts.webui import models
    from facechain_ext.identity import Identity

    photo = Image.open(PHOTO)
    return [Identity.from_photos([one], models.encoder()) for one in (photo, ImageOps.mirror(photo))]


def digest(portrait) -> str:
    """A short name for the pixels of a picture."""
    return hashlib.sha256(portrait.picture.convert("RGB").tobytes()).hexdigest()[:12]


def summaries(portraits) -> list:
    """The values of portraits that a test compares."""
    return [
        {
            "digest": digest(one), "seed": one.seed, "size": one.picture.size, "infotext": one.infotext,
            "notes": list(one.notes),
        }
        for one in portraits
    ]  # fmt: skip


def untrained_controlnet(spread: float = 0.0) -> str:
    """A ControlNet of the U-Net's sizes among the extension's models: its name, nothing without the extension.

    It adds nothing to the U-Net at a ``spread`` of 0, else noise that depends on its picture.
    """
    import tempfile

    import torch
    from modules import shared
    from safetensors.torch import save_file

    if "scripts.external_code" not in sys.modules and "internal_controlnet.external_code" not in sys.modules:
        return ""
    from scripts.cldm import PlugableControlModel

    from scripts import controlnet_model_guess, global_state

    unet = shared.sd_model.model.diffusion_model
    sizes = {
        "model_channels": unet.model_channels, "channel_mult": list(unet.channel_mult),
        "context_dim": unet.input_blocks[1][1].transformer_blocks[0].attn2.to_k.in_features,
    }  # fmt: skip
    controlnet_model_guess.controlnet_default_config.update(sizes)
    config = {**controlnet_model_guess.controlnet_default_config, "hint_channels": 3, "use_fp16": False}
    state = PlugableControlModel(config).control_model.state_dict()
    folder, name = tempfile.mkdtemp(), "untrained"
    torch.manual_seed(0)
    for key, value in state.items():
        if spread and ("zero_convs" in key or "middle_block_out" in key or "input_hint_block.14" in key):
            value.normal_(std=spread)
    state = {f"control_model.{key}": value.contiguous() for key, value in state.items()}
    save_file(state, str(Path(folder, f"{name}.safetensors")))
    shared.opts.data["control_net_models_path"] = folder
    global_state.update_cn_models()
    return name


def errors_of(work) -> str:
    """The message of the FaceChainError that ``work`` raises."""
    from facechain_ext.errors import FaceChainError

    try:
        work()
    except FaceChainError as error:
        return str(error)
    return ""
