"""From the settings of a run to the person: pictures out of requests and pages, cards by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import PhotoError
from facechain_ext.faces.base64_text import decode_base64
from facechain_ext.identity import Identity
from facechain_ext.identity.library import CardLibrary
from facechain_ext.recipes.arguments import LARGEST
from facechain_ext.recipes.job import Person
from facechain_ext.recipes.regions import assign_regions, parse_box
from facechain_ext.ui.uploads import uploaded as page_upload

if TYPE_CHECKING:
    from facechain_ext.recipes.arguments import FaceArguments


@dataclass(frozen=True)
class Found:
    """Everybody who is to be in the picture, what of the request was left out, and what is doubtful, in sentences."""

    people: tuple[Person, ...]
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def find_person(arguments: FaceArguments) -> Identity:
    """The identity of the card or, without one, of the photos; then mixed with the second card if it has a share.

    Raises PhotoError when there is neither, or no photo can be used, and WeightsError for a card that cannot be read.
    """
    if arguments.card:
        first = CardLibrary().load(arguments.card)
    elif arguments.photos:
        first = encode(arguments.photos, arguments.face)
    else:
        raise PhotoError("there is no photo and no card; add a photo of the person or switch FaceChain off.")
    if not arguments.mixes:
        return first
    share = arguments.mix_share / 100.0
    mix = Identity.mix([(first, 1.0 - share), (CardLibrary().load(arguments.mix_with), share)])
    return replace(mix, notes=mix.notes or first.notes)


def said_of(arguments: FaceArguments, person: Identity) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What of the arguments is not in ``person``, and what is doubtful about it, in sentences."""
    if arguments.card and arguments.photos:
        return (f"The card {arguments.card} is used; the photos beside it are left out.",), person.notes
    used = len(person.photos) if not arguments.mixes else len(arguments.photos)
    if not arguments.card and used < len(arguments.photos):
        return person.notes, ()
    return (), person.notes


def find_people(arguments: FaceArguments) -> Found:
    """Everybody who is to be in the picture, each with a region when there are several.

    Raises HostError when their boxes do not go together, and what ``find_person`` raises.
    """
    asked = [arguments]
    asked += [
        replace(arguments, card=other.card, photos=other.photos, face=LARGEST, mix_with="")
        for other in arguments.people
    ]
    found = [find_person(one) for one in asked]
    first = Person(found[0], arguments.strength, arguments.window)
    people = assign_regions(first, parse_box(arguments.box), list(zip(found[1:], arguments.people, strict=True)))
    left_out: list[str] = []
    warnings: list[str] = []
    for number, (one, person) in enumerate(zip(asked, found, strict=True), 1):
        label = f"Person {number}: " if len(asked) > 1 else ""
        for kept, sentences in zip((left_out, warnings), said_of(one, person), strict=True):
            kept += [label + sentence for sentence in sentences]
    return Found(people, tuple(left_out), tuple(warnings))


def encode(photos: tuple[Any, ...], face: int = LARGEST, name: str = "") -> Identity:
    """The person in pictures as requests and pages hand them over; raises PhotoError as Identity.from_photos does."""
    from facechain_ext.hosts.webui import models

    sources = [picture_of(photo) for photo in photos]
    return Identity.from_photos(sources, models.encoder(), face=None if face == LARGEST else face, name=name)


def picture_of(photo: Any) -> Any:
    """A picture from a request's base64 text, or from a file of the page; text is never taken for a file name.

    Raises PhotoError for anything else.
    """
    if isinstance(photo, str):
        return decode_base64(photo)
    if isinstance(photo, Path) or hasattr(photo, "shape") or hasattr(photo, "getexif"):
        return photo
    raise PhotoError("A photo is a picture in base64 or an uploaded file; this is neither.")


def uploaded(file: Any) -> Path:
    """The file that the page has uploaded, as gradio hands it over (an object with a name, or its path).

    Raises PhotoError when it lies outside the folders where gradio keeps uploads.
    """
    return page_upload(file, _upload_folders())


def _upload_folders() -> list[str]:
    """Where the webui keeps uploads besides gradio's own folder."""
    from modules import shared

    chosen = getattr(shared.opts, "temp_dir", "")
    return [chosen] if chosen else []
