"""From a Job to the webui's description of a generation, and from what it made to portraits."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import HostError
from facechain_ext.hosts.webui import controlnet, loras
from facechain_ext.hosts.webui.request import TAB_REQUEST
from facechain_ext.recipes.job import Portrait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.hosts.webui.request import TabRequest
    from facechain_ext.recipes.job import Hires, Inpaint

_ORIGINAL = 1
"""The webui's number for starting an inpaint from the picture itself."""
_EXTRA_PICTURES = ("return_mask", "return_mask_composite", "return_grid")
"""Settings that put more among the results than the pictures that were asked for."""
_SCHEDULE_MARK = "Karras"
"""The schedule that samplers are offered with, beside their own."""


def processing_of(request: TabRequest) -> Any:
    """The webui's generation for a request, every always-on script at its default, as in the webui's own API.

    The request goes with it, so that our script finds its people there and nowhere else. Raises HostError when the job
    names what this webui has not.
    """
    from modules import processing, scripts, shared

    job = request.job
    sampler, schedule = _sampler(job.sampler)
    common: dict[str, Any] = {
        "prompt": " ".join([job.prompt, *map(loras.tag, job.loras)]),
        "negative_prompt": job.negative_prompt,
        "seed": job.seed,
        "sampler_name": sampler,
        "scheduler": schedule,
        "batch_size": 1,
        "n_iter": job.count,
        "steps": job.steps,
        "cfg_scale": job.cfg,
        "width": job.width,
        "height": job.height,
        "do_not_save_grid": True,
        "do_not_save_samples": True,
        "override_settings": {name: False for name in _EXTRA_PICTURES if getattr(shared.opts, name, False)},
    }
    if job.inpaint is None:
        runner, kind = scripts.scripts_txt2img, processing.StableDiffusionProcessingTxt2Img
        own = _hires(job.hires, job.cfg, kind) if job.hires is not None else {}
    else:
        runner, kind = scripts.scripts_img2img, processing.StableDiffusionProcessingImg2Img
        own = _start(job.inpaint)
    values = defaults(runner)
    controlnet.put_units(runner, values, job.controls)
    p = kind(**common, **own)
    p.is_api = True  # what only the txt2img page sets up (its refiner, its seed row) is left alone
    p.scripts = runner
    p.script_args = tuple(values)
    p.extra_generation_params.update(job.remarks)
    setattr(p, TAB_REQUEST, request)
    return p


def portraits_of(done: Any, finished: Sequence[bool], notes: tuple[str, ...]) -> list[Portrait]:
    """The pictures that were sampled to the end, each with the webui's own settings text."""
    first = done.index_of_first_image
    made = zip(done.images[first:], done.infotexts[first:], done.all_seeds, finished)  # noqa: B905 - maps may follow
    return [Portrait(picture, int(seed), text, notes) for picture, text, seed, whole in made if whole]


def sampler_names() -> tuple[str, ...]:
    """Names for ``Job.sampler``: those that the webui shows, k-diffusion's with the Karras schedule too."""
    from modules import sd_samplers, sd_samplers_kdiffusion

    scheduled = {sampler.name for sampler in sd_samplers_kdiffusion.samplers_data_k_diffusion}
    names: list[str] = []
    for name in sd_samplers.visible_sampler_names():
        names += [name, f"{name} {_SCHEDULE_MARK}"] if name in scheduled else [name]
    return tuple(names)


def upscaler_names() -> tuple[str, ...]:
    """Names for ``Hires.upscaler``."""
    from modules import shared

    return (*shared.latent_upscale_modes, *(upscaler.name for upscaler in shared.sd_upscalers))


def defaults(runner: Any) -> list[Any]:
    """What every script of ``runner`` is called with when nobody has touched its interface; 0 chooses no script."""
    if not runner.inputs or len(runner.inputs) < 2:
        raise HostError(
            "The webui has built no interface, so its scripts have no defaults; start it without --nowebui."
        )
    return [0, *(copy.copy(getattr(component, "value", None)) for component in runner.inputs[1:])]


def _sampler(name: str) -> tuple[str, str]:
    """The webui's sampler and schedule for a name such as "DPM++ 2M Karras"; raises HostError for one it has not."""
    from modules import sd_samplers, sd_schedulers

    sampler, schedule = sd_samplers.get_sampler_and_scheduler(name, None)
    rest = name.removeprefix(sampler).strip()
    known = {word for one in sd_schedulers.schedulers for word in (one.label, one.name, *(one.aliases or ()))}
    if not name.startswith(sampler) or (rest and rest not in known):
        raise HostError(f"This webui has no sampler {name!r}; it has {', '.join(sd_samplers.visible_sampler_names())}.")
    return sampler, schedule


def _hires(hires: Hires, cfg: float, kind: Any) -> dict[str, Any]:
    if hires.upscaler not in upscaler_names():
        raise HostError(f"This webui has no upscaler {hires.upscaler!r}; it has {', '.join(upscaler_names())}.")
    asked: dict[str, Any] = {
        "enable_hr": True,
        "hr_scale": hires.scale,
        "denoising_strength": hires.denoise,
        "hr_second_pass_steps": hires.steps,
        "hr_upscaler": hires.upscaler,
    }
    if hasattr(kind, "hr_additional_modules"):  # Forge asks for more
        asked |= {"hr_additional_modules": ["Use same choices"], "hr_cfg": cfg}
    return asked


def _start(inpaint: Inpaint) -> dict[str, Any]:
    return {
        "init_images": [inpaint.picture.convert("RGB")],
        "mask": inpaint.mask.convert("L") if inpaint.mask is not None else None,
        "denoising_strength": inpaint.denoise,
        "inpainting_fill": _ORIGINAL,
        "inpaint_full_res": False,
        "resize_mode": 0,
    }
