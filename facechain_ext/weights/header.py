"""What a safetensors file says of itself, without reading its weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from facechain_ext.weights.model_type import CONTROLNET, SD15, detect_model_type

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SD15_WIDTH = 320
"""Channels of the first level of Stable Diffusion 1.5's U-Net, and so of every ControlNet for it."""
_MOST = 100_000_000
"""Bytes of a safetensors header; the format's own limit."""
_FIRST = "input_blocks.0.0.weight"


@dataclass(frozen=True)
class Sides:
    """The shape of one tensor."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class ModelFacts:
    """What a file is, in ``detect_model_type``'s words, and the channels of its first level (0 where it has none)."""

    kind: str
    width: int

    @property
    def is_sd15(self) -> bool:
        """Whether it is a Stable Diffusion 1.5 checkpoint, of whichever width."""
        return self.kind == SD15

    @property
    def is_controlnet(self) -> bool:
        """Whether it is a ControlNet."""
        return self.kind == CONTROLNET

    @property
    def is_small(self) -> bool:
        """Whether it is narrower than any model that was trained on photographs, as the demo's models are."""
        return 0 < self.width < SD15_WIDTH


def model_facts(path: Path) -> ModelFacts | None:
    """What a safetensors file is; None for another format, and for a file that cannot be read.

    Read once for as long as the file stays as it is.
    """
    try:
        state = path.stat()
    except OSError:
        return None
    return _facts(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _facts(path: Path, _modified: int, size: int) -> ModelFacts | None:
    shapes = _shapes(path, size)
    if not shapes:
        return None
    first = next((value for name, value in shapes.items() if name.endswith(_FIRST)), Sides((0,)))
    return ModelFacts(detect_model_type(shapes), first.shape[0] if first.shape else 0)


def _shapes(path: Path, size: int) -> Mapping[str, Sides]:
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > min(size - 8, _MOST):
                return {}
            header = json.loads(file.read(length))
        return {name: Sides(tuple(map(int, one["shape"]))) for name, one in header.items() if name != "__metadata__"}
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return {}
