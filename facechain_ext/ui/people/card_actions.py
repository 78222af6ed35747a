"""What changes the library from the page: renaming, deleting, importing, exporting, mixing."""

from __future__ import annotations

import base64
import html
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from facechain_ext.errors import PhotoError
from facechain_ext.identity import Identity
from facechain_ext.identity.library import SUFFIX, CardLibrary
from facechain_ext.ui.portrait.who import CONSENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Pixels
    from facechain_ext.ui.host import PageHost

MOST_MIXED = 6
"""Cards of one mix; each has a slider on the page."""
_LARGEST_EXPORT = 64 << 20
"""Bytes of a card that go through the page; a card of 100 photos is smaller."""


def renamed(name: str, wanted: str) -> str:
    """Give a card another name and return it; raises FaceChainError, and the card is then as it was."""
    CardLibrary().rename(_chosen(name), (wanted or "").strip())
    return wanted.strip()


def deleted(name: str) -> None:
    """Delete a card; raises FaceChainError when there is none of that name."""
    CardLibrary().delete(_chosen(name))


def imported(host: PageHost, file: Any, name: str = "", *, agreed: bool) -> str:
    """Take an uploaded card into the library under ``name``, or under its file's; gives the name.

    The upload itself is removed: it is a copy that deleting the card would not reach. Raises FaceChainError for a file
    that is no card of this version, for a name that is not safe, or without consent.
    """
    path = host.uploaded(file)
    try:
        if not agreed:
            raise PhotoError(f"Tick “{CONSENT}” before a card is imported, then choose the file again.")
        original = Path(getattr(file, "orig_name", None) or path.name).name
        return CardLibrary().add(path, name.strip() or original.removesuffix(SUFFIX))
    finally:
        path.unlink(missing_ok=True)


def exported(name: str) -> str:
    """The card for the browser, which saves it as a file: the page itself keeps no copy of it anywhere.

    Raises FaceChainError for a card that cannot be read.
    """
    library = CardLibrary()
    library.load(_chosen(name))  # a damaged card is not given away as a good one
    path = library.path(name)
    if path.stat().st_size > _LARGEST_EXPORT:
        raise PhotoError(f"This card is too large for the browser; copy {path}.")
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"<span class='facechain-file' data-name='{html.escape(path.name)}' data-content='{content}'></span>"


def mixed(names: Sequence[str], shares: Sequence[float], name: str) -> str:
    """Keep a mix of two or more cards as a new card; ``shares`` are 0..100, only their ratio counts. Gives the name.

    Raises FaceChainError for fewer than two cards with a share, cards that do not go together, or a name that is taken.
    """
    library, wanted = CardLibrary(), (name or "").strip()
    library.path(wanted)  # a name that cannot be is refused before anything is computed
    parts = _parts(names, shares)
    people = [(library.load(one), share) for one, share in parts]
    label = mix_words(names, shares)
    person = Identity.mix(people, name=wanted)
    library.save(replace(person, thumbnail=_strips(people), notes=(f"Mixed: {label}.",)), wanted)
    return wanted


def mix_words(names: Sequence[str], shares: Sequence[float]) -> str:
    """Who counts how much, in words; raises PhotoError as ``mixed`` does."""
    parts = _parts(names, shares)
    total = sum(share for _, share in parts)
    return ", ".join(f"{100 * share / total:.0f} % {name}" for name, share in parts)


def _parts(names: Sequence[str], shares: Sequence[float]) -> list[tuple[str, float]]:
    parts = [(name, min(float(share or 0), 100.0)) for name, share in zip(names, shares, strict=False)]
    used = [(name, share) for name, share in parts if share > 0]
    if len(names) > MOST_MIXED:
        raise PhotoError(f"At most {MOST_MIXED} cards are mixed; take some off.")
    if len(used) < 2:
        raise PhotoError("Choose two or more cards, and give each a share above 0.")
    return used


def _strips(people: Sequence[tuple[Identity, float]]) -> Pixels:
    """A thumbnail of a mix: a strip of the middle of everybody's, as wide as the share."""
    first = people[0][0].thumbnail
    height, width = first.shape[:2]
    ends = np.round(np.cumsum([share for _, share in people]) / sum(share for _, share in people) * width).astype(int)
    strips, start = [], 0
    for (person, _), end in zip(people, ends, strict=True):
        picture = person.thumbnail if person.thumbnail.shape == first.shape else np.full_like(first, 255)
        left = (width - (end - start)) // 2
        strips.append(picture[:, left : left + end - start])
        start = end
    return np.ascontiguousarray(np.concatenate(strips, axis=1)) if height else first


def _chosen(name: str) -> str:
    if not name:
        raise PhotoError("Choose a card first.")
    return name
