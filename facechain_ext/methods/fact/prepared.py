"""An adapter with the people of one generation, and the same at work in a host's U-Net."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from facechain_ext.errors import HostError
from facechain_ext.methods.fact.attachment import Attachment, attach, conditions_of
from facechain_ext.methods.fact.attachment_test import AttachmentTest
from facechain_ext.methods.fact.automatic import AutomaticRegion
from facechain_ext.methods.fact.block import sdpa
from facechain_ext.methods.fact.checkpoint import load_adapter
from facechain_ext.methods.fact.curve import StrengthCurve
from facechain_ext.methods.fact.files import adapter_family, adapter_files, chosen_adapter
from facechain_ext.methods.fact.middle_patch import attach_by_patch
from facechain_ext.methods.fact.model import FaceAdapter
from facechain_ext.methods.fact.options import AttachOptions
from facechain_ext.methods.fact.presets import NAME, PRESETS, SETTINGS, TRAINED_FOR
from facechain_ext.methods.fact.rows import StepRows
from facechain_ext.methods.fact.sites import other_family_reason, unfit_family_reason
from facechain_ext.methods.named_files import AUTOMATIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from facechain_ext.methods.fact.injection import FaceCondition
    from facechain_ext.methods.fact.middle_patch import PatchAttachment
    from facechain_ext.methods.protocol import (
        HostModel,
        ModelFamily,
        PersonInPicture,
        RuntimeOptions,
        StepLayout,
    )


def prepare_fact(people: Sequence[PersonInPicture], settings: Mapping[str, object], model: HostModel) -> PreparedFact:
    """What ``FactMethod.prepare`` gives: the adapter that the settings name, read or taken from the host's cache."""
    chosen = settings.get("adapter", AUTOMATIC)
    settings = {row.name: row.read(settings.get(row.name, row.default)) for row in SETTINGS}
    family = model.family
    reason = unfit_family_reason(family)
    if reason:
        raise HostError(reason)
    if isinstance(chosen, FaceAdapter):
        return PreparedFact(_fitting(chosen, family), people, settings | {"adapter": chosen.name})
    name = chosen_adapter(str(chosen), family)
    path, dtype = adapter_files()[name], model.dtype
    if adapter_family(path) != family:
        raise HostError(other_family_reason(name, adapter_family(path), family))
    key = (path, path.stat().st_mtime_ns, dtype)
    adapter = model.cached("adapter", key, lambda: load_adapter(path, dtype=dtype))
    return PreparedFact(_fitting(adapter, family), people, settings | {"adapter": name})


