"""One generation with a face: prepare it, attach it for each pass, take it off whatever happens."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

import torch

from facechain_ext.devices import is_out_of_memory
from facechain_ext.errors import FaceChainError, HostError
from facechain_ext.hosts.webui import attention, settings
from facechain_ext.hosts.webui.messages import warn
from facechain_ext.hosts.webui.unets import loaded_unet
from facechain_ext.methods.fact.automatic import AutomaticRegion
from facechain_ext.methods.fact.reuse import Reuse
from facechain_ext.methods.fact.rows import StepLayout, StepRows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.hosts.webui.unets import FaceInUnet
    from facechain_ext.methods.fact import FaceAdapter
    from facechain_ext.recipes.job import Person

log = logging.getLogger(__name__)


class FaceRun:
    """The people in the pictures of one generation ``p``; the window is the first one's.

    At most one is at work at a time, because the host generates one thing at a time; ``current`` is the one. Between
    the pictures of one generation the adapter's weights stay where the U-Net is; ``staying`` is the run whose do.
    ``on_failure`` is told once when the face's part of a step fails; the picture then goes on without it.
    """

    current: FaceRun | None = None
    staying: FaceRun | None = None

    def __init__(self, people: Sequence[Person], adapter: FaceAdapter, *, hires: bool = True) -> None:
        self._people = tuple(people)
        self._hires = hires
        self.on_failure: Callable[[HostError], None] = lambda error: warn(str(error))
        self._adapter = adapter
        self._conditionings = [person.identity.conditioning(adapter) for person in people]
        self._rows = StepRows(warn)
        self._attachment: FaceInUnet | None = None
        self._model: Any = None
        self._may_stay = False

    def guard(self, p: Any) -> None:
        """Let the coming ``p.sample`` take the face off when it ends, also by an error or an interruption.

        ``p.sample`` is then what it was, so that ``p`` can be run again or copied.
        """
        sample, own = p.sample, "sample" in vars(p)

        @functools.wraps(sample)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            more = False
            try:
                sampled = sample(*args, **kwargs)
                more = _more_pictures(p)
                return sampled
            finally:
                self.detach(stay=more)
                if vars(p).get("sample") is guarded:  # else another extension has wrapped ours and will undo that
                    if own:
                        p.sample = sample
                    else:
                        del p.sample

        p.sample = guarded

    def attach(self, p: Any) -> None:
        """Attach for the pass that ``p`` is about to sample; nothing in a hires pass that is to go without.

        Raises HostError when the loaded U-Net is of another kind than the adapter.
        """
        self.detach(stay=True)
        if getattr(p, "is_hr_pass", False) and not self._hires:
            return
        unet = loaded_unet(p)
        self._may_stay = unet.keeps_weights()
        self._attachment = unet.attach(
            self._adapter,
            self._conditionings,
            self._rows,
            strength=[person.strength for person in self._people],
            window=self._people[0].window,
            region=[None if person.region is None else torch.from_numpy(person.region) for person in self._people],
            automatic=AutomaticRegion() if settings.automatic_region() else None,
            reuse=Reuse() if settings.every_second_step() else None,
            conditional_only=settings.conditional_only(),
            attention=attention.chosen(),
            on_failure=self._fail,
        )
        self._attachment.set_progress(0.0)
        self._model = p.sd_model
        FaceRun.current = self

    def detach(self, *, stay: bool = False) -> None:
        """Take the face off; harmless when repeated.

        The weights go home, or ``stay`` where they are for the next pass, if the host has the memory for it.
        """
        stays = stay and self._may_stay
        if stays and self._attachment is not None and FaceRun.staying is not self:
            self._adapter.borrow(self._adapter.device)
            FaceRun.staying = self
        if self._attachment is not None:
            self._attachment.remove()
            self._attachment = None
        if not stays and FaceRun.staying is self:
            FaceRun.staying = None
            self._adapter.offload()
        self._model = None
        if FaceRun.current is self:
            FaceRun.current = None

    def begin_step(self, params: Any) -> None:
        """Note the step that the host's denoiser begins: how far it is, and the rows that it will run."""
        try:
            self._begin_step(params)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            self.detach()
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Note that the face's part of a step went wrong, and that the weights need not stay for the next picture."""
        log.error("the face's part of a step failed", exc_info=error)
        self._may_stay = False
        self.on_failure(HostError(f"its part of a step failed: {words_of(error)} The console has the details."))

    def _begin_step(self, params: Any) -> None:
        denoiser = getattr(params, "denoiser", None)
        if denoiser is not None and self._model is not None and denoiser.p.sd_model is not self._model:
            self._follow(denoiser.p)
        attachment = self._attachment
        if attachment is None:
            return
        step, total = params.sampling_step, params.total_sampling_steps
        if denoiser is not None and getattr(denoiser, "total_steps", None):
            step, total = denoiser.step, denoiser.total_steps
        attachment.set_progress(min(step / max(total, 1), 1.0))
        cond, uncond = params.text_cond, params.text_uncond
        if not hasattr(cond, "shape"):  # SDXL keeps more than text here; its U-Net was refused before
            return
        self._rows.begin_step(StepLayout(len(cond), len(params.x) - len(cond), cond, uncond))

    @classmethod
    def clear(cls) -> None:
        """Take off what an earlier generation, ended by an error, may have left behind."""
        for run in (cls.current, cls.staying):
            if run is not None:
                run.detach()

    def _follow(self, p: Any) -> None:
        """Move to the checkpoint that a refiner has switched to in the middle of the steps."""
        try:
            self.attach(p)
        except FaceChainError as error:
            warn(f"The face stays out of the refiner's steps: {error}")


def words_of(error: Exception) -> str:
    """What an error says, as one sentence."""
    text = " ".join(str(error).split())[:300].rstrip(".")
    return f"{text or type(error).__name__}."


def _more_pictures(p: Any) -> bool:
    """Whether ``p`` has another batch to sample after this one."""
    from modules import shared

    if getattr(p, "iteration", 0) + 1 >= getattr(p, "n_iter", 1):
        return False
    return not (shared.state.interrupted or getattr(shared.state, "stopping_generation", False))


def on_denoiser(params: Any) -> None:
    """What the host calls before each step of any generation."""
    if FaceRun.current is not None:
        FaceRun.current.begin_step(params)
