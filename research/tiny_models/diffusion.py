"""The small U-Net with its text encoder and its first face adapter, and the ControlNet, all on stored latents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from facechain_ext.demo.layout import PROJECTOR, new_face_adapter, new_text_encoder, new_unet
from facechain_ext.hosts.diffusers.checkpoint.tokenizer import clip_tokenizer
from facechain_ext.hosts.diffusers.sampling.samplers import find_sampler
from facechain_ext.methods.fact import AttachOptions, attach
from facechain_ext.training.adapter.loss import FAIR_WEIGHT, Fair, place_weights, velocity_weights
from research.tiny_models.plan import FACE_WEIGHT, VELOCITY
from research.tiny_models.precision import bfloat16

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from research.tiny_models.faces import Faces
    from research.tiny_models.likeness import Recognition

_NO_WORDS = 0.1
"""Share of rows without words, for guidance (classifier-free guidance, arXiv 2207.12598)."""
_WITH_FACE = 0.75
"""Share of rows that see a face while the U-Net is learned."""
_NO_FACE = 0.1
"""Share of those that see the face of nobody, as guidance needs it (the published setting)."""
_TOLD = 2.0
"""Weight of the squared error of the person's traits (see ``world.traits``), read off the identity tokens.

The error of the noise alone says little about who is wanted in so few steps; tokens that tell it plainly are soon used.
"""
_RECOGNISED = 0.03
"""Weight of not knowing the person in the clean picture that a prediction amounts to, told by the face encoder.

An identity loss as in PortraitBooth (arXiv 2312.06354), which leaves out noisy steps as well. At this weight its
gradient had two thirds of the length of all the rest's (0.083 to 0.13 over the adapter, 0.29 to 0.45 over the U-Net).
"""
_SEEN = 0.25
"""Largest share of a batch's rows that are decoded and looked at: for a row that takes as long as the U-Net."""
_SEEABLE = (0.2, 0.8)
"""Share of the signal in a row's latents to look at it, steps 320 to 840 of 1000.

With more the person is in the noisy picture already, with less nothing is to be seen yet.
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

    def signal(self, timesteps: Tensor) -> Tensor:
        """The share [b] of the clean latents in noisy ones."""
        share: Tensor = self._schedule.alphas_cumprod[timesteps].sqrt()
        return share

    def clean(self, noisy: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """The latents [b, 4, h, w] that a predicted noise leaves, without the scaling factor."""
        signal = self.signal(timesteps)[:, None, None, None]
        return (noisy - (1 - signal.square()).sqrt() * noise) / signal / self._scale


def weighted(predicted: Tensor, noise: Tensor, weights: Tensor, places: Tensor | float = 1.0) -> dict[str, Tensor]:
    """The loss that is descended, weighted by row [b] and ``places`` [b, 1, h, w], and the plain one of SD."""
    error = (predicted.float() - noise).square()
    return {"loss": (weights * (error * places).mean((1, 2, 3))).mean(), "mse": error.mean()}


def around(masks: Tensor, size: tuple[int, int]) -> Tensor:
    """How much of a place of ``size``, or of one beside it, the face of masks [b, h, w] takes, [b, 1, *size]."""
    return F.max_pool2d(F.interpolate(masks[:, None], size, mode="area"), 3, stride=1, padding=1)


class BaseStage:
    """U-Net and text encoder, together with a face adapter.

    A U-Net that has met billions of faces can be frozen, and an adapter then teaches it one. This one meets a hundred
    thousand drawings, and without knowing who is in them it had drawn hardly a face after as many rows. So part of
    the rows see a face from the start; the others see none, and keep the U-Net complete without an adapter.
    """

    def __init__(self, noising: Noising, faces: Faces, recognition: Recognition) -> None:
        self._noising, self._faces, self._recognition = noising, faces, recognition
        self.unet: Any = new_unet()
        self.text_encoder: Any = new_text_encoder()
        self.adapter = new_face_adapter(self.unet)
        self._told = nn.Linear(PROJECTOR.queries * PROJECTOR.token_width, faces.count)
        parts = {"unet": self.unet, "text_encoder": self.text_encoder, "adapter": self.adapter, "told": self._told}
        self.module: nn.Module = nn.ModuleDict(parts)

    def losses(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> Mapping[str, Tensor]:
        """The noise of a batch, the first rows with a face, and FAIR of what the adapter adds to those."""
        numbers, noisy, noise, timesteps, words, weights = self._noising.rows(rng, generator, batch)
        shown = max(round(_WITH_FACE * batch), 1)
        order = torch.from_numpy(rng.permutation(batch))  # the rows go from little noise to much
        noisy, noise, timesteps, words, weights = (v[order] for v in (noisy, noise, timesteps, words, weights))
        numbers = numbers[order.numpy()]
        of = numbers[:shown]
        somebody = torch.rand(shown, 1, 1, generator=generator) >= _NO_FACE
        size, masks = (int(noisy.shape[-2]), int(noisy.shape[-1])), self._faces.masks(numbers)
        fair = Fair(masks[:shown], size)
        with bfloat16():
            tokens = self.adapter.project(self._faces.tokens(of, rng) * somebody)
            text = self.text_encoder(words).last_hidden_state
            bank = torch.cat([tokens, tokens[:1].expand(batch - shown, -1, -1)])
            with attach(
                self.unet, self.adapter, bank, strength=1.0, options=AttachOptions(conditional_only=True)
            ) as attachment:
                attachment.set_rows([row < shown for row in range(batch)])
                attachment.observers.append(lambda site, x, added: fair(site, x[:shown], added[:shown]))
                predicted = self.unet(noisy, timesteps, encoder_hidden_states=text).sample
            told = self._told(tokens.flatten(1)).float()
        losses = weighted(predicted, noise, weights, place_weights(around(masks, size), FACE_WEIGHT))
        outside = fair.value()
        who = ((told - self._faces.who(of)).square().mean(1) * somebody[:, 0, 0]).mean()
        signal = self._noising.signal(timesteps)
        seeable = (signal > _SEEABLE[0]) & (signal < _SEEABLE[1])
        seen = torch.nonzero(seeable[:shown] & somebody[:, 0, 0])[: max(round(_SEEN * batch), 1), 0]
        clean = self._noising.clean(noisy[seen], predicted[seen].float(), timesteps[seen])
        unlike = self._unlike(clean, signal[seen], numbers[seen.numpy()], rng)
        loss = losses["loss"] + FAIR_WEIGHT * outside + _TOLD * who + _RECOGNISED * unlike
        return {"loss": loss, "mse": losses["mse"], "fair": outside, "who": who, "unlike": unlike}

    def _unlike(self, clean: Tensor, signal: Tensor, numbers: np.ndarray, rng: np.random.Generator) -> Tensor:
        """How far rows are from showing their persons, weighted by their signal; 0 where there is no row."""
        if not len(clean):
            return torch.zeros(())
        return (signal * self._recognition.unlike(clean, numbers, rng)).mean()


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
