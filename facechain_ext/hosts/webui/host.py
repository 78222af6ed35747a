"""The Host inside the webui: its own txt2img and img2img, with everything that is installed and loaded there."""

from __future__ import annotations

import logging
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from facechain_ext.errors import FaceChainError, HostError
from facechain_ext.hosts.webui import controlnet, generation, handover, loras, models, restoring, settings
from facechain_ext.hosts.webui.people import uploaded
from facechain_ext.hosts.webui.request import TabRequest
from facechain_ext.hosts.webui.running import ErrorCapture, Queue, begun, on_main_thread
from facechain_ext.identity.likeness_scorer import choose_scorer
from facechain_ext.methods.fact.files import adapter_names
from facechain_ext.recipes.infotext import prompt_of
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.ui.host import HostCapabilities

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

    from facechain_ext.identity import TransFace
    from facechain_ext.identity.likeness_scorer import LikenessScorer
    from facechain_ext.recipes.job import Control, Job, Portrait

log = logging.getLogger(__name__)

T = TypeVar("T")

SEND_TARGETS = ("txt2img", "img2img", "inpaint", "extras")


class WebuiHost:
    """Generates by the webui's own processing; one generation at a time, in the webui's queue."""

    name = "webui"

    def __init__(self) -> None:
        self._queue = Queue()
        self._running = threading.Event()

    def generate(
        self,
        job: Job,
        *,
        progress: Callable[[int, int], bool] | None = None,
        ready: Callable[[Portrait], None] | None = None,  # noqa: ARG002 - a picture is final when all are handed back
    ) -> list[Portrait]:
        """Make the pictures of ``job``, picture i with seed ``seed + i``.

        ``progress`` is asked once when the queue lets the job in, and then before every step of the sampler. Stopped by
        it or by the webui's own buttons, the pictures that were sampled to the end are returned. Raises HostError when
        the webui cannot do the job; the next generation is as if this one had not been.
        """
        from modules import processing, shared

        request = TabRequest(job, progress)
        with self._queue.turn(), begun(shared.state), ErrorCapture() as reports:
            if progress is not None and not progress(0, max(job.count * job.steps, 1)):
                return []
            if shared.state.interrupted or shared.state.stopping_generation:  # between two generations of one work
                return []
            self._running.set()
            try:
                with closing(generation.processing_of(request)) as p:
                    done = on_main_thread(lambda: processing.process_images(p))
            except FaceChainError:
                raise
            except Exception as error:
                log.exception("the webui could not make the picture")
                raise HostError(f"The webui could not make the picture: {_words(error)}") from error
            finally:
                self._running.clear()
                shared.total_tqdm.clear()
                if request.trouble is not None:
                    shared.state.interrupted = False  # our own way to end it, no wish of the user's
        _check(request, reports)
        notes = [note for person in job.people for note in person.identity.notes]
        return generation.portraits_of(done, request.finished, (*notes, *request.notes, *reports.notes()))

    def capabilities(self) -> HostCapabilities:
        """What there is now; loads nothing."""
        from modules import sd_models, shared

        checkpoints = tuple(sd_models.checkpoint_tiles())
        chosen = str(shared.opts.sd_model_checkpoint or "")
        return HostCapabilities(
            samplers=generation.sampler_names(),
            adapters=tuple(adapter_names()),
            loras=loras.names(),
            upscalers=generation.upscaler_names(),
            checkpoints=checkpoints,
            checkpoint=chosen or next(iter(checkpoints), ""),
            controls=controlnet.available(),
            restorers=restoring.restorers(),
            speedups=settings.speedups(),
            needed=models.needs(),
            defaults=models.defaults(),
        )

    def encoder(self) -> TransFace:
        """The face encoder; raises WeightsError that says how to get it."""
        return models.encoder()

    def judge(self) -> LikenessScorer:
        """Who says how like a picture is; raises WeightsError like ``encoder`` where that has to."""
        return choose_scorer(self.encoder)

    def uploaded(self, file: Any) -> Path:
        """The path of an uploaded file; raises PhotoError for any other path."""
        return uploaded(file)

    def lora_folders(self) -> tuple[Path, ...]:
        """The webui's LoRA folder."""
        return loras.folders()

    def reload_loras(self) -> None:
        """Let the webui look into its LoRA folder again."""
        loras.reload_names()

    def checkpoint_files(self) -> dict[str, Path]:
        """The checkpoints in the webui's list, wherever its folders are."""
        from modules import sd_models

        return {info.name: Path(info.filename) for info in sd_models.checkpoints_list.values()}

    def training_python(self) -> None:
        """The webui's own packages are of other releases than training wants."""
        return

    def output_folder(self) -> Path:
        """Where the webui keeps txt2img's pictures."""
        from modules import shared

        return Path(shared.opts.outdir_samples or shared.opts.outdir_txt2img_samples)

    def save(
        self,
        portrait: Portrait,
        *,
        stem: str = "portrait",  # noqa: ARG002 - the webui has patterns of its own
        exact: Callable[[str], bytes] | None = None,
    ) -> Path | None:
        """Write a picture as the webui writes its own, under its own patterns of names; None where it writes none."""
        from modules import images, shared

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
                part.write_bytes(exact(portrait.infotext if shared.opts.enable_pnginfo else ""))
        return Path(name)

    def queued(self, work: Callable[[], T]) -> Callable[[], T]:
        """``work``, done when nothing else generates in the webui; ``generate`` in it waits no more.

        The webui's Interrupt ends all of it: after one, each further ``generate`` in it gives nothing.
        """
        from modules import shared

        def in_turn() -> T:
            with self._queue.turn(), begun(shared.state):
                return work()

        return in_turn

    def is_waiting(self, thread: int) -> bool:
        """Whether the work of a thread waits until something else in the webui has been made."""
        return self._queue.waits(thread)

    def interrupt(self) -> None:
        """What the webui's own Interrupt does to a generation of this tab; those of others are left alone."""
        from modules import shared

        state = shared.state
        if not self._running.is_set():
            return
        if shared.opts.interrupt_after_current and state.job_count > 1 and not state.stopping_generation:
            state.stop_generating()
        else:
            state.interrupt()

    def prepared(self, control: Control) -> Image.Image:
        """What ControlNet's preprocessor makes of a picture; raises HostError when it cannot."""
        with self._queue.turn():
            return on_main_thread(lambda: controlnet.prepared(control))

    def preview(self) -> Image.Image | None:
        """The webui's own live preview of what this tab is making."""
        from modules import shared

        if not self._running.is_set() or not shared.opts.live_previews_enable:
            return None
        shared.state.set_current_image()
        picture: Image.Image | None = shared.state.current_image
        return picture

    def sent_settings(self, infotext: str, photos: Sequence[Path]) -> str:
        """The settings with a token by which the accordion of the same browser finds the photos."""
        return handover.with_photos(infotext, photos)

    def send_targets(self) -> tuple[str, ...]:
        """The webui's own tabs."""
        return SEND_TARGETS


def _check(request: TabRequest, reports: ErrorCapture) -> None:
    """Raise HostError when a picture lacks what was asked for, although the webui has made one."""
    if request.trouble is not None:
        raise HostError(str(request.trouble)) from request.trouble
    if request.job.controls:
        reports.refuse("controlnet", "ControlNet")
    if request.job.people and not request.prepared:
        raise HostError("The webui did not call FaceChain's script; restart it, and look into its console.")
    reports.refuse("facechain_ext", "FaceChain")


def _words(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
