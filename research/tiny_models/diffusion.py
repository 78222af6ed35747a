"""Training stages of the tiny U-Net (with text encoder and face adapter) and of its ControlNet, on stored latents."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facechain_ext.demo.layout import PROJECTOR, new_face_adapter, new_text_encoder, new_unet
from facechain_ext.hosts.diffusers.checkpoint.tokenizer import clip_tokenizer
from facechain_ext.hosts.diffusers.sampling.samplers import find_sampler
from facechain_ext.methods.fact import AttachOptions, attach
from facechain_ext.training.adapter.loss import FAIR_WEIGHT, Fair, spatial_weights, velocity_weights
from research.tiny_models.plan import FACE_WEIGHT, VELOCITY
from research.tiny_models.stage import bfloat16

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diffusers import ControlNetModel, UNet2DConditionModel
    from transformers import CLIPTextModel

    from research.tiny_models.encoded_faces import EncodedFaces
    from research.tiny_models.identity_losses import IdentityLoss

_TEXT_DROP = 0.1
"""Share of rows trained on the empty prompt, for classifier-free guidance (arXiv 2207.12598)."""
_FACE_SHARE = 0.75
"""Share of rows that get identity tokens while the U-Net is trained."""
_FACE_DROP = 0.1
"""Share of those whose face tokens are zeros, for guidance (the published setting)."""
_TRAITS_WEIGHT = 2.0
"""Weight of the squared error of the person's traits (see ``people.traits``), predicted from the identity tokens.

In so few steps the noise error alone carries little signal about identity; tokens that encode it linearly are used
early.
"""
_IDENTITY_WEIGHT = 0.03
"""Weight of the identity loss: the cross-entropy of the person in the predicted clean picture, by the face encoder.

As in PortraitBooth (arXiv 2312.06354), which skips noisy steps as well. At this weight its
gradient had two thirds of the norm of all other terms' (0.083 to 0.13 over the adapter, 0.29 to 0.45 over the U-Net).
"""
_DECODED_SHARE = 0.25
"""Largest share of a batch's rows that are decoded for the identity loss, which costs as much as the U-Net per row."""
_SIGNAL_RANGE = (0.2, 0.8)
"""Signal share sqrt(alphas_cumprod) of rows that are decoded, steps 320 to 840 of 1000.

Above it the noisy latents show the person already, below it a prediction shows no face yet.
"""


def token_ids(captions: Sequence[str]) -> Tensor:
    """CLIP token ids of captions, int32 [n, 77]."""
    tokenizer = clip_tokenizer()
    ids: Tensor = tokenizer(
        list(captions), padding="max_length", truncation=True, max_length=77, return_tensors="pt"
    ).input_ids
    return ids.int()


class NoisedBatch(NamedTuple):
    """``b`` rows: picture ``indices`` [b], ``noisy`` and ``noise`` [b, 4, h, w], ``timesteps`` [b], ``words`` [b, 77].

    ``weights`` [b] are the weights of the rows' losses.
    """

    indices: np.ndarray
    noisy: Tensor
    noise: Tensor
    timesteps: Tensor
    words: Tensor
    weights: Tensor


