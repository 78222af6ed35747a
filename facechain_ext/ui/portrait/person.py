"""The person of a portrait: photos with weights, a card, or a mix of two people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.errors import PhotoError
from facechain_ext.faces.attributes import AGES, estimate_attributes
from facechain_ext.identity import Identity, prepare_face
from facechain_ext.identity.consent import CONSENT
from facechain_ext.identity.library import CardLibrary
from facechain_ext.recipes.subject import subject_of, subject_words
from facechain_ext.ui.html import data_url
from facechain_ext.ui.portrait.person_request import PersonRequest, PhotoPreview

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from facechain_ext.recipes.subject import Gender
    from facechain_ext.styles import Subject
    from facechain_ext.ui.host import PageHost

_TYPICAL_AGES = dict(zip(AGES, (1, 6, 15, 25, 35, 45, 55, 65, 75), strict=True))
"""A typical age in years for each age group of the attribute classifier."""


def preview_photo(path: Path, face: int | None = None) -> PhotoPreview:
    """The aligned face of a photo and its quality; an unusable photo has the reason as its message."""
    try:
        picture = faces.read_picture(path)
        prepared = prepare_face(picture, face, faces.detector(), faces.head_masker())
    except PhotoError as error:
        return PhotoPreview(path, "", str(error), usable=False)
    message = " ".join(prepared.notes or ["Good."])
    return PhotoPreview(path, data_url(prepared.aligned), message, usable=True)


def load_identity(host: PageHost, person: PersonRequest) -> Identity:
    """The identity of the card, else of the photos, mixed with the second card if there is one.

    Raises PhotoError when nobody is given or no photo can be used, InputError for a card that is not there,
    WeightsError for one that cannot be read.
    """
    if person.card:
        first = CardLibrary().load(person.card)
    elif person.photos:
        first = _identity_from_photos(host, person)
    else:
        raise PhotoError("There is no photo and no card; add a photo of the person, or choose a card.")
    if not person.second or person.mix <= 0:
        return first
    second = CardLibrary().load(person.second)
    share = min(person.mix, 100.0) / 100.0
    return Identity.mix([(first, 1.0 - share), (second, share)])


def save_photos_card(host: PageHost, person: PersonRequest, name: str, *, agreed: bool) -> str:
    """Save the person of the photos as a card, ignoring the chosen cards; returns the status message.

    Raises PhotoError when no photo shows a face, and what ``save_card`` raises.
    """

    def make() -> Identity:
        if not person.photos:
            raise PhotoError("A card is made of photos, and none here shows a face; add one.")
        return _identity_from_photos(host, person, name.strip())

    return save_card(make, name, agreed=agreed)


def save_mix_card(host: PageHost, person: PersonRequest, name: str, *, agreed: bool) -> str:
    """Save the chosen mix as a card; returns the status message.

    Raises PhotoError when nobody is mixed in, and what ``load_identity`` and ``save_card`` raise.
    """

    def make() -> Identity:
        if not person.second or person.mix <= 0:
            raise PhotoError("Nobody is mixed in. Choose a card under “Mix with” and give it a share.")
        mix = load_identity(host, person)
        label = f"{100 - person.mix:g} % {person.card or 'the photos'}, {person.mix:g} % {person.second}"
        return replace(mix, name=name.strip(), notes=(f"Mixed: {label}.",))

    return save_card(make, name, agreed=agreed, replaces="instead of the mix")


def _identity_from_photos(host: PageHost, person: PersonRequest, name: str = "") -> Identity:
    return Identity.from_photos(
        list(person.photos), host.encoder(), face=person.face, weights=person.weights, name=name
    )


def guess_subject(path: Path, face: int | None = None) -> tuple[str, Subject]:
    """A subject prompt and a style subject, guessed from the age and gender that a photo shows.

    Raises PhotoError for a photo without a face, HostError when nothing here can guess.
    """
    picture = faces.read_picture(path)
    attributes = estimate_attributes(picture.pixels, faces.choose_face(faces.detector().detect(picture.pixels), face))
    gender: Gender = "man" if attributes.gender == "male" else "woman"
    years = _TYPICAL_AGES[attributes.age]
    return subject_words(gender, years), subject_of(gender, years)


def save_card(make: Callable[[], Identity], name: str, *, agreed: bool, replaces: str = "instead of the photos") -> str:
    """Save the identity that ``make`` returns as the card ``name``; the sentence for the page, ending in ``replaces``.

    Raises PhotoError without the person's consent, InputError for a name that is taken or not safe, and what ``make``
    raises.
    """
    if not agreed:
        raise PhotoError(f"A card holds what a face looks like. Tick “{CONSENT}” when that is so.")
    library = CardLibrary()
    library.path(name.strip())  # an invalid name is rejected before the computation
    identity = make()
    library.save(identity, name.strip())
    return " ".join([f"Saved {name.strip()}; it is used from now on {replaces}.", *identity.notes])
