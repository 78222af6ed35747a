"""Where the tiny models are, and making random ones of the same layout."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file

from facechain_ext.errors import WeightsError
from facechain_ext.storage.atomic_write import atomic_write

log = logging.getLogger(__name__)

_SHIPPED = Path(__file__).resolve().parents[2] / "models" / "small"
_NAMES = ("checkpoint.safetensors", "encoder.safetensors", "adapter.safetensors")
_GATE = 0.5
"""First value of the random adapter's gates: open, so that the face changes the picture."""


@dataclass(frozen=True)
class TinyModels:
    """Files of a checkpoint, a face encoder and an adapter that fit together; ``trained`` is False for random ones."""

    checkpoint: Path
    encoder: Path
    adapter: Path
    trained: bool


def tiny_models(folder: Path) -> TinyModels:
    """The tiny models that ship, or random ones, made in ``folder`` unless they are there."""
    return shipped_models() or random_models(folder)


def shipped_models() -> TinyModels | None:
    """The trained tiny models of this project, or None where they are not there."""
    there = all((_SHIPPED / name).is_file() for name in _NAMES)
    return models_in(_SHIPPED) if there else None


def models_in(folder: Path) -> TinyModels:
    """Trained tiny models in a folder; raises WeightsError when one of them is missing."""
    checkpoint, encoder, adapter = (folder / name for name in _NAMES)
    missing = next((path for path in (checkpoint, encoder, adapter) if not path.is_file()), None)
    if missing is not None:
        raise WeightsError(f"{missing} is missing; name a folder that facechain train world has written.")
    return TinyModels(checkpoint, encoder, adapter, trained=True)


def random_models(folder: Path, *, seed: int = 0) -> TinyModels:
    """Random models of Stable Diffusion 1.5's topology with 32 base channels; the same for the same ``seed``."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, encoder, adapter = (folder / f"random-{name}" for name in _NAMES)
    if not all(path.is_file() for path in (checkpoint, encoder, adapter)):
        log.info("making random tiny models in %s", folder)
        _make(checkpoint, encoder, adapter, seed=seed)
    return TinyModels(checkpoint, encoder, adapter, trained=False)


def _make(checkpoint: Path, encoder: Path, adapter: Path, *, seed: int) -> None:
    from facechain_ext.demo import layout
    from facechain_ext.hosts.diffusers.checkpoint import single_file_weights
    from facechain_ext.identity import TransFace
    from facechain_ext.methods.fact import new_adapter
    from facechain_ext.methods.fact.checkpoint import published_state

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        unet, vae, text_encoder = layout.new_unet(), layout.new_vae(), layout.new_text_encoder()
        _write(single_file_weights(unet=unet, vae=vae, text_encoder=text_encoder), checkpoint)
        _write(TransFace(layout.ENCODER).state_dict(), encoder)
        _write(published_state(new_adapter(unet, projector=layout.PROJECTOR, gate=_GATE)), adapter)


def _write(state: dict[str, torch.Tensor], path: Path) -> None:
    with atomic_write(path) as part:
        save_file({key: value.detach().contiguous() for key, value in state.items()}, part)
