"""One generation with a face: prepare it, attach it for each pass, take it off whatever happens."""

from __future__ import annotations

import functools
import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from facechain_ext.devices import is_out_of_memory
from facechain_ext.errors import FaceChainError, HostError
from facechain_ext.hosts.webui import attention, settings
from facechain_ext.hosts.webui.host_model import loaded_model
from facechain_ext.hosts.webui.messages import warn
from facechain_ext.methods.protocol import RuntimeOptions, StepLayout

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.methods.protocol import ActiveMethod, PreparedMethod

log = logging.getLogger(__name__)


class FaceRun:
    """The people in the pictures of one generation ``p``; the window is the first one's.

    At most one is at work at a time, because the host generates one thing at a time; ``current`` is the one. Between
    the pictures of one generation the weights stay loaded; ``keeping_loaded`` is the run whose do.
    ``on_failure`` is told once when the face's part of a step fails; the picture then goes on without it.
    """

    current: FaceRun | None = None
    keeping_loaded: FaceRun | None = None

    def __init__(self, prepared: PreparedMethod, *, hires: bool = True) -> None:
        self.prepared = prepared
        self._hires = hires
        self.on_failure: Callable[[HostError], None] = lambda error: warn(str(error))
        self._active: ActiveMethod | None = None
        self._cleanup = ExitStack()
        self._model: Any = None
        self._may_keep_loaded = False

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
                self.detach(keep_loaded=more)
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
        self.detach(keep_loaded=True)
        if getattr(p, "is_hr_pass", False) and not self._hires:
            return
        model = loaded_model(p)
        self._may_keep_loaded = model.keeps_weights
        options = RuntimeOptions(
            attention=attention.chosen(),
            automatic_region=settings.automatic_region(),
            every_second_step=settings.every_second_step(),
            conditional_only=settings.conditional_only(),
            on_failure=self._fail,
            on_ambiguous=warn,
        )
        self._active = self._cleanup.enter_context(self.prepared.applied(model, options))
        self._active.set_progress(0.0)
        self._model = p.sd_model
        FaceRun.current = self

    def detach(self, *, keep_loaded: bool = False) -> None:
        """Take the face off; harmless when repeated.

        The weights are offloaded, or with ``keep_loaded`` stay for the next pass, if the host has the memory for it.
        """
        keep_loaded = keep_loaded and self._may_keep_loaded
        if keep_loaded and self._active is not None and FaceRun.keeping_loaded is not self:
            self.prepared.keep_loaded()
            FaceRun.keeping_loaded = self
        self._active = None
        self._cleanup.close()
        if not keep_loaded and FaceRun.keeping_loaded is self:
            FaceRun.keeping_loaded = None
            self.prepared.offload()
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
        self._may_keep_loaded = False
        self.on_failure(HostError(f"its part of a step failed: {words_of(error)} The console has the details."))

    def _begin_step(self, params: Any) -> None:
        denoiser = getattr(params, "denoiser", None)
        if denoiser is not None and self._model is not None and denoiser.p.sd_model is not self._model:
            self._follow(denoiser.p)
        active = self._active
        if active is None:
            return
        step, total = params.sampling_step, params.total_sampling_steps
        if denoiser is not None and getattr(denoiser, "total_steps", None):
            step, total = denoiser.step, denoiser.total_steps
        active.set_progress(min(step / max(total, 1), 1.0))
        cond, uncond = params.text_cond, params.text_uncond
        if not hasattr(cond, "shape"):  # SDXL keeps more than text here; its U-Net was refused before
            return
        active.begin_step(StepLayout(len(cond), len(params.x) - len(cond), cond, uncond))

    @classmethod
    def clear(cls) -> None:
        """Take off what an earlier generation, ended by an error, may have left behind."""
        for run in (cls.current, cls.keeping_loaded):
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
