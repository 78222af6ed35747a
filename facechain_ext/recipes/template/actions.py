"""What happens to each face of a template: one parser for the page, the API and the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from facechain_ext import faces
from facechain_ext.errors import FaceChainError, InputError, PhotoError, WeightsError
from facechain_ext.identity import Identity
from facechain_ext.identity.encode import face_notes
from facechain_ext.recipes.template.faces import parse_face_number
from facechain_ext.recipes.template.settings import FaceSource
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from facechain_ext.faces import Picture
    from facechain_ext.identity import TransFace
    from facechain_ext.recipes.template.settings import FaceAction


@dataclass(frozen=True)
class FaceChoice:
    """What a face becomes: itself, a mosaic, or the person of a card or a photo that ``reference`` names or holds."""

    kind: Literal["keep", "pixelate", "card", "photo"]
    reference: str = field(default="", repr=False)


def parse_face_choice(value: object) -> FaceChoice:
    """A choice from text or from a request.

    Text is "keep", "pixelate", "card: NAME" or "photo: NAME"; a request may have an object with ``card`` or ``photo``
    instead. Raises InputError for anything else.
    """
    if value == "keep":
        return FaceChoice("keep")
    if value == "pixelate":
        return FaceChoice("pixelate")
    if isinstance(value, str):
        kind, separator, reference = value.partition(": ")
        value = {kind: reference} if separator else {}
    if isinstance(value, dict) and len(value) == 1:
        if "card" in value:
            return FaceChoice("card", str(value["card"]))
        if isinstance(value.get("photo"), str):
            return FaceChoice("photo", value["photo"])
    raise InputError("FaceChain: a face becomes keep, pixelate, an object with card, or an object with photo.")


def parse_face_choices(entries: Iterable[tuple[object, object]]) -> dict[int, FaceChoice]:
    """Number of the face -> choice, from pairs of a number as text and a choice.

    Raises InputError for what is no number and for a face that is named twice, in whatever spelling.
    """
    choices: dict[int, FaceChoice] = {}
    for key, value in entries:
        number = parse_face_number(str(key))
        if number is None:
            raise InputError(f"FaceChain: faces are numbered from 1, from the left; {shorten(key)} is no number.")
        if number in choices:
            raise InputError(f"Face {number} is named twice; name every face once.")
        choices[number] = value if isinstance(value, FaceChoice) else parse_face_choice(value)
    return choices


def resolve_actions(
    choices: Mapping[int, FaceChoice], load: Callable[[FaceChoice], FaceSource]
) -> tuple[dict[int, FaceAction], list[str]]:
    """What happens to each face, and a sentence for each face whose card or photo cannot be used.

    ``load`` gives the person of a card or a photo. Raises its first InputError, PhotoError or WeightsError when no
    face is left.
    """
    actions: dict[int, FaceAction] = {}
    refused: list[str] = []
    first: FaceChainError | None = None
    for number, choice in choices.items():
        outcome = _resolve(choice, load)
        if isinstance(outcome, FaceChainError):
            first = first or outcome
            refused.append(f"Face {number} is left as it is: {outcome}")
        else:
            actions[number] = outcome
    if first is not None and not actions:
        raise first
    return actions, refused


def _resolve(choice: FaceChoice, load: Callable[[FaceChoice], FaceSource]) -> FaceAction | FaceChainError:
    """What happens to one face, or the error of its card or photo."""
    if choice.kind == "keep":
        return "keep"
    if choice.kind == "pixelate":
        return "pixelate"
    try:
        return load(choice)
    except (InputError, PhotoError, WeightsError) as error:
        return error


def card_source(name: str, identity: Identity) -> FaceSource:
    """The person of a card called ``name``."""
    return FaceSource(identity, label=f"card {name}")


def photo_source(photo: Picture, encoder: TransFace | None) -> FaceSource:
    """The person of a photo, with an identity where an ``encoder`` is given; raises PhotoError as that does."""
    identity = None if encoder is None else Identity.from_photos(photo, encoder)
    notes = photo_notes(photo) if identity is None else ()  # an identity has its own
    return FaceSource(identity, photo.pixels, f"photo {photo.digest[:12]}", notes)


def photo_notes(photo: Picture) -> tuple[str, ...]:
    """What is doubtful about a photo whose largest face is laid over a template's; nothing where it shows no face."""
    found = faces.detector().detect(photo.pixels)
    if not found:
        return photo.notes
    face = faces.choose_face(found, None)
    return (*photo.notes, *face_notes(photo, face, faces.assess_quality(photo.pixels, face)))