class NoisedSampler:
    """Draws rows of stored latents and noises them; ``scale`` is the VAE's scaling factor."""

    def __init__(self, latents: np.ndarray, captions: Sequence[str], scale: float) -> None:
        self._latents, self._scale = latents, scale
        self._words = token_ids(captions)
        self._empty_words = token_ids([""])
        schedule = find_sampler("DDIM").build()
        self._schedule = schedule
        ratio = schedule.alphas_cumprod / (1 - schedule.alphas_cumprod)
        self._weights = velocity_weights(ratio, VELOCITY)

    def rows(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> NoisedBatch:
        """A batch of random pictures; noise and timesteps come from ``generator``, the pictures from ``rng``."""
        indices = rng.integers(len(self._latents), size=batch)
        clean = torch.from_numpy(np.stack([self._latents[n] for n in indices]).astype(np.float32)) * self._scale
        # stratified over the batch, so that every batch covers every noise level
        spread = (torch.arange(batch) + torch.rand(batch, generator=generator)) / batch
        timesteps = (spread * 1000).long().clamp(max=999)
        noise = torch.randn(clean.shape, generator=generator)
        without_words = torch.rand(batch, 1, generator=generator) < _TEXT_DROP
        words = torch.where(without_words, self._empty_words, self._words[torch.from_numpy(indices)])
        noisy = self._schedule.add_noise(clean, noise, timesteps)
        return NoisedBatch(indices, noisy, noise, timesteps, words.long(), self._weights[timesteps])

    def signal(self, timesteps: Tensor) -> Tensor:
        """The factor [b] of the clean latents in noisy ones, sqrt(alphas_cumprod)."""
        share: Tensor = self._schedule.alphas_cumprod[timesteps].sqrt()
        return share

    def clean(self, noisy: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """The clean latents [b, 4, h, w] that a predicted noise implies, without the scaling factor."""
        signal = self.signal(timesteps)[:, None, None, None]
        return (noisy - (1 - signal.square()).sqrt() * noise) / signal / self._scale


def weighted_losses(
    predicted: Tensor, noise: Tensor, weights: Tensor, spatial: Tensor | float = 1.0
) -> dict[str, Tensor]:
    """The training loss, weighted by row [b] and ``spatial`` [b, 1, h, w], and the plain mean squared error."""
    error = (predicted.float() - noise).square()
    return {"loss": (weights * (error * spatial).mean((1, 2, 3))).mean(), "mse": error.mean()}


def dilated_face_area(masks: Tensor, size: tuple[int, int]) -> Tensor:
    """Face share 0..1 of each cell of a grid, dilated by one cell: masks [b, h, w] give [b, 1, *size]."""
    return F.max_pool2d(F.interpolate(masks[:, None], size, mode="area"), 3, stride=1, padding=1)


class BaseStage:
    """Trains U-Net, text encoder and face adapter together.

    A pretrained U-Net can be frozen while an adapter is trained. This U-Net sees a hundred thousand pictures, and
    trained without identity tokens it rendered hardly a face after as many rows. Part of the rows therefore get
    identity tokens from the start; the others get none, so that the U-Net also works without the adapter.
    """

    def __init__(self, noised_sampler: NoisedSampler, faces: EncodedFaces, identity_loss: IdentityLoss) -> None:
        self._noised_sampler, self._faces, self._identity_loss = noised_sampler, faces, identity_loss
        self.unet: UNet2DConditionModel = new_unet()
        self.text_encoder: CLIPTextModel = new_text_encoder()
        self.adapter = new_face_adapter(self.unet)
        self._trait_head = nn.Linear(PROJECTOR.queries * PROJECTOR.token_width, faces.count)
        parts = {
            "unet": self.unet,
            "text_encoder": self.text_encoder,
            "adapter": self.adapter,
            "trait_head": self._trait_head,
        }
        self.module: nn.Module = nn.ModuleDict(parts)

    def losses(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> Mapping[str, Tensor]:
        """Noise, FAIR, trait and identity losses of one batch, whose first rows get identity tokens."""
        indices, noisy, noise, timesteps, words, weights = self._noised_sampler.rows(rng, generator, batch)
        with_face = max(round(_FACE_SHARE * batch), 1)
        order = torch.from_numpy(rng.permutation(batch))  # the rows are sorted by noise level
        noisy, noise, timesteps, words, weights = (v[order] for v in (noisy, noise, timesteps, words, weights))
        indices = indices[order.numpy()]
        face_indices = indices[:with_face]
        has_face = torch.rand(with_face, 1, 1, generator=generator) >= _FACE_DROP
        size, masks = (int(noisy.shape[-2]), int(noisy.shape[-1])), self._faces.masks(indices)
        fair = Fair(masks[:with_face], size)
        with bfloat16():
            tokens = self.adapter.project(self._faces.tokens(face_indices, rng) * has_face)
            text = self.text_encoder(words).last_hidden_state
            bank = torch.cat([tokens, tokens[:1].expand(batch - with_face, -1, -1)])
            with attach(
                self.unet, self.adapter, bank, strength=1.0, options=AttachOptions(conditional_only=True)
            ) as attachment:
                attachment.set_rows([row < with_face for row in range(batch)])
                attachment.observers.append(lambda site, x, added: fair(site, x[:with_face], added[:with_face]))
                predicted = self.unet(noisy, timesteps, encoder_hidden_states=text).sample
            predicted_traits = self._trait_head(tokens.flatten(1)).float()
        losses = weighted_losses(
            predicted, noise, weights, spatial_weights(dilated_face_area(masks, size), FACE_WEIGHT)
        )
        fair_value = fair.value()
        trait_error = (
            (predicted_traits - self._faces.traits(face_indices)).square().mean(1) * has_face[:, 0, 0]
        ).mean()
        signal = self._noised_sampler.signal(timesteps)
        in_signal_range = (signal > _SIGNAL_RANGE[0]) & (signal < _SIGNAL_RANGE[1])
        decoded = torch.nonzero(in_signal_range[:with_face] & has_face[:, 0, 0])[
            : max(round(_DECODED_SHARE * batch), 1), 0
        ]
        clean = self._noised_sampler.clean(noisy[decoded], predicted[decoded].float(), timesteps[decoded])
        identity_error = self._identity_error(clean, signal[decoded], indices[decoded.numpy()], rng)
        loss = (
            losses["loss"] + FAIR_WEIGHT * fair_value + _TRAITS_WEIGHT * trait_error + _IDENTITY_WEIGHT * identity_error
        )
        parts = {"mse": losses["mse"], "fair": fair_value, "traits": trait_error, "identity": identity_error}
        return {"loss": loss, **parts}

    def _identity_error(self, clean: Tensor, signal: Tensor, indices: np.ndarray, rng: np.random.Generator) -> Tensor:
        """The identity loss of decoded rows, weighted by their signal, as a scalar; 0 without rows."""
        if not len(clean):
            return torch.zeros(())
        return (signal * self._identity_loss.cross_entropy(clean, indices, rng)).mean()


class ControlStage:
    """Trains a ControlNet on the frozen base; ``control_hints(indices)`` gives [b, 3, side, side] in 0..1."""

    def __init__(
        self,
        noised_sampler: NoisedSampler,
        controlnet: ControlNetModel,
        base: BaseStage,
        control_hints: Callable[[np.ndarray], Tensor],
    ) -> None:
        self._noised_sampler, self._base, self._hints = noised_sampler, base, control_hints
        base.module.requires_grad_(requires_grad=False).eval()
        self.module: nn.Module = controlnet

    def losses(self, rng: np.random.Generator, generator: torch.Generator, batch: int) -> Mapping[str, Tensor]:
        """The noise error of one batch with its control hints."""
        indices, noisy, noise, timesteps, words, weights = self._noised_sampler.rows(rng, generator, batch)
        with torch.no_grad():
            text = self._base.text_encoder(words).last_hidden_state
        down, middle = self.module(noisy, timesteps, text, controlnet_cond=self._hints(indices), return_dict=False)
        predicted = self._base.unet(
            noisy,
            timesteps,
            encoder_hidden_states=text,
            down_block_additional_residuals=down,
            mid_block_additional_residual=middle,
        ).sample
        return weighted_losses(predicted, noise, weights)
