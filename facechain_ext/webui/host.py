"""The Host inside the webui: its own txt2img and img2img, with everything that is installed and loaded there."""

from __future__ import annotations

import logging
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from facechain_ext.errors import HostError
from facechain_ext.page.host import Offers
from facechain_ext.portrait.arguments import AUTOMATIC
from facechain_ext.portrait.job import Portrait
from facechain_ext.portrait.judge import EncoderJudge
from facechain_ext.webui import controlnet, models
from facechain_ext.webui.people import uploaded
from facechain_ext.webui.request import TAB_REQUEST, TabRequest
from facechain_ext.webui.running import on_main_thread, watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from facechain_ext.identity import TransFace
    from facechain_ext.portrait.job import Job
    from facechain_ext.portrait.judge import Judge

log = logging.getLogger(__name__)

T = TypeVar("T")


class WebuiHost:
    """Generates by the webui's own processing; one generation at a time, in the webui's queue."""

    name = "webui"

    def __init__(self) -> None:
        self._running = threading.Event()

    def generate(self, job: Job, *, progress: Callable[[int, int], bool] | None = None) -> list[Portrait]:
        """Make the pictures of ``job``; interrupted, what is finished is returned.

        Raises HostError when the webui cannot do the job, with its own words where it has some.
        """
        from modules import call_queue, processing, shared

        # "webui" is what other pages ask about when they wait; the lock is the one of txt2img and of the API
        with call_queue.queue_lock, watched(shared.state, job, progress):
            if shared.sd_model is None:
                raise HostError("No checkpoint is loaded; choose a Stable Diffusion 1.5 checkpoint.")
            self._running.set()
            try:
                with closing(self._processing(job)) as p:
                    return _portraits(p, on_main_thread(lambda: processing.process_images(p)))
            except (RuntimeError, ValueError, AssertionError, KeyError, OSError) as error:
                log.exception("the webui could not make the picture")
                raise HostError(f"The webui could not make the picture: {error}") from error
            finally:
                self._running.clear()
                shared.total_tqdm.clear()

    def offers(self) -> Offers:
        """What is there now; loads nothing."""
        from modules import sd_samplers, shared

        names = [sampler.name for sampler in sd_samplers.all_samplers]
        loaded = getattr(shared, "sd_model", None)
        info = getattr(loaded, "sd_checkpoint_info", None)
        return Offers(
            samplers=tuple(dict.fromkeys(("DPM++ 2M Karras", *names))),
            adapters=tuple(models.adapter_names()),
            loras=_lora_names(),
            checkpoint=info.name_for_extra if info is not None else str(shared.opts.sd_model_checkpoint or ""),
            controls=controlnet.available(),
        )

    def encoder(self) -> TransFace:
        """The face encoder; raises WeightsError that says how to get it."""
        return models.encoder()

    def uploaded(self, file: Any) -> Path:
        """The path of an uploaded file; raises PhotoError for any other path."""
        return uploaded(file)

    def lora_folders(self) -> tuple[Path, ...]:
        """The webui's LoRA folder."""
        from modules import paths, shared

        return (Path(getattr(shared.cmd_opts, "lora_dir", None) or Path(paths.models_path) / "Lora"),)

    def judge(self) -> Judge:
        """Who says how like a picture is; raises WeightsError like ``encoder``."""
        return EncoderJudge(self.encoder())

    def output_folder(self) -> Path:
        """Where the webui keeps txt2img's pictures."""
        from modules import shared

        return Path(shared.opts.outdir_samples or shared.opts.outdir_txt2img_samples)

    def save(self, portrait: Portrait) -> Path:
        """Write a picture as the webui writes its own."""
        from modules import images, shared

        name, _ = images.save_image(
            portrait.picture,
            str(self.output_folder()),
            "",
            portrait.seed,
            extension=shared.opts.samples_format,
            info=portrait.infotext,
        )
        return Path(name)

    def queued(self, work: Callable[[], T]) -> Callable[[], T]:
        """``work`` as it is: ``generate`` takes the webui's lock each time, so that others get their turn between."""
        return work

    def interrupt(self) -> None:
        """Stop what this page has begun."""
        from modules import shared

        if self._running.is_set():
            shared.state.interrupt()

    def preview(self) -> Image.Image | None:
        """The webui's own live preview of what this page is making."""
        from modules import shared

        if not self._running.is_set() or not shared.opts.live_previews_enable:
            return None
        shared.state.set_current_image()
        picture: Image.Image | None = shared.state.current_image
        return picture

    def send_targets(self) -> tuple[str, ...]:
        """The webui's own tabs."""
        return ("txt2img", "img2img", "inpaint", "extras")

    def _processing(self, job: Job) -> Any:
        """The webui's description of ``job``, with every always-on script at its defaults, as in its API."""
        from modules import processing, scripts, sd_samplers, shared

        sampler, scheduler = sd_samplers.get_sampler_and_scheduler(job.sampler, None)
        common: dict[str, Any] = {
            "sd_model": shared.sd_model,
            "prompt": " ".join([job.prompt, *(f"<lora:{Path(str(x.file)).stem}:{x.weight:g}>" for x in job.loras)]),
            "negative_prompt": job.negative_prompt,
            "seed": job.seed,
            "sampler_name": sampler,
            "scheduler": scheduler,
            "batch_size": 1,
            "n_iter": job.count,
            "steps": job.steps,
            "cfg_scale": job.cfg,
            "width": job.width,
            "height": job.height,
            "do_not_save_grid": True,
            "do_not_save_samples": True,
        }
        if job.inpaint is None:
            runner = scripts.scripts_txt2img
            hires = job.hires
            extra: dict[str, Any] = {}
            if hires is not None:
                extra = {"enable_hr": True, "hr_scale": hires.scale, "denoising_strength": hires.denoise}
                extra |= {"hr_second_pass_steps": hires.steps, "hr_upscaler": hires.upscaler}
            p = processing.StableDiffusionProcessingTxt2Img(**common, **extra)
        else:
            runner = scripts.scripts_img2img
            start = job.inpaint
            p = processing.StableDiffusionProcessingImg2Img(
                **common, init_images=[start.picture], mask=start.mask, denoising_strength=start.denoise,
                inpainting_fill=1, inpaint_full_res=False, mask_blur=4, resize_mode=0,
            )  # fmt: skip
        p.is_api = True
        p.scripts = runner
        p.script_args = controlnet.with_units(runner, _defaults(runner), job.controls)
        p.extra_generation_params.update(job.remarks)
        setattr(p, TAB_REQUEST, TabRequest(job.people, job.adapter or AUTOMATIC, job.face_in_hires))
        return p


def _defaults(runner: Any) -> list[Any]:
    """The first value of every script's components; 0 chooses no script of the drop-down."""
    if not runner.inputs or len(runner.inputs) < 2:
        raise HostError("The webui has no interface yet; wait until it has started.")
    return [0, *(getattr(component, "value", None) for component in runner.inputs[1:])]


def _portraits(p: Any, done: Any) -> list[Portrait]:
    """The pictures of a generation, without grids and control maps, each with its settings."""
    first, count = done.index_of_first_image, len(done.all_seeds)
    pictures = done.images[first : first + count]
    # an interrupted generation has announced more seeds than it has made pictures
    made = min(len(pictures), len(done.infotexts) - first, len(done.all_seeds))
    note = p.extra_generation_params.get("FaceChain")
    notes = (f"FaceChain is {note}.",) if note else ()
    return [Portrait(pictures[i], int(done.all_seeds[i]), done.infotexts[first + i], notes) for i in range(made)]


def _lora_names() -> tuple[str, ...]:
    """The names that the webui's own Lora extension knows; none where it is switched off."""
    import sys

    networks = sys.modules.get("networks")
    return tuple(sorted(getattr(networks, "available_networks", {}), key=str.casefold))
