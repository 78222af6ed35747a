"""The people of one generation: attached for each pass of the sampler, detached whatever ends it."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from facechain_ext.devices import is_out_of_memory
from facechain_ext.errors import FaceChainError, HostError
from facechain_ext.hosts.webui import attention, settings
from facechain_ext.hosts.webui.host_model import loaded_model
from facechain_ext.hosts.webui.messages import as_sentence, warn
from facechain_ext.hosts.webui.person_prompts import PersonPrompts
from facechain_ext.methods.protocol import RuntimeOptions, StepLayout

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from facechain_ext.hosts.webui.animatediff import AnimatedClip
    from facechain_ext.hosts.webui.host_types import CfgDenoiserParams, Checkpoint, Denoiser, Processing
    from facechain_ext.methods.protocol import ActiveMethod, PreparedMethod

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)


class FaceRun:
    """The people in the pictures of one generation; the window is the first person's.

    ``current`` and ``keeping_loaded`` belong to the class, because the host's denoiser callback names no script and
    the next generation has to clean up after one that ended with an error; the host samples one generation at a time.
    ``clip`` is AnimateDiff's, where it makes one.
    ``on_failure`` is called once when the face's part of a step fails; the picture then goes on without it.
    """

    current: FaceRun | None = None
    """The run that is attached to the U-Net."""
    keeping_loaded: FaceRun | None = None
    """The run whose weights stay loaded between the pictures of its generation."""

    def __init__(self, prepared: PreparedMethod, *, hires: bool = True, clip: AnimatedClip | None = None) -> None:
        self.prepared = prepared
        self.clip = clip
        self._hires = hires
        self.on_failure: Callable[[HostError], None] = lambda error: warn(str(error))
        self._active: ActiveMethod | None = None
        self._cleanup = ExitStack()
        self._checkpoint: Checkpoint | None = None
        self._may_keep_loaded = False

    @property
    def in_hires_pass(self) -> bool:
        """Whether the person is put in in the hires pass too."""
        return self._hires

    def attach_prompts(self, p: Processing) -> None:
        """Have the person in the prompts of ``p``, where the method puts one there."""
        if self.prepared.conditioning is not None:
            prompts = PersonPrompts(self.prepared.conditioning, hires=self._hires, on_failure=self.on_failure)
            try:
                prompts.attach(p)
            except HostError as error:
                self.on_failure(error)

    def detach_after_sampling(self, p: Processing) -> None:
        """Wrap ``p.sample`` so that the next call detaches the face at its end, also after an error or interruption.

        The call also removes the wrapper, so that ``p`` can be run again or copied.
        """
        sample, is_instance_attribute = p.sample, "sample" in vars(p)

        def restore() -> None:
            if vars(p).get("sample") is not wrapper:  # another extension has wrapped ours and will undo that
                return
            if is_instance_attribute:
                p.sample = sample
            else:
                del p.sample

        wrapper = self._detaching(p, sample, restore)
        p.sample = wrapper

    def _detaching(self, p: Processing, sample: Callable[P, T], restore: Callable[[], None]) -> Callable[P, T]:
        @functools.wraps(sample)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
            more_batches = False
            try:
                samples = sample(*args, **kwargs)
                more_batches = _has_more_batches(p)
                return samples
            finally:
                self.detach(keep_loaded=more_batches)
                restore()

        return wrapper

    def attach(self, p: Processing) -> None:
        """Attach for the pass that ``p`` is about to sample, unless it is a hires pass without the face.

        Raises HostError when the loaded U-Net is of another kind than the adapter.
        """
        self.detach(keep_loaded=True)
        if getattr(p, "is_hr_pass", False) and not self._hires:
            return
        model = loaded_model(p)
        self._may_keep_loaded = model.keeps_weights
        options = RuntimeOptions(
            attention=attention.select_attention(),
            automatic_region=settings.automatic_region() and self.clip is None,
            every_second_step=settings.every_second_step() and self.clip is None,
            conditional_only=settings.conditional_only(),
            on_failure=self._fail,
            on_ambiguous=warn,
        )
        self._active = self._cleanup.enter_context(self.prepared.applied(model, options))
        self._active.set_progress(0.0)
        self._checkpoint = p.sd_model
        FaceRun.current = self

    def detach(self, *, keep_loaded: bool = False) -> None:
        """Detach from the U-Net; may be repeated.

        The weights are offloaded, unless ``keep_loaded`` is set for a next pass and the host has the memory for them.
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
        self._checkpoint = None
        if FaceRun.current is self:
            FaceRun.current = None

    def begin_step(self, params: CfgDenoiserParams) -> None:
        """Pass on the step that the host's denoiser begins: the fraction of the steps, and the rows of the batch."""
        try:
            self._begin_step(params)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            self.detach()
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Report that the face's part of a step failed; the weights are then not kept for the next picture."""
        log.error("the face's part of a step failed", exc_info=error)
        self._may_keep_loaded = False
        self.on_failure(HostError(f"its part of a step failed: {as_sentence(error)} The console has the details."))

    def _begin_step(self, params: CfgDenoiserParams) -> None:
        denoiser: Denoiser | None = getattr(params, "denoiser", None)
        attached = self._checkpoint
        if denoiser is not None and attached is not None and denoiser.p.sd_model is not attached:
            self._attach_to_refiner(denoiser.p)
        active = self._active
        if active is None:
            return
        step, total = params.sampling_step, params.total_sampling_steps
        if denoiser is not None and getattr(denoiser, "total_steps", None):
            step, total = denoiser.step, denoiser.total_steps
        active.set_progress(min(step / max(total, 1), 1.0))
        cond, uncond = _text(params.text_cond), _text(params.text_uncond)
        windows = "" if self.clip is None else self.clip.row_order()
        active.begin_step(StepLayout(len(cond), len(params.x) - len(cond), cond, uncond, windows))

    @classmethod
    def clear(cls) -> None:
        """Detach what an earlier generation that ended with an error may have left attached."""
        for run in (cls.current, cls.keeping_loaded):
            if run is not None:
                run.detach()

    def _attach_to_refiner(self, p: Processing) -> None:
        """Attach to the checkpoint that a refiner has switched to between two steps."""
        try:
            self.attach(p)
        except FaceChainError as error:
            warn(f"The face stays out of the refiner's steps: {error}")


def _text(condition: Tensor | Mapping[str, Tensor]) -> Tensor:
    """The embeddings of a condition's words [rows, tokens, width]; SDXL's condition is a dictionary with more in it."""
    return condition["crossattn"] if isinstance(condition, Mapping) else condition


def _has_more_batches(p: Processing) -> bool:
    """Whether ``p`` has another batch to sample after this one."""
    from modules import shared

    if getattr(p, "iteration", 0) + 1 >= getattr(p, "n_iter", 1):
        return False
    return not (shared.state.interrupted or getattr(shared.state, "stopping_generation", False))


def on_denoiser(params: CfgDenoiserParams) -> None:
    """Pass a step on to the run that is attached; the host calls this before each step of every generation."""
    if FaceRun.current is not None:
        FaceRun.current.begin_step(params)
