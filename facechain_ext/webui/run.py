"""One generation with a face: prepare it, attach it for each pass, take it off whatever happens."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

from facechain_ext.adapter.automatic import AutomaticRegion
from facechain_ext.adapter.rows import StepLayout, StepRows
from facechain_ext.webui.messages import warn
from facechain_ext.webui.settings import automatic_region
from facechain_ext.webui.unets import loaded_unet

if TYPE_CHECKING:
    from facechain_ext.adapter import Attachment, FaceAdapter, PatchAttachment
    from facechain_ext.identity import Identity
    from facechain_ext.portrait.arguments import FaceArguments

log = logging.getLogger(__name__)


class FaceRun:
    """A person in the pictures of one generation ``p``.

    At most one is at work at a time, because the host generates one thing at a time; ``current`` is the one.
    """

    current: FaceRun | None = None

    def __init__(self, arguments: FaceArguments, identity: Identity, adapter: FaceAdapter) -> None:
        self._arguments = arguments
        self._adapter = adapter
        self._conditioning = identity.conditioning(adapter)
        self._rows = StepRows(warn)
        self._attachment: Attachment | PatchAttachment | None = None

    def guard(self, p: Any) -> None:
        """Let ``p.sample`` take the face off when it ends, also by an error or an interruption."""
        sample = p.sample

        @functools.wraps(sample)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                return sample(*args, **kwargs)
            finally:
                self.detach()

        p.sample = guarded

    def attach(self, p: Any) -> None:
        """Attach for the pass that ``p`` is about to sample; nothing in a hires pass that is to go without.

        Raises HostError when the loaded U-Net is of another kind than the adapter.
        """
        self.detach()
        if getattr(p, "is_hr_pass", False) and not self._arguments.hires:
            return
        self._attachment = loaded_unet(p).attach(
            self._adapter,
            [self._conditioning],
            self._rows,
            strength=self._arguments.strength,
            window=self._arguments.window,
            automatic=AutomaticRegion() if automatic_region() else None,
        )
        self._attachment.set_progress(0.0)
        FaceRun.current = self

    def detach(self) -> None:
        """Take the face off; harmless when repeated."""
        if self._attachment is not None:
            self._attachment.remove()
            self._attachment = None
        if FaceRun.current is self:
            FaceRun.current = None

    def begin_step(self, params: Any) -> None:
        """Note the step that the host's denoiser begins: how far it is, and the rows that it will run."""
        if self._attachment is None:
            return
        denoiser = getattr(params, "denoiser", None)
        step, total = params.sampling_step, params.total_sampling_steps
        if denoiser is not None and getattr(denoiser, "total_steps", None):
            step, total = denoiser.step, denoiser.total_steps
        self._attachment.set_progress(min(step / max(total, 1), 1.0))
        cond, uncond = params.text_cond, params.text_uncond
        if isinstance(cond, dict):  # SDXL keeps more than text here; its U-Net was refused before
            cond, uncond = cond["crossattn"], uncond["crossattn"]
        if cond is None:
            return
        self._rows.begin_step(StepLayout(len(cond), len(params.x) - len(cond), cond, uncond))


def on_denoiser(params: Any) -> None:
    """What the host calls before each step of any generation."""
    if FaceRun.current is not None:
        FaceRun.current.begin_step(params)
