"""LoRA files (kohya's names or those of diffusers) on U-Net and text encoder, for the length of a job."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffusers.loaders import StableDiffusionLoraLoaderMixin

from facechain_ext.errors import HostError, WeightsError
from facechain_ext.standalone.checkpoint import kinds
from facechain_ext.standalone.quiet import quiet
from facechain_ext.weights import read_state_dict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from facechain_ext.portrait.job import Lora
    from facechain_ext.standalone.checkpoint import Checkpoint

logger = logging.getLogger(__name__)

_DOWN = (".lora_down.weight", ".lora_A.weight", ".lora.down.weight")


class _Loader(StableDiffusionLoraLoaderMixin):  # type: ignore[misc]
    """As much of a diffusers pipeline as its LoRA loader needs."""

    hf_device_map = None

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.unet = checkpoint.unet
        self.text_encoder = checkpoint.text_encoder
        self.components: dict[str, Any] = {"unet": self.unet, "text_encoder": self.text_encoder}

    def layers(self, name: str) -> int:
        """How many layers the LoRA of that name acts on."""
        models = (self.unet, self.text_encoder)
        return sum(name in getattr(module, "lora_A", ()) for model in models for module in model.modules())


@contextmanager
def applied(checkpoint: Checkpoint, loras: Sequence[Lora]) -> Iterator[None]:
    """Let LoRAs act on a checkpoint inside a ``with`` block; afterwards it is bit-identical to what it was.

    Raises WeightsError for a file that is not a LoRA or cannot be read, HostError for one that does not fit.
    """
    if not loras:
        yield
        return
    loader = _Loader(checkpoint)
    names = [f"lora_{index}" for index in range(len(loras))]
    try:
        for name, lora in zip(names, loras, strict=True):
            _load(loader, Path(lora.file), name)
        with quiet():
            loader.set_adapters(names, [float(lora.weight) for lora in loras])
        yield
    finally:
        with quiet():
            loader.unload_lora_weights()


def _load(loader: _Loader, path: Path, name: str) -> None:
    weights = read_state_dict(path)
    kind = kinds.kind_of(weights)
    if kind != kinds.LORA:
        raise WeightsError(f"{path.name}: this is {kind}, not a LoRA. Choose a LoRA file.")
    given = sum(key.endswith(_DOWN) for key in weights)
    try:
        with quiet():
            loader.load_lora_weights(weights, adapter_name=name)
    except (ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        logger.info("%s: %s", path, error)
        raise HostError(
            f"{path.name}: diffusers cannot use this LoRA with the loaded checkpoint ({_first_line(error)}). "
            "Choose one that was made for Stable Diffusion 1.5."
        ) from error
    used = loader.layers(name)
    if used < given:
        raise HostError(
            f"{path.name}: only {used} of this LoRA's {given} layers fit the loaded checkpoint. "
            "Choose one that was made for Stable Diffusion 1.5."
        )


def _first_line(error: Exception, longest: int = 120) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[1] if len(lines) > 1 and lines[0].endswith(":") else (lines or [type(error).__name__])[0]
    return text if len(text) <= longest else text[:longest] + " ..."
