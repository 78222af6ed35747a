"""A LoRA that a method brings, for the host's own loader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor


@dataclass(frozen=True, eq=False)
class MethodLora:
    """A LoRA that belongs to a method, for the host's own loader.

    ``tensors`` have diffusers' or kohya's names, ``weight`` is its strength, ``name`` what a file of it may be called
    and ``digest`` a short hash of the weights. ``file`` is the LoRA's own file where it has one; ``call`` are the words
    that a prompt needs to call what was learned.
    """

    name: str
    tensors: Mapping[str, Tensor]
    weight: float
    digest: str
    file: Path | None = None
    call: str = ""

    def with_call(self, prompt: str) -> str:
        """A prompt with the words that call what was learned before it, unless it has them."""
        if not self.call or self.call.casefold() in prompt.casefold():
            return prompt
        return f"{self.call}, {prompt}" if prompt.strip() else self.call
