"""One training forward pass: from a batch to the noise prediction and its loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

import torch
from torch import Tensor, nn

from facechain_ext.hosts.diffusers.sampling.samplers import find_sampler
from facechain_ext.methods.fact import attach
from facechain_ext.training.adapter.loss import Fair, Loss, LossWeighting, fact_loss
from facechain_ext.training.adapter.text import text_inputs

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.identity import TransFace
    from facechain_ext.methods.fact.injection import Observer
    from facechain_ext.training.adapter.batches import Batch


class Observed(Protocol):
    """An attached adapter whose increments can be observed."""

    @property
    def observers(self) -> list[Observer]:
        """Functions that are called with each block's increment."""
        ...


class FaceModule(Protocol):
    """A trainable face module: it projects encoder tokens and changes a U-Net while attached."""

    def project(self, face_tokens: Tensor) -> Tensor:
        """Encoder tokens [b, t, face width] -> identity tokens [b, q, width]."""
        ...


if TYPE_CHECKING:
    Attach = Callable[[nn.Module, Any, Tensor, float], AbstractContextManager[Observed]]
    """(U-Net, module, tokens [rows, q, width], strength) -> context in which the module is attached."""


def attach_serial(unet: nn.Module, adapter: Any, tokens: Tensor, strength: float) -> AbstractContextManager[Observed]:
    """Attach the serial face adapter with ``tokens`` [rows, q, width], at ``strength``."""
    return attach(unet, adapter, tokens, strength=strength)


class TrainingStep(nn.Module):
    """The frozen models and the trained ``adapter``; maps a Batch to its Loss."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        encoder: TransFace,
        adapter: nn.Module,
        *,
        fair: float,
        attach: Attach = attach_serial,
        weighting: LossWeighting | None = None,
    ) -> None:
        super().__init__()
        self.adapter = adapter
        self.unet = checkpoint.unet
        # in a tuple, so that they are no submodules, which would be synchronised between processes
        self._frozen: tuple[Checkpoint, TransFace] = (checkpoint, encoder)
        self._fair = fair
        self._attach = attach
        self._weighting = weighting
        self._schedule = find_sampler("DDIM").build()
        alphas = self._schedule.alphas_cumprod
        self._signal = alphas / (1 - alphas)

    def forward(self, batch: Batch) -> Loss:
        """The loss of one batch, at strength 1."""
        latents, text, face_tokens = self._inputs(batch)
        noisy = self._schedule.add_noise(latents, batch.noise, batch.timesteps)
        adapter = cast("FaceModule", self.adapter)
        tokens = adapter.project(face_tokens * batch.has_face[:, None, None])
        height, width = latents.shape[-2:]
        fair = Fair(batch.mask, (int(height), int(width)))
        with self._attach(self.unet, adapter, tokens, 1.0) as attachment:
            attachment.observers.append(fair)
            predicted = self.unet(noisy.to(self.unet.dtype), batch.timesteps, **text).sample
        signal = self._signal.to(batch.timesteps.device)[batch.timesteps]
        return fact_loss(predicted, batch.noise, fair, self._fair, weighting=self._weighting, signal=signal)

    @torch.no_grad()
    def _inputs(self, batch: Batch) -> tuple[Tensor, dict[str, object], Tensor]:
        """Latents, the U-Net's arguments of the text, and encoder tokens of a batch."""
        checkpoint, encoder = self._frozen
        vae = checkpoint.vae
        with torch.autocast(batch.pixels.device.type, enabled=False):  # the VAEs overflow in half precision
            latents = batch.latents
            if latents is None:
                latents = vae.encode(batch.pixels.to(vae.dtype)).latent_dist.mode()
            face_tokens = encoder.tokens(batch.faces)
        text = text_inputs(checkpoint, batch.token_ids, batch.time_ids).unet_arguments(self.unet.dtype)
        return latents.float() * vae.config.scaling_factor, text, face_tokens
