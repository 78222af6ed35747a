"""The Host of the tab inside the webui: generates by the webui's own txt2img and img2img."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from facechain_ext.hosts.webui import (
    controlnet,
    face_restorers,
    generation,
    loras,
    models,
    photo_tokens,
    samplers,
    settings,
    upscaling,
)
from facechain_ext.hosts.webui.execution import ErrorCapture, GenerationQueue, job_state, on_main_thread
from facechain_ext.hosts.webui.recipe_progress import RecipeProgress, current_recipe
from facechain_ext.methods.fact.files import adapter_names
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.storage.numbered import write_numbered
from facechain_ext.ui.host import HostCapabilities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from PIL import Image

    from facechain_ext.doctor import Check
    from facechain_ext.hosts.webui.tab_request import TabRequest
    from facechain_ext.identity import TransFace
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.job import Control, Job, Portrait
    from facechain_ext.recipes.talking.engine_settings import EngineSettings
    from facechain_ext.training_runs.captioners import Captioner

log = logging.getLogger(__name__)

T = TypeVar("T")

SEND_TARGETS = ("txt2img", "img2img", "inpaint", "extras")


class WebuiHost:
    """Generates by the webui's own processing, one generation at a time in the webui's queue."""

    name = "webui"

    def __init__(self) -> None:
        self._queue = GenerationQueue()
        self._running: TabRequest | None = None

    def generate(
        self,
        job: Job,
        *,
        progress: Callable[[int, int], bool] | None = None,
        ready: Callable[[Portrait], None] | None = None,
    ) -> list[Portrait]:
        """Make the pictures of ``job``, picture i with seed ``seed + i``.

        ``progress`` is called once when the job leaves the queue, and then before every step of the sampler. Stopped by
        it or by the webui's own buttons, the pictures that were sampled to the end are returned. ``ready`` is never
        called, as pictures are final only when all are returned. Raises HostError when the webui cannot do the job,
        which leaves no trace in the next generation.
        """
        del ready
        from modules import shared

        from facechain_ext.hosts.webui.tab_request import TabRequest

        request, recipe = TabRequest(job, progress), current_recipe.get()
        with self._queue.acquire_queue(), job_state(shared.state), ErrorCapture() as errors:
            if recipe is not None:
                recipe.begin_generation(generation.sampled_steps(job))
            if progress is not None and not progress(0, max(job.count * request.passes * job.steps, 1)):
                return []
            if shared.state.interrupted or shared.state.stopping_generation:  # since an earlier generation of this job
                return []
            self._running = request
            try:
                processed = generation.process_request(request, on_main_thread)
            finally:
                self._running = None
                shared.total_tqdm.clear()
                if request.error is not None:
                    shared.state.interrupted = False  # it was set by TabRequest.fail, not by the user
        generation.raise_errors(request, errors)
        notes = [note for person in job.people for note in person.identity.notes]
        return generation.collect_portraits(processed, request.finished, (*notes, *request.notes, *errors.notes()))

    def capabilities(self) -> HostCapabilities:
        """The names that a Job can use now; loads no model."""
        from modules import sd_models, shared

        checkpoints = tuple(sd_models.checkpoint_tiles())
        chosen = str(shared.opts.sd_model_checkpoint or "")
        return HostCapabilities(
            samplers=samplers.sampler_names(),
            adapters=tuple(adapter_names()),
            loras=loras.names(),
            upscalers=generation.upscaler_names(),
            enlargers=upscaling.names(),
            checkpoints=checkpoints,
            checkpoint=chosen or next(iter(checkpoints), ""),
            controls=controlnet.unavailable_reasons(),
            notice=settings.network_notice(),
            restorers=face_restorers.restorers(),
            speedups=settings.speedups(),
            needed=models.needs(),
            defaults=models.defaults(),
        )

    def checks(self) -> Iterable[Check]:
        """Which webui this is and what it lacks."""
        from facechain_ext.hosts.webui.host_checks import host_checks

        return host_checks()

    def encoder(self) -> TransFace:
        """The face encoder; raises WeightsError that names the download."""
        return models.encoder()

    def likeness_scorer(self, judge: str = "") -> LikenessScorer:
        """The scorer by the name ``judge``, else of the settings; raises WeightsError as ``encoder`` does."""
        from facechain_ext.identity.likeness_scorer import choose_scorer

        return choose_scorer(self.encoder, judge or settings.judge())

    def engines(self) -> EngineSettings:
        """Those of the webui's page of settings."""
        return settings.engines()

    def uploaded_path(self, file: object) -> Path:
        """The path of an uploaded file; raises PhotoError for any other path."""
        from facechain_ext.hosts.webui.people import uploaded

        return uploaded(file)

    def lora_folders(self) -> tuple[Path, ...]:
        """The webui's LoRA folder."""
        return loras.folders()

    def reload_loras(self) -> None:
        """Let the webui list its LoRA folder again."""
        loras.reload_names()

    def checkpoint_files(self) -> dict[str, Path]:
        """The files of the webui's checkpoints by name."""
        from modules import sd_models

        return {info.name: Path(info.filename) for info in sd_models.checkpoints_list.values()}

    def captioners(self) -> Mapping[str, Callable[[], Captioner]]:
        """The webui's interrogators."""
        from facechain_ext.hosts.webui.interrogators import interrogators

        return interrogators()

    def training_python(self) -> None:
        """None: training needs other releases of packages than the webui has."""
        return

    def output_folder(self) -> Path:
        """The webui's folder of txt2img's pictures."""
        from modules import shared

        return Path(shared.opts.outdir_samples or shared.opts.outdir_txt2img_samples)

    def save(
        self,
        portrait: Portrait,
        *,
        stem: str = "portrait",
        exact: Callable[[str], bytes] | None = None,
    ) -> Path | None:
        """Write a picture as the webui writes its own, named by its own pattern instead of ``stem``.

        None where the user has switched saving off in the webui.
        """
        del stem
        from modules import images, shared

        from facechain_ext.recipes.infotext import prompt_of
        from facechain_ext.recipes.labelling import label_file

        if not shared.opts.samples_save:
            return None
        name, _ = images.save_image(
            portrait.picture,
            str(self.output_folder()),
            "",
            portrait.seed,
            prompt=prompt_of(portrait.infotext),
            extension="png" if exact is not None else shared.opts.samples_format,
            info=portrait.infotext,
        )
        if exact is not None:
            with atomic_write(Path(name)) as part:
                content = exact(portrait.infotext if shared.opts.enable_pnginfo else "")
                part.write_bytes(label_file(content, portrait.infotext))
        return Path(name)

    def save_video(self, content: bytes, stem: str) -> Path | None:
        """Write a video into the folder of pictures; None where the user has switched saving off in the webui."""
        from modules import shared

        return write_numbered(self.output_folder(), stem, ".mp4", content) if shared.opts.samples_save else None

    def queued(self, work: Callable[[], T]) -> Callable[[], T]:
        """``work`` as a function that first acquires the webui's queue; ``generate`` inside it does not wait again.

        After the webui's Interrupt each further ``generate`` inside it returns no pictures.
        """
        from modules import shared

        def run() -> T:
            with self._queue.acquire_queue(), job_state(shared.state):
                token = current_recipe.set(RecipeProgress(shared.state))
                try:
                    return work()
                finally:
                    current_recipe.reset(token)

        return run

    def show_progress(self, done: int, total: int) -> None:
        """Show in the webui's own bar how far the recipe is that this context has queued; else nothing."""
        recipe = current_recipe.get()
        if recipe is not None:
            recipe.show(done, total)

    def is_waiting(self, thread: int) -> bool:
        """Whether the thread with this identifier waits for the webui's queue."""
        return self._queue.is_waiting(thread)

    def interrupt(self) -> None:
        """Do what the webui's own Interrupt does, but only while a generation of this tab runs."""
        from modules import shared

        state, running = shared.state, self._running
        if running is None:
            return
        several = running.job.count * running.passes > 1
        if shared.opts.interrupt_after_current and several and not state.stopping_generation:
            state.stop_generating()
        else:
            state.interrupt()

    def upscale(self, picture: Image.Image, size: tuple[int, int], upscaler: str) -> tuple[Image.Image, str]:
        """The picture at ``size`` by the webui's upscaler of this name, and the name of what was used.

        "" takes the first whose model is here, Lanczos where there is none. Raises HostError for an unknown name.
        """
        with self._queue.acquire_queue():
            return on_main_thread(lambda: upscaling.upscale(picture, size, upscaler))

    def control_map(self, control: Control) -> Image.Image:
        """The map that ControlNet's preprocessor computes from a picture; raises HostError when it cannot."""
        with self._queue.acquire_queue():
            return on_main_thread(lambda: controlnet.run_preprocessor(control))

    def preview(self) -> Image.Image | None:
        """The webui's live preview while a generation of this tab runs, else None."""
        from modules import shared

        if self._running is None or not shared.opts.live_previews_enable:
            return None
        shared.state.set_current_image()
        picture: Image.Image | None = shared.state.current_image
        return picture

    def settings_to_send(self, infotext: str, photos: Sequence[Path]) -> str:
        """The infotext with a token by which the accordion of the same browser finds the photos."""
        return photo_tokens.add_photo_token(infotext, photos)

    def send_targets(self) -> tuple[str, ...]:
        """The webui's tabs that a picture can be sent to."""
        return SEND_TARGETS
