"""The header of a safetensors file: names and shapes of its tensors, without reading the weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from facechain_ext.weights.model_type import CONTROLNET, SD15, SDXL, detect_model_type

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SD15_WIDTH = 320
"""Channels of the first level of Stable Diffusion 1.5's U-Net, and so of every ControlNet for it."""
MAX_HEADER_BYTES = 100_000_000
"""The safetensors format's own limit."""
_FIRST_CONVOLUTION = "input_blocks.0.0.weight"


@dataclass(frozen=True)
class TensorShape:
    """The shape of one tensor of a file."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class ModelFacts:
    """A model's type, as ``detect_model_type`` names it, and the channels of its first level (0 if it has none)."""

    kind: str
    width: int

    @property
    def is_sd15(self) -> bool:
        """Whether it is a Stable Diffusion 1.5 checkpoint, of any width."""
        return self.kind == SD15

    @property
    def is_sdxl(self) -> bool:
        """Whether it is a Stable Diffusion XL checkpoint, of any width."""
        return self.kind == SDXL

    @property
    def is_controlnet(self) -> bool:
        """Whether it is a ControlNet."""
        return self.kind == CONTROLNET

    @property
    def is_tiny(self) -> bool:
        """Whether it is narrower than every model trained on photographs, as the demo's tiny models are."""
        return 0 < self.width < SD15_WIDTH


def model_facts(path: Path) -> ModelFacts | None:
    """The facts about a safetensors file; None for another format and for a file that cannot be read.

    Cached until the file's size or time of change differs.
    """
    try:
        state = path.stat()
    except OSError:
        return None
    return _read_facts(path, state.st_mtime_ns, state.st_size)


def parse_header(text: bytes) -> dict[str, object] | None:
    """The JSON object of a safetensors header; None for anything else."""
    try:
        header: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return header if isinstance(header, dict) else None


@lru_cache(maxsize=256)
def _read_facts(path: Path, _modified_ns: int, size: int) -> ModelFacts | None:
    shapes = _read_shapes(path, size)
    if not shapes:
        return None
    first = next((value.shape for name, value in shapes.items() if name.endswith(_FIRST_CONVOLUTION)), ())
    return ModelFacts(detect_model_type(shapes), first[0] if first else 0)


def _read_shapes(path: Path, size: int) -> Mapping[str, TensorShape]:
    """The shapes by tensor name; empty when the file has no valid header."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = parse_header(file.read(length)) if length <= min(size - 8, MAX_HEADER_BYTES) else None
    except OSError:
        return {}
    shapes = {name: _shape(value) for name, value in (header or {}).items() if name != "__metadata__"}
    return {name: shape for name, shape in shapes.items() if shape is not None} if None not in shapes.values() else {}


def _shape(value: object) -> TensorShape | None:
    """The shape in one tensor's entry of the header, or None."""
    shape = value.get("shape") if isinstance(value, dict) else None
    if not isinstance(shape, list) or not all(isinstance(side, int) for side in shape):
        return None
    return TensorShape(tuple(shape))
