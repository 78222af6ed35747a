"""One training of a LoRA: its steps, its saved state and its pictures."""

from __future__ import annotations

import math
import uuid
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError

from facechain_ext.devices import diffusion_device
from facechain_ext.errors import HostError
from facechain_ext.hosts.diffusers import DiffusersHost
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.hosts.diffusers.sampling.samplers import find_sampler
from facechain_ext.recipes.job import Job
from facechain_ext.training.adapter.loss import spatial_weights, velocity_weights
from facechain_ext.training.lora.layers import add_layers
from facechain_ext.training.lora.memory import MemoryNeed, memory_need
from facechain_ext.training.lora.prompts import CaptionEncoder, size_conditions
from facechain_ext.training.lora.state import read_state, write_state
from facechain_ext.training_runs.settings import NOTHING_LOST, STATE
from facechain_ext.training_runs.status import PREVIEWS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor

    from facechain_ext.faces.types import Mask, Pixels
    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.training_runs.settings import LoraRequest, LoraSettings

_COMPARED = (
    "batch", "rate", "rank", "size", "seed", "schedule", "text_encoder", "flip", "face_weight", "velocity", "precision",
    "reward",
)  # fmt: skip
"""Settings that a training must be resumed with."""
_STEPS, _CFG, _SAMPLER = 20, 5.0, "DDIM"
"""Of the previews."""


@dataclass(frozen=True, eq=False)
class Example:
    """A picture uint8 [size, size, 3] to learn from, its caption, and where the face or thing is, if that is known."""

    pixels: Pixels
    caption: str
    inside: Mask | None = None


