"""A clip from a prompt with a person in every frame: AnimateDiff of diffusers with the same face adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from facechain_ext.errors import Cancelled, HostError, InputError, WeightsError
from facechain_ext.hosts.diffusers.host_model import DiffusersModel
from facechain_ext.hosts.diffusers.latents import decode
from facechain_ext.hosts.diffusers.sampling.conditions import guidance
from facechain_ext.methods.fact.method import FactMethod
from facechain_ext.methods.protocol import RuntimeOptions
from facechain_ext.recipes.clip.animated import check_clip_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from diffusers import AnimateDiffPipeline, MotionAdapter

    from facechain_ext.faces.types import Pixels
    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.methods.fact import FaceAdapter
    from facechain_ext.methods.protocol import ActiveMethod
    from facechain_ext.recipes.clip.animated import ClipJob
    from facechain_ext.recipes.job import Person


def load_motion(path: Path, dtype: torch.dtype) -> MotionAdapter:
    """A motion module: a folder of diffusers, or AnimateDiff's one file; raises WeightsError for anything else."""
    from diffusers import MotionAdapter

    try:
        if path.is_dir():
            return MotionAdapter.from_pretrained(path, torch_dtype=dtype, local_files_only=True)
        if path.suffix != ".safetensors":
            raise WeightsError(f"{path.name} is not a .safetensors file. Use the module in that format.")
        return MotionAdapter.from_single_file(str(path), torch_dtype=dtype, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise WeightsError(f"{path} cannot be read as a motion module of AnimateDiff ({reason}).") from error


class ClipHost:
    """A checkpoint of SD1.5 with a motion module; its U-Net is a copy, so the checkpoint stays as it is.

    Raises HostError for a checkpoint of another kind and a motion module of other widths.
    """

    def __init__(self, checkpoint: Checkpoint, motion: MotionAdapter, adapter: FaceAdapter | None = None) -> None:
        if checkpoint.is_sdxl:
            raise HostError("Clips are made with checkpoints of SD1.5; this one is SDXL.")
        widths, own = (tuple(one.config.block_out_channels) for one in (motion, checkpoint.unet))
        if widths != own:
            raise HostError(
                f"The motion module is for a U-Net of widths {widths}, the checkpoint has {own}: they are of different "
                "models. Choose a motion module for SD1.5."
            )
        self._checkpoint = checkpoint
        self._adapter = adapter
        self._motion = motion
        self._pipeline = _pipeline(checkpoint, motion)
        self._model = _MotionModel(checkpoint, self._pipeline)

    @property
    def max_frames(self) -> int:
        """The longest clip: 24 frames with version 1 of the motion modules, 32 with versions 2 and 3."""
        return int(self._motion.config.motion_max_seq_length)

    def frames(
        self,
        job: ClipJob,
        person: Person | None,
        *,
        settings: Mapping[str, object] | None = None,
        progress: Callable[[int, int], bool] | None = None,
    ) -> list[Pixels]:
        """The frames, RGB uint8 [h, w, 3], of ``job`` with ``person`` in each.

        ``settings`` are FACT's own, such as ``preset``: a row is the same frame in every step, so that what one step
        computes can be used again in the next. Raises InputError for values out of range, HostError without an adapter
        for a person, Cancelled when ``progress(step, steps)`` returns False.
        """
        check_clip_job(job, self.max_frames)
        if person is None:
            return list(self._sample(job, None, progress))
        if self._adapter is None:
            raise HostError("This clip has a person in it, but no face adapter is loaded. Name one with --adapter.")
        prepared = FactMethod().prepare([person], {**(settings or {}), "adapter": self._adapter}, self._model)
        with prepared.applied(self._model, RuntimeOptions()) as active:
            active.set_rows([True] if job.cfg == 1 else [False, True])
            return list(self._sample(job, active, progress))

    @torch.no_grad()
    def _sample(
        self, job: ClipJob, active: ActiveMethod | None, progress: Callable[[int, int], bool] | None
    ) -> Iterator[Pixels]:
        words = guidance(self._checkpoint, job.prompt, job.negative_prompt, job.cfg)
        if words.positive.embeds.shape != words.negative.embeds.shape:
            raise InputError("In a clip prompt and negative prompt are of the same length; shorten the longer one.")

        def after_step(_pipeline: object, step: int, _timestep: object, values: dict[str, object]) -> dict[str, object]:
            if active is not None:
                active.set_progress((step + 1) / job.drawn_steps)
            if progress is not None and not progress(step + 1, job.drawn_steps):
                raise Cancelled("Stopped; no file was written.")
            return values

        if active is not None:
            active.set_progress(0.0)
        pipeline, start = self._start(job)
        result = pipeline(
            prompt_embeds=words.positive.embeds, negative_prompt_embeds=words.negative.embeds,
            height=job.height, width=job.width, num_inference_steps=job.steps, guidance_scale=job.cfg,
            output_type="latent", generator=torch.Generator().manual_seed(job.seed), callback_on_step_end=after_step,
            **start,
        )  # fmt: skip
        for latent in result.frames[0].transpose(0, 1):  # [channels, frames, h, w]
            yield np.asarray(decode(self._checkpoint.vae, latent[None].float()))

    def _start(self, job: ClipJob) -> tuple[Callable[..., Any], dict[str, object]]:
        """The pipeline of diffusers that makes ``job``, and what it takes beside the words."""
        if not job.start:
            return self._pipeline, {"num_frames": job.frames}
        from diffusers import AnimateDiffVideoToVideoPipeline

        own = self._pipeline
        over = AnimateDiffVideoToVideoPipeline(
            own.vae, own.text_encoder, own.tokenizer, own.unet, self._motion, own.scheduler
        )
        over.set_progress_bar_config(disable=True)
        # it draws int(steps * strength) steps; a half more keeps rounding from losing one
        strength = min((job.drawn_steps + 0.5) / job.steps, 1.0)
        return over, {"video": [Image.fromarray(frame) for frame in job.start], "strength": strength}


class _MotionModel(DiffusersModel):
    """The U-Net with its motion modules."""

    def __init__(self, checkpoint: Checkpoint, pipeline: AnimateDiffPipeline) -> None:
        super().__init__(checkpoint)
        self._pipeline = pipeline

    @property
    def unet(self) -> torch.nn.Module:
        """The U-Net that the pipeline runs."""
        unet: torch.nn.Module = self._pipeline.unet
        return unet


def _pipeline(checkpoint: Checkpoint, motion: MotionAdapter) -> AnimateDiffPipeline:
    from diffusers import AnimateDiffPipeline, DDIMScheduler

    # the schedule that motion modules were trained with (AnimateDiff, configs/inference/inference-v2.yaml)
    scheduler = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="linear", clip_sample=False, steps_offset=1,
        timestep_spacing="linspace", prediction_type=checkpoint.noise.prediction,
    )  # fmt: skip
    unet = checkpoint.unet
    pipeline = AnimateDiffPipeline(
        checkpoint.vae,
        checkpoint.text_encoder,
        checkpoint.tokenizer,
        unet,
        motion.to(unet.device, unet.dtype),
        scheduler,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
