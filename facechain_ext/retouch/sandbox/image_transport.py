"""Pictures through a pipe: one line of JSON with their shapes and a header, then their bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

    from facechain_ext.faces.types import Pixels

_MAX_BYTES = 20_000 * 20_000 * 3
"""Largest picture that is accepted; a larger size is noise from a broken pipe."""


def send(pipe: IO[bytes], pictures: Mapping[str, Pixels], header: Mapping[str, str] | None = None) -> None:
    """Write pictures uint8 [h, w, 3] by name, and a ``header`` of texts."""
    line = {"shapes": {name: pixels.shape for name, pixels in pictures.items()}, "header": dict(header or {})}
    pipe.write(json.dumps(line).encode() + b"\n")
    for pixels in pictures.values():
        pipe.write(np.ascontiguousarray(pixels, np.uint8).tobytes())
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[dict[str, Pixels], dict[str, str]]:
    """Read what ``send`` wrote: pictures by name, and the header.

    Raises EOFError when the other process has ended, ValueError for any other content.
    """
    line = pipe.readline(65536)
    if not line.endswith(b"\n"):
        raise EOFError("the other side has gone")
    message = json.loads(line)
    pictures = {}
    for name, shape in message["shapes"].items():
        height, width, channels = (int(side) for side in shape)
        size = height * width * channels
        if channels != 3 or not 0 < size <= _MAX_BYTES:
            raise ValueError(f"a picture of {shape} is not one")
        content = pipe.read(size)
        if len(content) != size:
            raise EOFError("the other side has gone")
        pictures[name] = np.frombuffer(content, np.uint8).reshape(height, width, channels)
    return pictures, {str(key): str(value) for key, value in message["header"].items()}
