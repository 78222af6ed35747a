"""A person by the LoRA on the card, alone or together with FACT."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError, InputError
from facechain_ext.methods.fact.method import FactMethod
from facechain_ext.methods.lora.files import lora_file, read_lora, tensors_digest
from facechain_ext.methods.setting import Setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    import torch

    from facechain_ext.identity import Identity
    from facechain_ext.identity.card_lora import CardLora
    from facechain_ext.methods.method_lora import MethodLora
    from facechain_ext.methods.protocol import (
        ActiveMethod,
        HostModel,
        ModelFamily,
        PersonInPicture,
        PreparedMethod,
        RuntimeOptions,
        StepLayout,
    )

WEIGHT = Setting(
    "lora_weight", "LoRA of the person", "FaceChain LoRA weight", 1.0,
    "What the LoRA on the card counts for, against the weight that the card names.", 0.0, 2.0, 0.05,
)  # fmt: skip
SEVERAL = (
    "A LoRA acts in the whole picture, so with several people none is used. Make the picture with one person, or "
    "choose the method FACT."
)


class LoraMethod:
    """The LoRA that was learned from the person's photos, through the host's own loader."""

    name = "LoRA"
    trained_for: tuple[ModelFamily, ...] = ()
    settings = (WEIGHT,)

    def has_files(self, family: ModelFamily) -> bool:
        """It is chosen by the user alone: nothing is published for it."""
        del family
        return False

    def missing_weights(self) -> tuple[str, ...]:
        """A LoRA is learned, not downloaded."""
        return ()

    def unavailable_reason(self, family: ModelFamily) -> str:
        """LoRAs of people are learned on SD1.5 and SDXL."""
        if family in ("SD1.5", "SDXL"):
            return ""
        kind = "another kind of model" if family == "unknown" else family
        return f"The loaded checkpoint is {kind}; a person's LoRA is for Stable Diffusion 1.5 or XL. Load one of these."

    def unusable_reason(self, identity: Identity) -> str:
        """The card must name a LoRA whose file is there."""
        if identity.lora is None:
            return "This person has no LoRA. Learn one from photos on the page Train, and choose the card then."
        if lora_file(identity.lora) is None:
            return (
                f"The LoRA {identity.lora.file} of this card is in none of the LoRA folders. Put it back, or learn it "
                "again on the page Train."
            )
        return ""

    def prepare(
        self, people: Sequence[PersonInPicture], settings: Mapping[str, object], model: HostModel
    ) -> PreparedLora:
        """Find and read the LoRA of the person; raises HostError for one of another family than the model's."""
        reason = self.unavailable_reason(model.family)
        if reason:
            raise HostError(reason)
        weight = float(str(settings.get(WEIGHT.name, WEIGHT.default)))
        person, several = people[0], len(people) > 1
        if several or person.strength == 0 or weight == 0:
            return PreparedLora(None, weight, (SEVERAL,) if several else ())
        reason = self.unusable_reason(person.identity)
        if reason:
            raise InputError(reason)
        lora = person.identity.lora
        assert lora is not None
        if lora.family != model.family:
            raise HostError(
                f"The LoRA {lora.file} of this card was learned on {lora.family}, and the loaded checkpoint is "
                f"{model.family}. Load a checkpoint of {lora.family}, or learn the person on this one too."
            )
        return PreparedLora(*_read(lora, weight, model))


def _read(lora: CardLora, weight: float, model: HostModel) -> tuple[MethodLora, float, tuple[str, ...]]:
    """The LoRA of a card, its share, and a note where its file is no more the one that the card knew."""
    from facechain_ext.methods.method_lora import MethodLora

    path = lora_file(lora)
    assert path is not None
    tensors = model.cached("person LoRA", (path, path.stat().st_mtime_ns), lambda: read_lora(path))
    digest = tensors_digest(tensors)
    notes = () if digest == lora.digest else (f"The LoRA {lora.file} has changed since the card was made.",)
    return MethodLora(path.stem, tensors, lora.weight * weight, digest, path, lora.call), weight, notes


class PreparedLora:
    """A person's LoRA for one generation; without one the picture is the checkpoint's own."""

    method = LoraMethod.name
    conditioning = None

    def __init__(self, lora: MethodLora | None, weight: float, notes: tuple[str, ...] = ()) -> None:
        self.lora, self.notes = lora, notes
        self.settings = {WEIGHT.name: weight}

    @contextmanager
    def applied(self, model: HostModel, options: RuntimeOptions) -> Iterator[ActiveLora]:
        """Nothing but the LoRA, which the host applies."""
        del model, options
        yield ActiveLora()

    def keep_loaded(self, device: torch.device | None = None) -> None:
        """The host keeps its LoRAs."""

    def offload(self) -> None:
        """Nothing was loaded."""


class ActiveLora:
    """A LoRA acts alike in all steps and rows."""

    def set_progress(self, fraction: float) -> None:
        """Not needed."""

    def begin_step(self, layout: StepLayout) -> None:
        """Not needed."""

    def set_rows(self, conditional: Sequence[bool]) -> None:
        """Not needed."""


class FactLoraMethod:
    """FACT from the photo and the LoRA that was learned, together."""

    name = "FACT + LoRA"
    trained_for: tuple[ModelFamily, ...] = ()
    settings = (*FactMethod.settings, *LoraMethod.settings)

    def has_files(self, family: ModelFamily) -> bool:
        """It is chosen by the user alone."""
        del family
        return False

    def missing_weights(self) -> tuple[str, ...]:
        """What FACT needs."""
        return FactMethod().missing_weights()

    def unavailable_reason(self, family: ModelFamily) -> str:
        """As FACT says."""
        return FactMethod().unavailable_reason(family)

    def unusable_reason(self, identity: Identity) -> str:
        """The card must name a LoRA whose file is there."""
        return LoraMethod().unusable_reason(identity)

    def prepare(
        self, people: Sequence[PersonInPicture], settings: Mapping[str, object], model: HostModel
    ) -> PreparedFactLora:
        """Prepare both; raises what either raises."""
        return PreparedFactLora(
            FactMethod().prepare(people, settings, model), LoraMethod().prepare(people, settings, model)
        )


class PreparedFactLora:
    """Both, for one generation."""

    method = FactLoraMethod.name
    conditioning = None

    def __init__(self, fact: PreparedMethod, lora: PreparedLora) -> None:
        self._fact = fact
        self.lora, self.notes = lora.lora, (*fact.notes, *lora.notes)
        self.settings = {**fact.settings, **lora.settings}

    def applied(self, model: HostModel, options: RuntimeOptions) -> AbstractContextManager[ActiveMethod]:
        """FACT in the U-Net; the host applies the LoRA."""
        return self._fact.applied(model, options)

    def keep_loaded(self, device: torch.device | None = None) -> None:
        """Keep FACT's weights loaded."""
        self._fact.keep_loaded(device)

    def offload(self) -> None:
        """End one ``keep_loaded``."""
        self._fact.offload()
