"""The small U-Net and its text encoder, and the ControlNet, all on stored latents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from facechain_ext.standalone.checkpoint.tokenizer import clip_tokenizer
from facechain_ext.standalone.sampling.samplers import find_sampler
from facechain_ext.standalone.small.layout import new_text_encoder, new_unet
from facechain_ext.training.fact.loss import velocity_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

_NO_WORDS = 0.1
"""Share of rows without words, for guidance (classifier-free guidance, arXiv 2207.12598)."""
VELOCITY = 20.0
"""Bound of the weight 1 + 1 / SNR of a step (see Emphasis).

With it every step from 100 to 900 has about the same loss. Under Min-SNR (arXiv 2303.09556), which only takes weight
from steps with little noise, 7000 updates taught no colours of clothes, and 1500 of an adapter nothing of the face.
"""


def token_numbers(captions: Sequence[str]) -> Tensor:
    """Captions as CLIP's token numbers, int32 [n, 77]."""
    tokenizer: Any = clip_tokenizer()
    ids: Tensor = tokenizer(
        list(captions), padding="max_length", truncation=True, max_length=77, return_tensors="pt"
    ).input_ids
    return ids.int()


class Noising:
    """Rows of latents with noise, words and the weight of each row's loss."""

    def __init__(self, latents: np.ndarray, captions: Sequence[str], scale: float) -> None:
        self._latents, self._scale = latents, scale
        self._words = token_numbers(captions)
        self._nothing = token_numbers([""])
        schedule = find_sampler("DDIM").build()
        self._schedule: Any = schedule
        ratio = schedule.alphas_cumprod / (1 - schedule.alphas_cumprod)
        self._weights = velocity_weights(ratio, VELOCITY)

    def rows(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> tuple[Any, ...]:
        """Numbers [b], noisy latents and noise [b, 4, h, w], timesteps [b], words [b, 77], weights [b]."""
        numbers = rng.integers(len(self._latents), size=batch)
        clean = torch.from_numpy(np.stack([self._latents[n] for n in numbers]).astype(np.float32)) * self._scale
        # spread over the row, so that every batch sees every noise level
        spread = (torch.arange(batch) + torch.rand(batch, generator=generator)) / batch
        timesteps = (spread * 1000).long().clamp(max=999)
        noise = torch.randn(clean.shape, generator=generator)
        silent = torch.rand(batch, 1, generator=generator) < _NO_WORDS
        words = torch.where(silent, self._nothing, self._words[torch.from_numpy(numbers)])
        noisy = self._schedule.add_noise(clean, noise, timesteps)
        return numbers, noisy, noise, timesteps, words.long(), self._weights[timesteps]


def weighted(predicted: Tensor, noise: Tensor, weights: Tensor) -> dict[str, Tensor]:
    """The weighted loss that is descended, and the plain one that SD reports."""
    each = (predicted - noise).square().mean((1, 2, 3))
    return {"loss": (weights * each).mean(), "mse": each.mean()}


class BaseStage:
    """U-Net and text encoder, together."""

    def __init__(self, noising: Noising) -> None:
        self._noising = noising
        self.unet: Any = new_unet()
        self.text_encoder: Any = new_text_encoder()
        self.module: nn.Module = nn.ModuleDict({"unet": self.unet, "text_encoder": self.text_encoder})

    def losses(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> Mapping[str, Tensor]:
        """The noise of a batch."""
        _, noisy, noise, timesteps, words, weights = self._noising.rows(rng, generator, batch)
        text = self.text_encoder(words).last_hidden_state
        return weighted(self.unet(noisy, timesteps, encoder_hidden_states=text).sample, noise, weights)


class ControlStage:
    """A ControlNet beside the finished base; ``hints`` gives the pictures [b, 3, side, side] in 0..1 for numbers."""

    def __init__(
        self, noising: Noising, controlnet: Any, base: BaseStage, hints: Callable[[np.ndarray], Tensor]
    ) -> None:
        self._noising, self._base, self._hints = noising, base, hints
        base.module.requires_grad_(requires_grad=False).eval()
        self.module: nn.Module = controlnet

    def losses(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> Mapping[str, Tensor]:
        """The noise of a batch that is steered."""
        numbers, noisy, noise, timesteps, words, weights = self._noising.rows(rng, generator, batch)
        with torch.no_grad():
            text = self._base.text_encoder(words).last_hidden_state
        down, middle = self.module(noisy, timesteps, text, controlnet_cond=self._hints(numbers), return_dict=False)
        predicted = self._base.unet(
            noisy,
            timesteps,
            encoder_hidden_states=text,
            down_block_additional_residuals=down,
            mid_block_additional_residual=middle,
        ).sample
        return weighted(predicted, noise, weights)
