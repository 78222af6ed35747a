"""What the U-Net of a checkpoint takes of captions while it is trained on: the text, and SDXL's sizes beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint

SECOND_PADDING = 0
"""What SDXL's second text encoder is padded with behind the end of a text; the first repeats the end."""


@dataclass(frozen=True, eq=False)
class TextInputs:
    """``embeds`` [b, 77, width], and for SDXL ``added``: the pooled text and six numbers about sizes for each row."""

    embeds: Tensor
    added: dict[str, Tensor] | None = None

    def unet_arguments(self, dtype: torch.dtype) -> dict[str, object]:
        """Keyword arguments of diffusers' U-Net, in the precision of its weights."""
        if self.added is None:
            return {"encoder_hidden_states": self.embeds.to(dtype)}
        added = {name: value.to(dtype) for name, value in self.added.items()}
        return {"encoder_hidden_states": self.embeds.to(dtype), "added_cond_kwargs": added}


@torch.no_grad()
def text_inputs(checkpoint: Checkpoint, token_ids: Tensor, time_ids: Tensor | None) -> TextInputs:
    """What ``checkpoint``'s U-Net takes of texts, token ids int64 [b, 77] padded with the end.

    ``time_ids`` [b, 6] are SDXL's numbers: original height and width, top and left of the crop, height and width now.
    SDXL takes the last hidden states but one of both text encoders (arXiv 2307.01952), SD1.5 the last one.
    """
    second = checkpoint.text_encoder_2
    if second is None:
        return TextInputs(checkpoint.text_encoder(token_ids).last_hidden_state)
    assert time_ids is not None, "SDXL's U-Net takes the sizes of its pictures."
    end = token_ids.eq(checkpoint.tokenizer.eos_token_id).int().argmax(1, keepdim=True)
    behind = torch.arange(token_ids.shape[1], device=token_ids.device) > end
    padded = token_ids.masked_fill(behind, SECOND_PADDING)
    outputs = [
        encoder(ids, output_hidden_states=True)
        for encoder, ids in ((checkpoint.text_encoder, token_ids), (second, padded))
    ]
    embeds = torch.cat([output.hidden_states[-2] for output in outputs], dim=-1)
    return TextInputs(embeds, {"text_embeds": outputs[1].text_embeds, "time_ids": time_ids})
