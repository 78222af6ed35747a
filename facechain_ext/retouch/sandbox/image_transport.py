"""Pictures through a pipe: a line of JSON that tells their shapes, then their bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from facechain_ext.faces.types import Pixels

_LARGEST = 20_000 * 20_000 * 3
"""Bytes of a picture that are believed; more is a broken pipe's noise."""


def send(pipe: BinaryIO, pictures: Mapping[str, Pixels], **words: Any) -> None:
    """Write pictures uint8 [h, w, 3] by name, with ``words`` beside them."""
    head = {"shapes": {name: pixels.shape for name, pixels in pictures.items()}, **words}
    pipe.write(json.dumps(head).encode() + b"\n")
    for pixels in pictures.values():
        pipe.write(np.ascontiguousarray(pixels, np.uint8).tobytes())
    pipe.flush()


def receive(pipe: BinaryIO) -> tuple[dict[str, Pixels], dict[str, Any]]:
    """Read what ``send`` wrote; raises EOFError when the other side has gone, ValueError for anything else."""
    line = pipe.readline(65536)
    if not line.endswith(b"\n"):
        raise EOFError("the other side has gone")
    head = json.loads(line)
    pictures = {}
    for name, shape in head.pop("shapes").items():
        height, width, channels = (int(side) for side in shape)
        size = height * width * channels
        if channels != 3 or not 0 < size <= _LARGEST:
            raise ValueError(f"a picture of {shape} is not one")
        content = pipe.read(size)
        if len(content) != size:
            raise EOFError("the other side has gone")
        pictures[name] = np.frombuffer(content, np.uint8).reshape(height, width, channels)
    return pictures, head
