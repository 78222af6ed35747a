"""Prompts as the webui reads them: ``(word:1.2)``, ``[word]``, ``BREAK``, and more than 75 tokens.

The syntax is parsed by diffusion-prompt-embedder; cutting into chunks and weighting follow modules/sd_hijack_clip.py
and modules/sd_emphasis.py of webui 1.10.1, so that a prompt means the same in both hosts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from diffusion_prompt_embedder import parse_prompt_attention

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import CLIPTextModel, CLIPTokenizer

CHUNK = 75
"""Tokens of the prompt in one pass of the text encoder, which adds a start and an end."""
COMMA_BACKTRACK = 20
"""A chunk ends at its last comma if that is at most so many tokens back (the webui's default)."""

EXTRA_NETWORK = re.compile(r"<(\w+):([^<>:]+)(?::([^<>]*))?>")
"""The webui's ``<lora:name:weight>``."""


@dataclass
class _Chunk:
    tokens: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def cut(self, at: int) -> _Chunk:
        """Take everything from position ``at`` off this chunk, into a new one."""
        rest = _Chunk(self.tokens[at:], self.weights[at:])
        del self.tokens[at:], self.weights[at:]
        return rest


def chunks(prompt: str, tokenizer: CLIPTokenizer) -> list[tuple[list[int], list[float]]]:
    """Token numbers and weights of a prompt, 77 of each per chunk, start and end included; at least one chunk."""
    comma = tokenizer.convert_tokens_to_ids(",</w>")
    done: list[_Chunk] = []
    chunk = _Chunk()
    last_comma: int | None = None
    for text, weight in parse_prompt_attention(prompt):
        if text == "BREAK" and weight == -1:
            done.append(chunk)
            chunk, last_comma = _Chunk(), None
            continue
        for token in tokenizer(str(text), add_special_tokens=False, verbose=False).input_ids:
            full = len(chunk.tokens) == CHUNK
            if token == comma:
                last_comma = len(chunk.tokens)
            elif full and last_comma is not None and CHUNK - last_comma <= COMMA_BACKTRACK:
                rest = chunk.cut(last_comma + 1)
                done.append(chunk)
                chunk, last_comma, full = rest, None, False
            if full or len(chunk.tokens) == CHUNK:
                done.append(chunk)
                chunk, last_comma = _Chunk(), None
            chunk.tokens.append(token)
            chunk.weights.append(float(weight))
    if chunk.tokens or not done:
        done.append(chunk)
    return [_framed(part, tokenizer) for part in done]


def _framed(chunk: _Chunk, tokenizer: CLIPTokenizer) -> tuple[list[int], list[float]]:
    empty = CHUNK - len(chunk.tokens)
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    return [start, *chunk.tokens, *[end] * (empty + 1)], [1.0, *chunk.weights, *[1.0] * (empty + 1)]


@torch.no_grad()
def encode(prompt: str, tokenizer: CLIPTokenizer, text_encoder: CLIPTextModel) -> Tensor:
    """The embedding of a prompt, [1, 77 * chunks, width].

    Each token's output is multiplied by its weight, then the chunk is scaled back to the mean it had.
    """
    device = text_encoder.device
    parts = []
    for tokens, weights in chunks(prompt, tokenizer):
        output = text_encoder(torch.tensor([tokens], device=device)).last_hidden_state.float()
        if any(weight != 1.0 for weight in weights):
            weighted = output * torch.tensor(weights, device=device)[None, :, None]
            output = weighted * (output.mean() / weighted.mean())
        parts.append(output.to(text_encoder.dtype))
    return torch.cat(parts, dim=1)
