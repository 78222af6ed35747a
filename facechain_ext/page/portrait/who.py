"""Who is in the picture: photos with weights, a card, or a mix of two cards."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import FaceChainError, PhotoError
from facechain_ext.identity import Identity
from facechain_ext.identity.library import CardLibrary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from facechain_ext.page.host import PageHost

MOST_PHOTOS = 6
"""Photos that have a slider of their own; further ones count fully."""
CONSENT = "The person agrees to it"
"""What has to be ticked before a face is kept."""


@dataclass(frozen=True)
class Who:
    """What the page says about the person; ``mix`` 0..100 is how much ``second`` takes over from the first."""

    photos: tuple[Path, ...]
    weights: tuple[float, ...]
    face: int | None
    card: str
    second: str
    mix: float

    @staticmethod
    def of(host: PageHost, values: Sequence[Any]) -> Who:
        """From the components' values: files, face, card, second card, mix, and the weights.

        Raises PhotoError for a file that was not uploaded.
        """
        files, face, card, second, mix, *weights = values
        photos = tuple(host.uploaded(file) for file in files or ())
        counts = [1.0 if w is None else float(w) for w in weights[: len(photos)]]
        counts += [1.0] * (len(photos) - len(counts))
        return Who(photos, tuple(counts), int(face or 0) or None, card or "", second or "", float(mix or 0))


def person(host: PageHost, who: Who) -> Identity:
    """The identity that is meant: the card if one is chosen, else the photos; then mixed with the second card.

    Raises PhotoError when nobody is given or no photo can be used, WeightsError for a card that cannot be read.
    """
    if who.card:
        first = CardLibrary().load(who.card)
    elif who.photos:
        first = Identity.from_photos(list(who.photos), host.encoder(), face=who.face, weights=who.weights)
    else:
        raise PhotoError("There is no photo and no card; drop a photo of the person, or choose a card.")
    if not who.second or who.mix <= 0:
        return first
    second = CardLibrary().load(who.second)
    share = min(who.mix, 100.0) / 100.0
    return Identity.mix([(first, 1.0 - share), (second, share)])


def save_card(host: PageHost, who: Who, name: str, *, agreed: bool) -> str:
    """Keep the person under ``name``; gives the sentence for the page.

    Raises PhotoError without the person's consent, WeightsError for a name that is taken or not safe.
    """
    if not agreed:
        raise PhotoError(f"A card holds what a face looks like. Tick “{CONSENT}” when that is so.")
    kept = person(host, who)
    CardLibrary().save(kept, name.strip())
    return f"Saved {name.strip()}."


def seen(host: PageHost, who: Who) -> tuple[list[tuple[Any, str]], str]:
    """The aligned faces with a name each, and what is doubtful about the photos as HTML."""
    try:
        found = person(host, who)
    except FaceChainError as error:
        return [], note(str(error))
    names = [fact.name or f"photo {number}" for number, fact in enumerate(found.photos, 1)]
    pictures = list(zip(list(found.aligned), names, strict=True))
    return pictures, note(*(found.notes or (f"Ready. Identity {found.digest}.",)))


def note(*sentences: str) -> str:
    """Sentences for the page, with nothing in them that a browser would run."""
    return "".join(f"<p class='facechain-note'>{html.escape(sentence)}</p>" for sentence in sentences)
