"""From the settings of a generation to its people: photos of requests and pages, cards by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.errors import PhotoError
from facechain_ext.faces.base64_text import decode_base64
from facechain_ext.identity import Identity
from facechain_ext.identity.library import CardLibrary
from facechain_ext.recipes.arguments import LARGEST
from facechain_ext.recipes.job import Person
from facechain_ext.recipes.regions import assign_regions, parse_box
from facechain_ext.ui.uploads import uploaded_path as page_upload

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.recipes.arguments import FaceArguments


@dataclass(frozen=True)
class ResolvedPeople:
    """The people of a picture; sentences about what of the request was left out, and about doubtful photos."""

    people: tuple[Person, ...]
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def resolve_identity(arguments: FaceArguments) -> Identity:
    """The identity of the card or, without one, of the photos, mixed with that of the second card by its share.

    Raises PhotoError when there is neither card nor photo, or no photo can be used, and WeightsError for a card that
    cannot be read.
    """
    if arguments.card:
        first = CardLibrary().load(arguments.card)
    elif arguments.photos:
        first = encode_photos(arguments.photos, arguments.face)
    else:
        raise PhotoError("there is no photo and no card; add a photo of the person or switch FaceChain off.")
    if not arguments.mixes:
        return first
    share = arguments.mix_share / 100.0
    mix = Identity.mix([(first, 1.0 - share), (CardLibrary().load(arguments.mix_with), share)])
    return replace(mix, notes=mix.notes or first.notes)


def identity_notes(arguments: FaceArguments, person: Identity) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sentences about what of the arguments is not in ``person``, and sentences about doubtful photos."""
    if arguments.card and arguments.photos:
        return (f"The card {arguments.card} is used; the photos beside it are left out.",), person.notes
    used = len(person.photos) if not arguments.mixes else len(arguments.photos)
    if not arguments.card and used < len(arguments.photos):
        return person.notes, ()
    return (), person.notes


def resolve_people(arguments: FaceArguments) -> ResolvedPeople:
    """Everyone in the picture, each with a region when there are several.

    Raises what ``assign_regions`` raises for boxes that exclude each other, and what ``resolve_identity`` raises.
    """
    requested = [arguments]
    requested += [
        replace(arguments, card=other.card, photos=other.photos, face=LARGEST, mix_with="")
        for other in arguments.people
    ]
    identities = [resolve_identity(person) for person in requested]
    first = Person(identities[0], arguments.strength, arguments.window)
    people = assign_regions(first, parse_box(arguments.box), list(zip(identities[1:], arguments.people, strict=True)))
    left_out: list[str] = []
    warnings: list[str] = []
    for number, (single, identity) in enumerate(zip(requested, identities, strict=True), 1):
        label = f"Person {number}: " if len(requested) > 1 else ""
        for notes, sentences in zip((left_out, warnings), identity_notes(single, identity), strict=True):
            notes += [label + sentence for sentence in sentences]
    return ResolvedPeople(people, tuple(left_out), tuple(warnings))


def encode_photos(photos: tuple[object, ...], face: int = LARGEST, name: str = "") -> Identity:
    """The identity in photos of a request or a page; raises PhotoError as Identity.from_photos does."""
    from facechain_ext.hosts.webui import models

    sources = [request_picture(photo) for photo in photos]
    return Identity.from_photos(sources, models.encoder(), face=None if face == LARGEST else face, name=name)


def request_picture(photo: object) -> bytes | Path | NDArray | Image.Image:  # type: ignore[type-arg]
    """A picture from a request's base64 text, or a file or pixels of the page; text is never read as a file name.

    Raises PhotoError for anything else.
    """
    if isinstance(photo, str):
        return decode_base64(photo)
    if isinstance(photo, (Path, np.ndarray, Image.Image)):
        return photo
    raise PhotoError("A photo is a picture in base64 or an uploaded file; this is neither.")


def uploaded(file: object) -> Path:
    """The path of an uploaded file; raises PhotoError for a file outside gradio's folders of uploads."""
    return page_upload(file, _upload_folders())


def _upload_folders() -> list[str]:
    """The webui's folder of uploads, if it has one beside gradio's own."""
    from modules import shared

    chosen = getattr(shared.opts, "temp_dir", "")
    return [chosen] if chosen else []
