"""A PhotoMaker encoder with the person of one generation."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError, InputError
from facechain_ext.methods.fact.sites import text_width
from facechain_ext.methods.method_lora import MethodLora
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.methods.photomaker.conditioning import PUBLISHED_STRENGTH, PersonConditioning
from facechain_ext.methods.photomaker.files import chosen_photomaker, photomaker_files
from facechain_ext.methods.photomaker.model import PhotoMaker, load_photomaker
from facechain_ext.methods.photomaker.settings import HEAD, NAME, SETTINGS, unavailable_reason, unusable_reason
from facechain_ext.methods.photomaker.stacking import stack_identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import torch
    from torch import Tensor

    from facechain_ext.methods.protocol import HostModel, PersonInPicture, RuntimeOptions, StepLayout


def prepare_photomaker(
    people: Sequence[PersonInPicture], settings: Mapping[str, object], model: HostModel
) -> PreparedPhotoMaker:
    """What ``PhotoMakerMethod.prepare`` gives: the encoder that the settings name, read or from the host's cache."""
    reason = unavailable_reason(model.family)
    if reason:
        raise HostError(reason)
    chosen = settings.get("photomaker", AUTOMATIC)
    if isinstance(chosen, PhotoMaker):
        encoder, name = chosen, chosen.name
    else:
        name = chosen_photomaker(str(chosen))
        path = photomaker_files()[name]
        key = (path, path.stat().st_mtime_ns)
        encoder = model.cached("photomaker", key, lambda: load_photomaker(path))
    width, wanted = sum(encoder.sizes.text), text_width(model.unet)
    if width != wanted:
        raise HostError(
            f"{name} makes embeddings of {width} numbers a token, the loaded checkpoint takes {wanted}: they "
            "belong to different models. Choose another PhotoMaker file or another checkpoint."
        )
    return PreparedPhotoMaker(encoder, people, {**settings, "photomaker": name})


class PreparedPhotoMaker:
    """An encoder with the person of one generation."""

    method = NAME

    def __init__(self, encoder: PhotoMaker, people: Sequence[PersonInPicture], settings: Mapping[str, object]) -> None:
        person = people[0]
        reason = unusable_reason(person.identity)
        if reason:
            raise InputError(reason)
        self.settings = {row.name: settings.get(row.name, row.default) for row in SETTINGS}
        mixing = str(self.settings["person_mixing"])
        crop = str(self.settings["photo_crop"])
        if crop == HEAD or person.identity.middles is None:
            self.settings["photo_crop"] = ""  # the usual, which a card without middles gets whatever was asked for
        if not person.identity.blend:
            self.settings["person_mixing"] = ""  # nobody is mixed: nothing to say in the picture's settings
        self.notes = _left_out(people)
        self.conditioning: PersonConditioning | None = None
        self.lora: MethodLora | None = None
        if person.strength == 0:
            return
        amount = person.strength / PUBLISHED_STRENGTH
        stacked = stack_identity(encoder, person.identity, mixing, crop)
        self.notes += stacked.notes
        self.conditioning = PersonConditioning(
            encoder,
            stacked.embeds,
            stacked.weights,
            amount,
            start=max(float(str(self.settings["style_strength"])), person.window[0]),
            end=person.window[1],
            instead=str(self.settings["class_word"]),
        )
        if encoder.lora:
            self.lora = MethodLora(encoder.name, encoder.lora, min(amount, 1.0), _lora_digest(encoder.lora))

    @contextmanager
    def applied(self, model: HostModel, options: RuntimeOptions) -> Iterator[ActivePhotoMaker]:
        """Nothing in the U-Net itself: the prompt and the LoRA carry the person."""
        del options
        reason = unavailable_reason(model.family)
        if reason:
            raise HostError(reason)
        yield ActivePhotoMaker()

    def keep_loaded(self, device: torch.device | None = None) -> None:
        """Nothing of the method is in the U-Net, so nothing stays loaded."""

    def offload(self) -> None:
        """Nothing was loaded."""


class ActivePhotoMaker:
    """The host knows from the conditioning which steps have the person in their prompt."""

    def set_progress(self, fraction: float) -> None:
        """Not needed."""

    def begin_step(self, layout: StepLayout) -> None:
        """Not needed."""

    def set_rows(self, conditional: Sequence[bool]) -> None:
        """Not needed."""


def _lora_digest(tensors: Mapping[str, Tensor]) -> str:
    """A short hash of the first numbers of every tensor of a LoRA."""
    digest = hashlib.sha256()
    for key in sorted(tensors):
        digest.update(key.encode() + tensors[key].flatten()[:16].float().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]


def _left_out(people: Sequence[PersonInPicture]) -> tuple[str, ...]:
    if len(people) == 1:
        return ()
    return (
        f"PhotoMaker puts one person into a picture: the first of the {len(people)} is used. Load an SD1.5 checkpoint "
        "for several, or mix two cards.",
    )
