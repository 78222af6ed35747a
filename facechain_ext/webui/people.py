"""From the settings of a run to the person: pictures out of requests and pages, cards by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import PhotoError
from facechain_ext.faces.base64_text import decode_base64
from facechain_ext.identity import Identity
from facechain_ext.identity.library import CardLibrary
from facechain_ext.page.uploads import uploaded as page_upload
from facechain_ext.portrait.arguments import LARGEST
from facechain_ext.portrait.job import Person
from facechain_ext.portrait.regions import parse_box, together

if TYPE_CHECKING:
    from facechain_ext.portrait.arguments import FaceArguments


def find_person(arguments: FaceArguments) -> Identity:
    """The identity of the card or, without one, of the photos.

    Raises PhotoError when there is neither, or no photo can be used, and WeightsError for a card that cannot be read.
    """
    if arguments.card:
        return CardLibrary().load(arguments.card)
    if not arguments.photos:
        raise PhotoError("there is no photo and no card; add a photo of the person or switch FaceChain off.")
    return encode(arguments.photos, arguments.face)


def find_people(arguments: FaceArguments) -> tuple[Person, ...]:
    """Everybody who is to be in the picture, each with a region when there are several.

    Raises HostError when their boxes do not go together, and what ``find_person`` raises.
    """
    first = Person(find_person(arguments), arguments.strength, arguments.window)
    others = [
        (find_person(replace(arguments, card=other.card, photos=other.photos, face=LARGEST)), other)
        for other in arguments.people
    ]
    return together(first, parse_box(arguments.box), others)


def encode(photos: tuple[Any, ...], face: int = LARGEST, name: str = "") -> Identity:
    """The person in pictures as requests and pages hand them over; raises PhotoError as Identity.from_photos does."""
    from facechain_ext.webui import models

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
