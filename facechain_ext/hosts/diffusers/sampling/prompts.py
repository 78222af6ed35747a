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

from facechain_ext.errors import HostError, InputError
from facechain_ext.text_values import read_float, replace_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor
    from transformers import CLIPTextModel, CLIPTokenizer

CHUNK = 75
"""Tokens of the prompt in one pass of the text encoder, which adds a start and an end."""
COMMA_BACKTRACK = 20
"""A chunk ends at its last comma if that is at most so many tokens back (the webui's default)."""

_EXTRA_NETWORK = re.compile(r"<(\w+):([^<>]+)>")


@dataclass
class _Chunk:
    tokens: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def cut(self, at: int) -> _Chunk:
        """Take everything from position ``at`` off this chunk, into a new one."""
        rest = _Chunk(self.tokens[at:], self.weights[at:])
        del self.tokens[at:], self.weights[at:]
        return rest


_AND = re.compile(r"\bAND\b")
_SCHEDULED = re.compile(r":\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)\s*\Z")
_BRACKETS = re.compile(r"\\.|[\[\]|()]", re.DOTALL)


def check_syntax(prompt: str, *, negative: bool = False) -> None:
    """Raise HostError, which names the place, for what the webui's prompts can do and these cannot.

    That is AND (which means nothing in a negative prompt there either), ``[a:b:0.5]`` and its short forms, ``[a|b]``,
    and a weight that is no number.
    """
    if not negative and _AND.search(prompt):
        raise HostError(
            "AND in the prompt composes several prompts in the webui, which is not done here. Write a comma, or “and” "
            "in small letters."
        )
    opened: list[list[int]] = []  # of every open bracket: where it is, and whether a | stands right in it
    for found in _BRACKETS.finditer(prompt):
        sign, at = found[0], found.start()
        if sign == "[":
            opened.append([at, 0])
        elif sign == "|" and opened:
            opened[-1][1] = 1
        elif sign == "]" and opened:
            start, alternates = opened.pop()
            inside = prompt[start + 1 : at]
            if alternates or _SCHEDULED.search(inside):
                shown = inside if len(inside) <= 60 else f"{inside[:60]}…"
                raise HostError(
                    f"[{shown}] in the prompt changes the words from step to step in the webui, which is not done "
                    "here. Write the words without it, or make the picture in the webui."
                )


def split_networks(prompt: str) -> tuple[str, tuple[tuple[str, float], ...]]:
    """The prompt without the webui's ``<lora:name:weight>``, and the names and weights (1 by default) in order.

    Raises HostError for other kinds of networks, InputError for several weights and for one that is no number.
    """
    networks = []
    for kind, words in _EXTRA_NETWORK.findall(prompt):
        name, *rest = (part.strip() for part in words.split(":"))
        if kind not in ("lora", "lyco"):
            raise HostError(f"<{kind}:{words}> in the prompt is of a kind that is not read here. Use it in the webui.")
        try:
            weights = [read_float(one) for one in rest]
        except ValueError as error:
            raise InputError(f"<{kind}:{words}> in the prompt: {error}. Write it as in <lora:{name}:0.8>.") from error
        if len(weights) > 1:
            raise InputError(f"<{kind}:{words}> in the prompt has several weights. Write one, as in <lora:{name}:0.8>.")
        networks.append((name, weights[0] if weights else 1.0))
    return " ".join(_EXTRA_NETWORK.sub("", prompt).split()) if networks else prompt, tuple(networks)


def parse_weights(prompt: str) -> list[tuple[str, float]]:
    """Texts and their weights, as the webui reads them; raises InputError for a weight that is no number."""
    try:
        return [(str(text), float(weight)) for text, weight in parse_prompt_attention(prompt)]
    except (ValueError, RecursionError) as error:
        raise InputError(f"A weight in the prompt is no number ({error}). Write it as in (word:1.2).") from error


def chunks(
    prompt: str, tokenizer: CLIPTokenizer, tokenize: Callable[[list[str]], list[list[int]]] | None = None
) -> list[tuple[list[int], list[float]]]:
    """Token numbers and weights of a prompt, 77 of each per chunk, start and end included; at least one chunk.

    ``tokenize`` takes the place of the tokenizer for the prompt's fragments, each of one weight.
    """
    parsed = parse_weights(replace_surrogates(prompt))
    fragments = (tokenize or plain_tokens(tokenizer))([text for text, _ in parsed])
    comma = tokenizer.convert_tokens_to_ids(",</w>")
    done: list[_Chunk] = []
    chunk = _Chunk()
    last_comma: int | None = None
    for (text, weight), ids in zip(parsed, fragments, strict=True):
        if text == "BREAK" and weight == -1:
            done.append(chunk)
            chunk, last_comma = _Chunk(), None
            continue
        for token in ids:
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
            chunk.weights.append(weight)
    if chunk.tokens or not done:
        done.append(chunk)
    return [_framed(part, tokenizer) for part in done]


def plain_tokens(tokenizer: CLIPTokenizer) -> Callable[[list[str]], list[list[int]]]:
    """The token ids of texts, without start, end and padding."""
    return lambda texts: [list(tokenizer(text, add_special_tokens=False, verbose=False).input_ids) for text in texts]


def _framed(chunk: _Chunk, tokenizer: CLIPTokenizer) -> tuple[list[int], list[float]]:
    empty = CHUNK - len(chunk.tokens)
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    return [start, *chunk.tokens, *[end] * (empty + 1)], [1.0, *chunk.weights, *[1.0] * (empty + 1)]


@torch.no_grad()
def encode(prompt: str, tokenizer: CLIPTokenizer, text_encoder: CLIPTextModel) -> Tensor:
    """The embedding of a prompt, [1, 77 * chunks, width].

    Each token's output is multiplied by its weight, then the chunk is scaled back to the mean it had. Raises HostError
    when the result is not finite.
    """
    return encode_with_gradients(prompt, tokenizer, text_encoder)


def encode_with_gradients(prompt: str, tokenizer: CLIPTokenizer, text_encoder: CLIPTextModel) -> Tensor:
    """The same as ``encode`` for a text encoder that learns."""
    device = text_encoder.device
    parts = []
    for tokens, weights in chunks(prompt, tokenizer):
        output = text_encoder(torch.tensor([tokens], device=device)).last_hidden_state.float()
        output = weighted_output(output, weights).to(text_encoder.dtype)
        require_finite(output)
        parts.append(output)
    return torch.cat(parts, dim=1)


def weighted_output(output: Tensor, weights: list[float]) -> Tensor:
    """A chunk [1, 77, width] with each token multiplied by its weight, scaled back to the mean that it had."""
    if all(weight == 1.0 for weight in weights):
        return output
    weighted = output * torch.tensor(weights, device=output.device)[None, :, None]
    return weighted * (output.mean() / weighted.mean())


def require_finite(output: Tensor) -> None:
    """Raise HostError unless a prompt's embeddings are finite numbers."""
    if not bool(output.isfinite().all()):
        raise HostError(
            "The prompt does not come out as finite numbers. Lower the weights in it, or check the files of the "
            "checkpoint and of the LoRAs."
        )
