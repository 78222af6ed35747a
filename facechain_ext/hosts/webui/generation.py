"""From a Job to the webui's Processing object, and from its Processed to portraits."""

from __future__ import annotations

import copy
import logging
import math
from contextlib import closing
from typing import TYPE_CHECKING

from facechain_ext.errors import FaceChainError, HostError
from facechain_ext.hosts.webui import controlnet, loras, samplers
from facechain_ext.hosts.webui.messages import first_line
from facechain_ext.hosts.webui.upscaling import NO_UPSCALER, is_remote
from facechain_ext.recipes.portrait_settings import PORTRAIT_DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.hosts.webui.execution import ErrorCapture
    from facechain_ext.hosts.webui.host_types import Processed, Processing, ScriptRunner
    from facechain_ext.hosts.webui.tab_request import TabRequest
    from facechain_ext.recipes.job import Hires, Inpaint, Job, Portrait

log = logging.getLogger(__name__)

_FILL_ORIGINAL = 1
"""The webui's number of the masked content "original": the inpaint starts from the picture itself."""
_EXTRA_PICTURE_OPTIONS = ("return_mask", "return_mask_composite", "return_grid")
"""Options of the webui that add masks and grids to the pictures of a job."""


def build_processing(request: TabRequest) -> Processing:
    """The webui's Processing for a request, with every always-on script at its default as in the webui's own API.

    The request is attached to it, for the script to find its people there. Raises HostError when the job names a
    sampler, an upscaler, a LoRA or a ControlNet that this webui does not have.
    """
    from modules import processing, scripts, shared

    from facechain_ext.hosts.webui.tab_request import set_tab_request

    job = request.job
    common: dict[str, object] = {
        "prompt": " ".join([job.prompt, *map(loras.prompt_tag, job.loras)]),
        "negative_prompt": job.negative_prompt,
        "seed": job.seed,
        **samplers.sampler_arguments(job),
        "batch_size": 1,
        "n_iter": job.count,
        "steps": job.steps,
        "cfg_scale": job.cfg,
        "width": job.width,
        "height": job.height,
        "do_not_save_grid": True,
        "do_not_save_samples": True,
        "override_settings": {name: False for name in _EXTRA_PICTURE_OPTIONS if getattr(shared.opts, name, False)},
    }
    if job.inpaint is None:
        runner, processing_class = scripts.scripts_txt2img, processing.StableDiffusionProcessingTxt2Img
        specific = _hires_arguments(request, job.hires, job.cfg, processing_class) if job.hires is not None else {}
    else:
        runner, processing_class = scripts.scripts_img2img, processing.StableDiffusionProcessingImg2Img
        specific = _inpaint_arguments(job.inpaint)
    script_args = script_defaults(runner)
    controlnet.set_units(runner, script_args, job.controls)
    p = processing_class(**common, **specific)
    p.is_api = True  # else the host reads components that only the txt2img page sets up (its refiner, its seed row)
    p.scripts = runner
    p.script_args = tuple(script_args)
    p.extra_generation_params.update(job.remarks)
    set_tab_request(p, request)
    processing_of_job: Processing = p
    return processing_of_job


def process_request(request: TabRequest, run: Callable[[Callable[[], Processed]], Processed]) -> Processed:
    """What the webui makes of a request; ``run`` calls the webui's own function on the thread that it needs.

    Raises HostError with the webui's reason where it fails.
    """
    from modules import processing

    try:
        with closing(build_processing(request)) as p:
            return run(lambda: processing.process_images(p))
    except FaceChainError:
        raise
    except Exception as error:
        log.exception("the webui could not make the picture")
        raise HostError(f"The webui could not make the picture: {first_line(error)}") from error


