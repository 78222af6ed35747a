"""What the U-Net of a checkpoint takes of a prompt, with a person in it where a method puts one there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from facechain_ext.hosts.diffusers.sampling.denoise import Guidance, TextCondition
from facechain_ext.hosts.diffusers.sampling.prompts import (
    chunks,
    encode,
    parse_weights,
    plain_tokens,
    require_finite,
    weighted_output,
)

if TYPE_CHECKING:
    from torch import Tensor

    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.methods.protocol import PromptConditioning

_SECOND_PADDING = 0
"""What SDXL's second text encoder is padded with behind the end of a chunk; the first repeats the end."""


def guidance(
    checkpoint: Checkpoint, prompt: str, negative: str, cfg: float, person: PromptConditioning | None = None
) -> Guidance:
    """The guidance of a picture; ``person`` is in the prompt in the steps that it names."""
    if not checkpoint.is_sdxl:
        positive, other = (text_condition(checkpoint, text) for text in (prompt, negative))
        return Guidance(positive, other, cfg)
    words, _ = _encode_sdxl(checkpoint, negative, None, copies=False)
    positive, found = _encode_sdxl(checkpoint, prompt, person, copies=False)
    if person is None:
        return Guidance(positive, words, cfg)
    with_person, found = _encode_sdxl(checkpoint, prompt, person, copies=True)
    return Guidance(positive, words, cfg, with_person if found else None, person.acts_in)


def text_condition(checkpoint: Checkpoint, prompt: str) -> TextCondition:
    """What the U-Net takes of a prompt without a person in it."""
    if checkpoint.is_sdxl:
        return _encode_sdxl(checkpoint, prompt, None, copies=False)[0]
    return TextCondition(encode(prompt, checkpoint.tokenizer, checkpoint.text_encoder))


def remark(prompt: str, person: PromptConditioning) -> str:
    """What the user should know about where in the prompt the person is put in; empty where that is as published."""
    return person.remark([text for text, _ in parse_weights(prompt)])


@torch.no_grad()
def _encode_sdxl(
    checkpoint: Checkpoint, prompt: str, person: PromptConditioning | None, *, copies: bool
) -> tuple[TextCondition, bool]:
    """A prompt for SDXL, and whether copies of a class word are in it: hidden states -2 of both encoders side by side.

    The pooled vector is that of the first chunk, as in the webui.
    """
    second = checkpoint.text_encoder_2
    assert second is not None
    plain = plain_tokens(checkpoint.tokenizer)

    def tokenize(texts: list[str]) -> list[list[int]]:
        if person is None:
            return plain(texts)
        return person.tokenize(plain, texts) if copies else person.tokenize_words(plain, texts)

    embeds: list[Tensor] = []
    pooled: Tensor | None = None
    found = False
    for tokens, weights in chunks(prompt, checkpoint.tokenizer, tokenize):
        ids = torch.tensor([tokens], device=second.device)
        end = tokens.index(checkpoint.tokenizer.eos_token_id)
        padded = ids.clone()
        padded[:, end + 1 :] = _SECOND_PADDING
        outputs = [
            encoder(row, output_hidden_states=True)
            for encoder, row in ((checkpoint.text_encoder, ids), (second, padded))
        ]
        if pooled is None:
            pooled = outputs[1].text_embeds
        hidden = [output.hidden_states[-2].float() for output in outputs]
        weighted = torch.cat([weighted_output(one, weights) for one in hidden], dim=-1)
        marks = torch.tensor([[person is not None and person.is_marked(token) for token in tokens]])
        if person is not None and bool(marks.any()):
            weighted = person.fuse(weighted, torch.cat(hidden, dim=-1), marks)
            found = True
        output = weighted.to(second.dtype)
        require_finite(output)
        embeds.append(output)
    assert pooled is not None
    return TextCondition(torch.cat(embeds, dim=1), pooled), found