class PreparedFact:
    """An adapter with the people of one generation; their window is the first one's, ``settings`` are FactMethod's."""

    method = NAME
    conditioning = None
    lora = None

    def __init__(self, adapter: FaceAdapter, people: Sequence[PersonInPicture], settings: Mapping[str, object]) -> None:
        self.adapter = adapter
        # in SDXL another method comes first: a picture's settings name FACT there, so that it comes back
        self.settings = settings if adapter.family == TRAINED_FOR[0] else {**settings, "method": self.method}
        self.notes = _training_notes(adapter)
        self._preset = PRESETS[str(settings["preset"])]
        curve = str(settings["strength_curve"])
        self._curve = StrengthCurve.parse(curve) if curve else None
        self._window = self._preset.window(people[0].window)
        self._conditions = _conditions(adapter, people)
        self._bias = [condition.bias for condition in self._conditions]

    @contextmanager
    def applied(self, model: HostModel, options: RuntimeOptions) -> Iterator[ActiveFact]:
        """Let the adapter act in the U-Net inside the block."""
        attach_options = AttachOptions(
            bias=self._bias,
            attention=options.attention or sdpa,
            streamed=model.streams_weights,
            automatic=AutomaticRegion() if options.automatic_region else None,
            reuse=self._preset.increment_cache(options),
            conditional_only=options.conditional_only or self._preset.conditional_only,
            curve=self._curve,
            on_failure=options.on_failure,
        )
        patching = model.patched(sum(weight.nbytes for weight in self.adapter.blocks.parameters()))
        if patching is None:
            attachment = self._attach(model, attach_options)
            rows = StepRows(options.on_ambiguous)
            attachment.set_rows(rows)
            try:
                with self._tested(model, attachment) as test:
                    yield ActiveFact(attachment, test, rows)
            finally:
                attachment.remove()
            return
        with patching as patcher:
            patch = attach_by_patch(
                patcher, model.unet, self.adapter, self._conditions, window=self._window, options=attach_options
            )
            try:
                with self._tested(model, patch) as test:
                    yield ActiveFact(patch, test)  # the host says with each call which rows are conditional
            finally:
                patch.remove()

    @staticmethod
    def _tested(model: HostModel, attachment: Attachment | PatchAttachment) -> AttachmentTest:
        return AttachmentTest(model.unet, attachment.injection, model.program, attachment.fail)

    def _attach(self, model: HostModel, options: AttachOptions) -> Attachment:
        conditions = self._conditions
        return attach(
            model.unet,
            self.adapter,
            [condition.tokens for condition in conditions],
            null_tokens=[condition.null_tokens for condition in conditions],
            strength=[condition.strength for condition in conditions],
            region=[condition.region for condition in conditions],
            window=self._window,
            options=options,
        )

    def keep_loaded(self, device: torch.device | None = None) -> None:
        """Have the adapter's weights on ``device`` (None: where they are) until ``offload`` is called."""
        self.adapter.residency.load(self.adapter.device if device is None else device)

    def offload(self) -> None:
        """End one ``keep_loaded``."""
        self.adapter.residency.offload()


class ActiveFact:
    """An adapter that acts in a U-Net."""

    def __init__(
        self, attachment: Attachment | PatchAttachment, test: AttachmentTest, rows: StepRows | None = None
    ) -> None:
        self._attachment = attachment
        self._test = test
        self._rows = rows

    def set_progress(self, fraction: float) -> None:
        """Tell how much of the steps is done, 0..1."""
        self._attachment.set_progress(fraction)

    def begin_step(self, layout: StepLayout) -> None:
        """Tell which rows the denoiser is about to run."""
        self._test.begin_step()
        if self._rows is not None:
            self._rows.begin_step(layout)

    def set_rows(self, conditional: Sequence[bool]) -> None:
        """Tell which rows of the next call of the U-Net are conditional."""
        if isinstance(self._attachment, Attachment):
            self._attachment.set_rows(conditional)


def _fitting(adapter: FaceAdapter, family: ModelFamily) -> FaceAdapter:
    """``adapter``; raises HostError where it is for another family."""
    if adapter.family != family:
        raise HostError(other_family_reason(adapter.name, adapter.family, family))
    return adapter


def _training_notes(adapter: FaceAdapter) -> tuple[str, ...]:
    """What is known of the training of an adapter for SDXL, of which none is published."""
    if adapter.family != "SDXL":
        return ()
    if not adapter.trained_steps:
        return (f"The face adapter {adapter.name} for SDXL is untrained as far as its file tells: it shows nobody.",)
    steps = f"{adapter.trained_steps} steps" if adapter.trained_steps > 1 else "1 step"
    return (f"The face adapter {adapter.name} for SDXL is one that somebody trained for {steps}; none is published.",)


def _conditions(adapter: FaceAdapter, people: Sequence[PersonInPicture]) -> list[FaceCondition]:
    seen = [person.identity.conditioning(adapter) for person in people]
    return conditions_of(
        [one.tokens for one in seen],
        [one.null_tokens for one in seen],
        [person.strength for person in people],
        [None if person.region is None else torch.from_numpy(person.region).float() for person in people],
        [one.bias for one in seen],
    )