def raise_errors(request: TabRequest, errors: ErrorCapture) -> None:
    """Raise the error for which the face or a ControlNet is missing from a picture that the webui made without it."""
    if request.error is not None:
        raise request.error
    if request.job.controls:
        errors.raise_from("controlnet", "ControlNet")
    if request.job.people and not request.prepared:
        raise HostError("The webui did not call FaceChain's script; restart it, and look into its console.")
    errors.raise_from("facechain_ext", "FaceChain")


def collect_portraits(processed: Processed, finished: Sequence[bool], notes: tuple[str, ...]) -> list[Portrait]:
    """The pictures that were sampled to the end, each with the webui's own infotext.

    ``finished`` has one entry for each picture; maps of extensions may follow the pictures and are left out.
    """
    from facechain_ext.recipes.job import Portrait

    first = processed.index_of_first_image
    pictures, infotexts = processed.images[first:], processed.infotexts[first:]
    rows = zip(pictures, infotexts, processed.all_seeds, finished, strict=False)
    return [Portrait(picture, int(seed), infotext, notes) for picture, infotext, seed, complete in rows if complete]


def sampled_steps(job: Job) -> int:
    """About the steps, rounded up, that the webui samples for a job: fewer where it starts from a picture."""
    from modules import shared

    if job.inpaint is None:
        return job.count * job.steps
    whole = job.inpaint.denoise >= 1 or bool(getattr(shared.opts, "img2img_fix_steps", False))
    return job.count * (job.steps if whole else math.ceil(job.inpaint.denoise * job.steps))


def upscaler_names() -> tuple[str, ...]:
    """Names for ``Hires.upscaler``: those that do something first, those that the host would have to download last."""
    from modules import shared

    offered = sorted(shared.sd_upscalers, key=lambda one: (is_remote(one), one.name == NO_UPSCALER))
    return (*shared.latent_upscale_modes, *(upscaler.name for upscaler in offered))


def script_defaults(runner: ScriptRunner) -> list[object]:
    """The arguments of every script of ``runner`` when its interface is untouched; the first, 0, selects no script.

    Raises HostError when the webui runs without its interface.
    """
    if not runner.inputs or len(runner.inputs) < 2:
        raise HostError(
            "The webui has built no interface, so its scripts have no defaults; start it without --nowebui."
        )
    return [0, *(copy.copy(getattr(component, "value", None)) for component in runner.inputs[1:])]


def _upscaler(request: TabRequest, hires: Hires) -> str:
    """The host's upscaler for ``hires``: for our default, which some hosts lack, its first one, with a note.

    Raises HostError for any other name that it has not.
    """
    offered = upscaler_names()
    if hires.upscaler in offered:
        return hires.upscaler
    if hires.upscaler != PORTRAIT_DEFAULTS["hires_upscaler"] or not offered:
        raise HostError(f"This webui has no upscaler {hires.upscaler!r}; it has {', '.join(offered)}.")
    request.notes.append(f"This webui has no upscaler {hires.upscaler}; {offered[0]} is used.")
    return offered[0]


def _hires_arguments(
    request: TabRequest, hires: Hires, cfg: float, processing_class: type[Processing]
) -> dict[str, object]:
    arguments: dict[str, object] = {
        "enable_hr": True,
        "hr_scale": hires.scale,
        "denoising_strength": hires.denoise,
        "hr_second_pass_steps": hires.steps,
        "hr_upscaler": _upscaler(request, hires),
    }
    if hasattr(processing_class, "hr_additional_modules"):  # Forge has no defaults for these
        arguments |= {"hr_additional_modules": ["Use same choices"], "hr_cfg": cfg}
    return arguments


def _inpaint_arguments(inpaint: Inpaint) -> dict[str, object]:
    return {
        "init_images": [inpaint.picture.convert("RGB")],
        "mask": inpaint.mask.convert("L") if inpaint.mask is not None else None,
        "denoising_strength": inpaint.denoise,
        "inpainting_fill": _FILL_ORIGINAL,
        "inpaint_full_res": False,
        "resize_mode": 0,
    }
