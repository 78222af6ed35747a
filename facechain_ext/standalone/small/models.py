"""Where the small models are, and making random ones of the same layout."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

log = logging.getLogger(__name__)

_SHIPPED = Path(__file__).resolve().parents[3] / "models" / "small"
_NAMES = ("checkpoint.safetensors", "encoder.safetensors", "adapter.safetensors")
WIDTH = 128
"""Width of the small text encoder and so of the identity tokens."""
_GATE = 0.5
"""First value of the random adapter's gates: open, so that the face changes the picture."""


@dataclass(frozen=True)
class SmallModels:
    """Files of a checkpoint, a face encoder and an adapter that fit together; ``trained`` is False for random ones."""

    checkpoint: Path
    encoder: Path
    adapter: Path
    trained: bool


def small_models(folder: Path) -> SmallModels:
    """The small models that ship, or random ones, made in ``folder`` unless they are there."""
    return shipped_models() or random_models(folder)


def shipped_models() -> SmallModels | None:
    """The trained small models of this project, or None where they are not there."""
    checkpoint, encoder, adapter = (_SHIPPED / name for name in _NAMES)
    there = all(path.is_file() for path in (checkpoint, encoder, adapter))
    return SmallModels(checkpoint, encoder, adapter, trained=True) if there else None


def random_models(folder: Path, *, seed: int = 0) -> SmallModels:
    """Random models of Stable Diffusion 1.5's topology with 32 base channels; the same for the same ``seed``."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, encoder, adapter = (folder / f"random-{name}" for name in _NAMES)
    if not all(path.is_file() for path in (checkpoint, encoder, adapter)):
        log.info("making random small models in %s", folder)
        _make(checkpoint, encoder, adapter, seed=seed)
    return SmallModels(checkpoint, encoder, adapter, trained=False)


def _make(checkpoint: Path, encoder: Path, adapter: Path, *, seed: int) -> None:
    from facechain_ext.adapter import new_adapter
    from facechain_ext.adapter.checkpoint import published_state
    from facechain_ext.identity import TransFace, TransFaceSizes
    from facechain_ext.identity.projector import ProjectorSizes
    from facechain_ext.standalone.checkpoint import single_file_weights

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        unet, vae, text_encoder = _unet(), _vae(), _text_encoder()
        _write(single_file_weights(unet=unet, vae=vae, text_encoder=text_encoder), checkpoint)
        face_width = 128
        _write(TransFace(TransFaceSizes(width=face_width, depth=2, hidden=256, embedding=128)).state_dict(), encoder)
        sizes = ProjectorSizes(face_width, width=128, inner=128, depth=2, queries=16, hidden=256, token_width=WIDTH)
        _write(published_state(new_adapter(unet, projector=sizes, gate=_GATE)), adapter)


def _unet() -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=32, block_out_channels=(32, 64, 128, 128), cross_attention_dim=WIDTH, attention_head_dim=8
    )


def _vae() -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(32, 32, 64, 64),
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        layers_per_block=2,
        latent_channels=4,
    )


def _text_encoder() -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=49408, hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=2, num_attention_heads=2
        )
    )
    # weighting a prompt divides by the mean of the output, which a bias of zero would make vanish
    for name, parameter in model.named_parameters():
        if name.endswith("final_layer_norm.bias"):
            torch.nn.init.constant_(parameter, 0.1)
    return model


def _write(state: dict[str, torch.Tensor], path: Path) -> None:
    part = path.with_name(f"{path.name}.part")
    save_file({key: value.detach().contiguous() for key, value in state.items()}, part)
    part.replace(path)
