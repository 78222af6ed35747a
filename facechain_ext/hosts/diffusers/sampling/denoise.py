"""The denoising loop: from noise, or from a noised picture, to a latent picture."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch

from facechain_ext.errors import HostError
from facechain_ext.hosts.diffusers.sampling.schedules import set_timesteps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diffusers import ControlNetModel, SchedulerMixin, UNet2DConditionModel
    from torch import Tensor

    from facechain_ext.methods.protocol import ActiveMethod

NOT_FINITE = (
    "The picture does not come out as finite numbers, so none is saved. Lower the weights of LoRAs, ControlNets and "
    "words in the prompt, or check the files of the models."
)


@dataclass(frozen=True)
class ControlUnit:
    """A ControlNet at work: ``picture`` float [1, 3, height, width] in 0..1, ``window`` in fractions of the steps."""

    model: ControlNetModel
    picture: Tensor
    weight: float
    window: tuple[float, float]

    def is_active(self, fraction: float) -> bool:
        """Whether it acts when ``fraction`` of the steps is done."""
        return self.weight != 0.0 and self.window[0] <= fraction < max(self.window[1], 1e-9)


@dataclass(frozen=True)
class TextCondition:
    """What a U-Net takes of a prompt: ``embeds`` [1, tokens, width], and in SDXL ``pooled`` [1, width]."""

    embeds: Tensor
    pooled: Tensor | None = None

    def beside(self, other: TextCondition) -> TextCondition:
        """Both as two rows of one batch."""
        both = [part.pooled for part in (self, other) if part.pooled is not None]
        return TextCondition(torch.cat([self.embeds, other.embeds]), torch.cat(both) if both else None)


@dataclass(frozen=True)
class Guidance:
    """Classifier-free guidance: both prompts and the scale; at scale 1 only ``positive`` is run.

    ``person`` takes the place of ``positive`` in the steps in which ``person_acts(step, steps)``, from 0, says so.
    """

    positive: TextCondition
    negative: TextCondition
    scale: float
    person: TextCondition | None = None
    person_acts: Callable[[int, int], bool] = lambda _step, _steps: True

    def runs(self, step: int, steps: int) -> list[tuple[TextCondition, list[bool]]]:
        """Batches of embeddings with, for each row, whether it is conditional, in ``step`` of ``steps``.

        One batch [negative, positive] as a rule; two of one row when the prompts are of different lengths, because
        padding the shorter one would change what it means.
        """
        positive = self.positive
        if self.person is not None and self.person_acts(step, steps):
            positive = self.person
        if self.scale == 1.0:
            return [(positive, [True])]
        if positive.embeds.shape == self.negative.embeds.shape:
            return [(self.negative.beside(positive), [False, True])]
        return [(self.negative, [False]), (positive, [True])]


@dataclass
class Predictor:
    """Predicts the noise in a latent picture [1, 4, h, w] with guidance, ControlNets and, if attached, a face."""

    unet: UNet2DConditionModel
    guidance: Guidance
    controls: Sequence[ControlUnit] = ()
    face: ActiveMethod | None = None

    def __call__(self, sample: Tensor, timestep: Tensor, step: int, steps: int) -> Tensor:
        """The predicted noise [1, 4, h, w] in ``step`` of ``steps``, counted from 0."""
        if self.face is not None:
            self.face.set_progress(step / steps)
        rows: dict[bool, Tensor] = {}
        for condition, conditional in self.guidance.runs(step, steps):
            predicted = self._run(sample, timestep, condition, conditional, step / steps)
            rows.update(zip(conditional, torch.split(predicted, 1), strict=True))
        if False not in rows:
            return rows[True]
        return rows[False] + self.guidance.scale * (rows[True] - rows[False])

    def _run(
        self, sample: Tensor, timestep: Tensor, condition: TextCondition, conditional: list[bool], fraction: float
    ) -> Tensor:
        embedding = condition.embeds
        batch = sample.to(embedding.dtype).expand(len(conditional), -1, -1, -1)
        extra: dict[str, object] = {}
        if condition.pooled is not None:
            extra["added_cond_kwargs"] = {"text_embeds": condition.pooled, "time_ids": _time_ids(batch)}
        acting = [control for control in self.controls if control.is_active(fraction)]
        if acting:
            down, middle = _control_residuals(acting, batch, timestep, embedding)
            extra |= {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
        if self.face is not None:
            self.face.set_rows(conditional)
        predicted: Tensor = self.unet(batch, timestep, encoder_hidden_states=embedding, **extra).sample
        return predicted.float()


def _time_ids(batch: Tensor) -> Tensor:
    """SDXL's numbers for the picture's size: original size, crop at the top left corner, size again (height first)."""
    height, width = (8 * side for side in batch.shape[-2:])
    return batch.new_tensor([[height, width, 0, 0, height, width]]).expand(len(batch), -1)


def _control_residuals(
    controls: Sequence[ControlUnit], batch: Tensor, timestep: Tensor, embedding: Tensor
) -> tuple[list[Tensor], Tensor]:
    total: tuple[list[Tensor], Tensor] | None = None
    for control in controls:
        picture = control.picture.to(batch.dtype).expand(batch.shape[0], -1, -1, -1)
        down, middle = control.model(
            batch,
            timestep,
            encoder_hidden_states=embedding,
            controlnet_cond=picture,
            conditioning_scale=control.weight,
            return_dict=False,
        )
        if total is None:
            total = (list(down), middle)
        else:
            total = ([a + b for a, b in zip(total[0], down, strict=True)], total[1] + middle)
    assert total is not None
    return total


@dataclass(frozen=True)
class Start:
    """A picture to start from: its ``latents`` [1, 4, h, w] and how much of it is made anew, 0..1.

    ``mask`` [1, 1, h, w] in 0..1 says where (1 = anew), None everywhere.
    """

    latents: Tensor
    denoise: float
    mask: Tensor | None = None


@torch.no_grad()
def denoise(
    predict: Predictor,
    scheduler: SchedulerMixin,
    noise: Tensor,
    *,
    steps: int,
    generator: torch.Generator,
    start: Start | None = None,
    on_step: Callable[[int, int], None] = lambda _step, _steps: None,
    on_sample: Callable[[Tensor], None] = lambda _sample: None,
    on_clean: Callable[[float, Callable[[], Tensor]], None] = lambda _fraction, _clean: None,
) -> Tensor:
    """Run the sampler from ``noise`` [1, 4, h, w], or from ``start`` noised with it; the latent picture in float32.

    ``on_step(step, steps)`` is called after every evaluation and may raise Cancelled; ``on_sample`` before it gets the
    latent picture as it is then. ``on_clean`` gets before both the fraction of the steps that is done and a function
    that gives the latent picture without noise as the step predicts it. Raises HostError when the picture is not
    finite any more.
    """
    device = predict.unet.device
    set_timesteps(scheduler, steps, device, all_steps=start is None)
    timesteps = scheduler.timesteps
    noise = noise.to(device)
    if start is None:
        sample = noise * scheduler.init_noise_sigma
    else:
        timesteps = _last_timesteps(scheduler, steps, start.denoise)
        if not len(timesteps):
            return start.latents
        sample = scheduler.add_noise(start.latents, noise, timesteps[:1])
    extra = {"generator": generator} if "generator" in inspect.signature(scheduler.step).parameters else {}
    for index, timestep in enumerate(timesteps):
        scaled = scheduler.scale_model_input(sample, timestep)
        predicted = predict(scaled, timestep, index, len(timesteps))
        on_clean((index + 1) / len(timesteps), partial(clean_latents, scheduler, scaled, predicted, timestep))
        sample = scheduler.step(predicted, timestep, sample, **extra).prev_sample
        if start is not None and start.mask is not None:
            sample = _keep_outside(sample, start, start.mask, noise, scheduler, timesteps[index + 1 :])
        if not bool(sample.isfinite().all()):
            raise HostError(NOT_FINITE)
        on_sample(sample)
        on_step(index + 1, len(timesteps))
    final: Tensor = sample
    return final


def clean_latents(scheduler: SchedulerMixin, scaled: Tensor, predicted: Tensor, timestep: Tensor) -> Tensor:
    """The latent picture without noise that a step predicts (eq. 15 of DDPM, arXiv 2006.11239), float32.

    ``scaled`` is what the U-Net was given, which has a variance of about 1 with every scheduler, ``predicted`` its
    answer: the noise, or the velocity (arXiv 2202.00512).
    """
    kept = scheduler.alphas_cumprod[min(round(float(timestep)), len(scheduler.alphas_cumprod) - 1)]
    signal, noise = float(kept) ** 0.5, (1.0 - float(kept)) ** 0.5
    x, answer = scaled.float(), predicted.float()
    is_velocity = scheduler.config.prediction_type == "v_prediction"
    clean: Tensor = signal * x - noise * answer if is_velocity else (x - noise * answer) / max(signal, 1e-4)
    return clean


def _last_timesteps(scheduler: SchedulerMixin, steps: int, share: float) -> Tensor:
    """The time steps of the last ``share`` of the steps, and tell the scheduler that it begins there."""
    order = int(getattr(scheduler, "order", 1))
    first = steps - min(int(steps * share), steps)
    begin = min(first * order, len(scheduler.timesteps))
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(begin)
    kept: Tensor = scheduler.timesteps[begin:]
    return kept


def _keep_outside(
    sample: Tensor, start: Start, mask: Tensor, noise: Tensor, scheduler: SchedulerMixin, remaining: Tensor
) -> Tensor:
    """Outside the mask, put the picture that was given back, as noisy as the sample is now."""
    kept = start.latents
    if len(remaining):
        kept = scheduler.add_noise(kept, noise, remaining[:1])
    mixed: Tensor = sample * mask + kept * (1.0 - mask)
    return mixed
