"""Captions as what the U-Net takes of them: encoded once, or anew in each step while the text encoder learns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from facechain_ext.hosts.diffusers.sampling.conditions import text_condition
from facechain_ext.hosts.diffusers.sampling.denoise import TextCondition
from facechain_ext.hosts.diffusers.sampling.prompts import encode_with_gradients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint


class CaptionEncoder:
    """The captions of a training for a checkpoint; with ``learns`` gradients flow into the text encoder (SD1.5)."""

    def __init__(self, checkpoint: Checkpoint, *, learns: bool) -> None:
        self._checkpoint, self._learns = checkpoint, learns
        self._captions: Sequence[str] = ()
        self._encoded: list[TextCondition] = []

    def prepare(self, captions: Sequence[str]) -> None:
        """Encode ``captions``; their lengths are known afterwards."""
        self._captions = captions
        self._encoded = [text_condition(self._checkpoint, caption) for caption in captions]

    def groups(self, chosen: Sequence[int]) -> list[list[int]]:
        """The rows of a batch of the ``chosen`` captions, those of one length together, in the order of their first."""
        by_length: dict[int, list[int]] = {}
        for row, number in enumerate(chosen):
            by_length.setdefault(self._encoded[number].embeds.shape[1], []).append(row)
        return list(by_length.values())

    def conditions(self, chosen: Sequence[int]) -> TextCondition:
        """The ``chosen`` captions, which have one length, as one batch."""
        if self._learns:
            checkpoint = self._checkpoint
            rows = [
                encode_with_gradients(self._captions[n], checkpoint.tokenizer, checkpoint.text_encoder) for n in chosen
            ]
            return TextCondition(torch.cat(rows))
        rows = [self._encoded[number].embeds for number in chosen]
        pooled = [one for number in chosen if (one := self._encoded[number].pooled) is not None]
        return TextCondition(torch.cat(rows), torch.cat(pooled) if pooled else None)


def size_conditions(pooled: Tensor, size: int) -> dict[str, Tensor]:
    """What SDXL's U-Net takes beside the text: the pooled text and the size of a square picture that was not cut."""
    ids = pooled.new_tensor([[size, size, 0, 0, size, size]]).expand(len(pooled), -1)
    return {"text_embeds": pooled, "time_ids": ids}
