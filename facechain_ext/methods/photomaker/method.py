"""PhotoMaker as a method: a stacked ID embedding in the prompt of an SDXL model (arXiv 2312.04461)."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError, InputError
from facechain_ext.methods.fact.sites import text_width
from facechain_ext.methods.method_lora import MethodLora
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.methods.photomaker.conditioning import PUBLISHED_STRENGTH, PersonConditioning
from facechain_ext.methods.photomaker.files import PUBLISHED, chosen_photomaker, photomaker_files
from facechain_ext.methods.photomaker.model import PhotoMaker, load_photomaker
from facechain_ext.methods.photomaker.stacking import AVERAGE, HEAD, MIDDLE, STACK, stack_identity
from facechain_ext.methods.setting import Setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import torch
    from torch import Tensor

    from facechain_ext.identity import Identity
    from facechain_ext.methods.protocol import (
        HostModel,
        ModelFamily,
        PersonInPicture,
        RuntimeOptions,
        StepLayout,
    )

STYLE_STRENGTH = 0.2
"""The published default of the style strength (20 of 100)."""


class PhotoMakerMethod:
    """PhotoMaker, versions 1 and 2."""

    name = "PhotoMaker"
    trained_for: tuple[ModelFamily, ...] = ("SDXL",)
    settings = (
        Setting(
            "photomaker", "PhotoMaker file", "FaceChain PhotoMaker", AUTOMATIC,
            "SDXL: the file of the ID encoder. Version 2 needs insightface's buffalo_l (non-commercial research only).",
            optional=True,
        ),
        Setting(
            "style_strength", "Style strength", "FaceChain style strength", STYLE_STRENGTH,
            "SDXL: the share of the steps in which the words act without the person; more is more style and less like.",
            0.0, 1.0, 0.05,
        ),
        Setting(
            "class_word", "Person as", "FaceChain class word", "",
            "SDXL: words in place of the prompt's word for the person, such as child or old man.", optional=True,
        ),
        Setting(
            "person_mixing", "Mix people by", "FaceChain person mixing", AVERAGE,
            "SDXL: the average of the people's embeddings by their shares, or the photos of all side by side (stack).",
            optional=True, choices=(AVERAGE, STACK),
        ),
        Setting(
            "photo_crop", "Photos cropped to", "FaceChain photo crop", HEAD,
            "SDXL: the square around the face, or the middle of the photo as published, in which a face may be small.",
            optional=True, choices=(HEAD, MIDDLE),
        ),
    )  # fmt: skip

    def has_files(self, family: ModelFamily) -> bool:
        """Whether any PhotoMaker file is there."""
        return family == "SDXL" and bool(photomaker_files())

    def missing_weights(self) -> tuple[str, ...]:
        """The published file's key, where no file is there."""
        return () if photomaker_files() else PUBLISHED[:1]

    def unavailable_reason(self, family: ModelFamily) -> str:
        """PhotoMaker's published weights are for SDXL."""
        if family == "SDXL":
            return ""
        kind = "another kind of model" if family == "unknown" else family
        return f"The loaded checkpoint is {kind}; PhotoMaker needs Stable Diffusion XL. Load an SDXL checkpoint."

    def unusable_reason(self, identity: Identity) -> str:
        """PhotoMaker needs the head and shoulders of every photo, which cards of earlier versions lack."""
        if identity.heads is not None:
            return ""
        return (
            "This card was saved without what PhotoMaker takes from a photo, the picture of head and shoulders. Make "
            "the card again from the photos."
        )

    def prepare(
        self, people: Sequence[PersonInPicture], settings: Mapping[str, object], model: HostModel
    ) -> PreparedPhotoMaker:
        """Read the file and encode the first person's photos; ``photomaker`` may be a loaded one instead of a name."""
        reason = self.unavailable_reason(model.family)
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

    method = PhotoMakerMethod.name

    def __init__(self, encoder: PhotoMaker, people: Sequence[PersonInPicture], settings: Mapping[str, object]) -> None:
        person = people[0]
        reason = PhotoMakerMethod().unusable_reason(person.identity)
        if reason:
            raise InputError(reason)
        self.settings = {row.name: settings.get(row.name, row.default) for row in PhotoMakerMethod.settings}
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
        reason = PhotoMakerMethod().unavailable_reason(model.family)
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
