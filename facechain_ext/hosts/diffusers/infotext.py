"""A picture's settings in the webui's PNG-info text, so that they can be read and pasted there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext import __version__
from facechain_ext.hosts.diffusers.sampling.samplers import find_sampler
from facechain_ext.recipes.infotext import people_infotext, quote_infotext_value
from facechain_ext.text_values import format_number

if TYPE_CHECKING:
    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.methods.protocol import PreparedMethod
    from facechain_ext.recipes.job import Job


def infotext(job: Job, seed: int, checkpoint: Checkpoint, prepared: PreparedMethod | None) -> str:
    """The settings of one picture of ``job``: prompt, negative prompt, and one line of ``label: value`` pairs.

    A person is named by name and short hash; the embedding is never written.
    """
    sampler = find_sampler(job.sampler)
    name = sampler.name
    for schedule in (" Karras", " Exponential"):
        name = name.removesuffix(schedule)
    pairs: dict[str, object] = {
        "Steps": job.steps,
        "Sampler": name,
        "Schedule type": sampler.schedule,
        "CFG scale": job.cfg,
        "Seed": seed,
        "Size": f"{job.width}x{job.height}",
        "Model hash": checkpoint.digest,
        "Model": checkpoint.name,
    }
    if job.inpaint is not None:
        pairs["Denoising strength"] = job.inpaint.denoise
    if job.hires is not None:
        pairs |= {"Denoising strength": job.hires.denoise, "Hires upscale": job.hires.scale}
        pairs |= {"Hires steps": job.hires.steps} if job.hires.steps else {}
        pairs["Hires upscaler"] = job.hires.upscaler
    if job.people and prepared is not None:
        pairs |= people_infotext(job.people, prepared.settings, hires=job.face_in_hires, method=prepared.method)
    pairs |= dict(job.remarks)
    pairs["Version"] = f"FaceChain {__version__}"
    lines = [_with_loras(job)]
    if job.negative_prompt:
        lines.append(f"Negative prompt: {job.negative_prompt}")
    lines.append(", ".join(f"{label}: {quote_infotext_value(value)}" for label, value in pairs.items()))
    return "\n".join(lines)


def _with_loras(job: Job) -> str:
    """The prompt with the LoRAs in the webui's way of naming them."""
    tags = [f"<lora:{_stem(lora.file)}:{format_number(lora.weight)}>" for lora in job.loras]
    return " ".join([job.prompt, *tags]).strip()


def _stem(file: object) -> str:
    from pathlib import Path

    return Path(str(file)).stem