class LoraTrainer:
    """Models, pictures and optimizer of one training; batches depend on seed and step alone.

    ``reward`` gives a step's further loss, which counts by the settings' reward; None where there is none.
    """

    def __init__(self, request: LoraRequest, settings: LoraSettings, examples: Sequence[Example]) -> None:
        self.request, self.settings, self._examples = request, settings, examples
        self._captions = [example.caption for example in examples]
        self.id = uuid.uuid4().hex
        dtype = torch.bfloat16 if settings.precision == "bf16" else torch.float32
        self.checkpoint: Checkpoint = load_checkpoint(
            request.checkpoint, vae=request.vae, device=str(diffusion_device()), dtype=dtype, sdxl=True
        )
        self.checkpoint.noise.require_epsilon(request.checkpoint.name)
        self.layers = add_layers(self.checkpoint, settings)
        self._weights = list(self.layers.parameters)
        self._optimizer = torch.optim.AdamW(self._weights, lr=settings.rate, weight_decay=0.01)
        self._schedule = find_sampler(_SAMPLER).build()
        self._text = CaptionEncoder(self.checkpoint, learns=settings.text_encoder)
        self._host = DiffusersHost(self.checkpoint)
        if settings.checkpointing:
            self.checkpoint.unet.enable_gradient_checkpointing()
        self.reward: Callable[[int], Tensor | None] | None = None
        self.step = self._saved_step = 0

    @property
    def host(self) -> DiffusersHost:
        """A host that makes pictures with the LoRA as it is now."""
        return self._host

    def autocast(self) -> AbstractContextManager[object]:
        """The context in which the U-Net computes in the training's precision."""
        low = self.settings.precision == "bf16"
        return torch.autocast(self.checkpoint.unet.device.type, torch.bfloat16) if low else nullcontext()

    def memory_need(self) -> MemoryNeed:
        """The memory that learning will take beside the models, which are loaded."""
        unet = self.checkpoint.unet
        learned = sum(weight.numel() for weight in self._weights)
        return memory_need(self.settings, sum(weight.numel() for weight in unet.parameters()), learned, unet.device)

    def encode(self) -> None:
        """Encode pictures and captions, once for all steps."""
        vae = self.checkpoint.vae
        pixels = [example.pixels for example in self._examples]
        if self.settings.flip:
            pixels += [one[:, ::-1] for one in pixels]
        with torch.no_grad():
            stack = np.stack(pixels).astype(np.float32) / 127.5 - 1
            squares = torch.from_numpy(stack).permute(0, 3, 1, 2).to(vae.device)
            latents = [vae.encode(square[None]).latent_dist.mode() for square in squares]
            self._latents = torch.cat(latents) * vae.config.scaling_factor
        self._inside = self._face_weights(pixels) if self.settings.face_weight != 1.0 else None
        self._text.prepare(self._captions)

    def _face_weights(self, pixels: Sequence[Pixels]) -> Tensor:
        """What the error counts for at each place of each latent picture, [n, 1, h, w] with mean 1."""
        inside = [np.zeros(one.shape[:2], bool) if e.inside is None else e.inside for e, one in zip(
            self._examples, pixels, strict=False)]  # fmt: skip
        inside += [one[:, ::-1] for one in inside] if self.settings.flip else []
        masks = torch.from_numpy(np.stack(inside).astype(np.float32))[:, None].to(self._latents.device)
        small = F.interpolate(masks, self._latents.shape[-2:], mode="area")
        return spatial_weights(small, self.settings.face_weight)

    def begin(self, *, resume: bool) -> list[str]:
        """Start a new training, or resume the state in the work folder; return notes on what changed since.

        Raises HostError, and changes nothing, when there is no state or it is of another training.
        """
        state = read_state(self.request.work / STATE, self._identity(), resume=resume)
        if state is None:
            return []
        self.step = self._saved_step = state.step
        self.id = state.training or self.id
        self.layers.set_weights(state.weights)
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": state.optimizer, "param_groups": groups})
        if state.captions != self._captions:
            return ["Pictures or captions were changed since it was begun; it goes on with what is there now."]
        return []

    def save(self) -> None:
        """Write the state atomically; raises HostError, which names the last saved step, when it cannot be written."""
        path = self.request.work / STATE
        try:
            write_state(
                path,
                step=self.step,
                training=self.id,
                identity=self._identity(),
                weights=self.layers.weights(),
                optimizer=self._optimizer,
            )
        except (OSError, SafetensorError) as error:
            safe = NOTHING_LOST.format(step=self._saved_step)
            raise HostError(f"The state of step {self.step} cannot be written to {path} ({error}). {safe}") from error
        self._saved_step = self.step

    def update(self) -> float:
        """Make one step and return its loss; raises HostError when the loss is not finite."""
        rng = np.random.default_rng((self.settings.seed, self.step))
        count = len(self._captions)
        chosen = rng.integers(0, count, self.settings.batch)
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        flipped = rng.integers(0, 2, len(chosen)) * count if self.settings.flip else np.zeros(len(chosen), int)
        rows = torch.from_numpy(chosen + flipped).to(self._latents.device)
        latents = self._latents[rows]
        noise = torch.randn(latents.shape, generator=generator).to(latents.device)
        timesteps = torch.randint(0, 1000, (len(chosen),), generator=generator).to(latents.device)
        noisy = self._schedule.add_noise(latents, noise, timesteps)
        total = torch.zeros((), device=latents.device)
        for group in self._text.groups(chosen.tolist()):  # captions of different lengths cannot share a batch
            error = F.mse_loss(self._predict(noisy, timesteps, chosen, group), noise[group], reduction="none")
            if self._inside is not None:
                error = error * self._inside[rows[group]]
            total = total + (error.mean((1, 2, 3)) * self._step_weights(timesteps[group])).sum() / len(chosen)
        if not torch.isfinite(total):
            raise HostError(f"The loss of step {self.step + 1} is not a number. Lower the rate.")
        for part in self._optimizer.param_groups:
            part["lr"] = self._rate()
        total.backward()  # type: ignore[no-untyped-call]
        rewarded = None if self.reward is None else self.reward(self.step)
        if rewarded is not None:  # after the other's backward, whose activations are free then
            (self.settings.reward * rewarded).backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.step += 1
        return float(total.detach())

    def _predict(self, noisy: Tensor, timesteps: Tensor, chosen: np.ndarray, group: list[int]) -> Tensor:
        unet = self.checkpoint.unet
        text = self._text.conditions([int(chosen[row]) for row in group])
        extra = {} if text.pooled is None else {"added_cond_kwargs": size_conditions(text.pooled, self.settings.size)}
        with self.autocast():
            sample = noisy[group].to(unet.dtype)
            predicted: Tensor = unet(sample, timesteps[group], encoder_hidden_states=text.embeds, **extra).sample
        return predicted.float()

    def _step_weights(self, timesteps: Tensor) -> Tensor:
        """What a step counts for, [n]."""
        if not self.settings.velocity:
            return torch.ones(len(timesteps), device=timesteps.device)
        kept = self._schedule.alphas_cumprod.to(timesteps.device)[timesteps]
        return velocity_weights(kept / (1 - kept), self.settings.velocity)

    def _rate(self) -> float:
        """The learning rate of the next step: constant, or half a cosine down to 0."""
        if self.settings.schedule == "constant":
            return self.settings.rate
        return self.settings.rate * 0.5 * (1 + math.cos(math.pi * min(self.step / self.settings.steps, 1.0)))

    def preview(self, prompt: str) -> Path:
        """Write a picture of ``prompt`` at this step, and return its path."""
        path: Path = self.request.work / PREVIEWS / f"{self.step:06d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        side, seed = self.settings.size, self.settings.seed
        job = Job(prompt, seed=seed, steps=_STEPS, cfg=_CFG, sampler=_SAMPLER, width=side, height=side)
        self._host.generate(job)[0].picture.save(path)
        return path

    def _identity(self) -> dict[str, object]:
        """What identifies a training; all but the captions must be equal for it to resume."""
        settings = asdict(self.settings)
        identity = {name: settings[name] for name in _COMPARED} | {"alpha": self.settings.layer_alpha}
        if self.settings.schedule != "constant" or self.settings.reward:  # both depend on how many steps there are
            identity["steps"] = self.settings.steps
        identity |= {"checkpoint": self.checkpoint.digest, "trigger": self.request.trigger, "captions": self._captions}
        return identity | {"checkpoint_name": self.checkpoint.name}
