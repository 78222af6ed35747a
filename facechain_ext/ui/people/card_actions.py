"""Changes of the card library: renaming, deleting, importing, exporting, mixing."""

from __future__ import annotations

import base64
import html
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.errors import InputError, PhotoError
from facechain_ext.identity.consent import CONSENT
from facechain_ext.identity.library import SUFFIX, CardLibrary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.ui.host import PageHost

MAX_MIXED = 6
"""Cards of one mix; each has a slider on the page."""
_LARGEST_EXPORT = 64 << 20
"""Largest card in bytes that is sent to the browser; a card of 100 photos is smaller."""


def rename_card(name: str, new_name: str) -> str:
    """Rename a card and return its new name; raises FaceChainError, and the card is unchanged then."""
    CardLibrary().rename(_require_name(name), (new_name or "").strip())
    return new_name.strip()


def toggle_sharing(name: str) -> str:
    """Let every login see and use a card, or take that back; the sentence for the page.

    Raises FaceChainError when it does not exist or belongs to others.
    """
    library = CardLibrary()
    shared = library.is_shared(_require_name(name))
    library.share(name, on=not shared)
    return f"{name} is yours alone again." if shared else f"Every login of this webui can use {name} now."


def delete_card(name: str) -> None:
    """Delete a card; raises FaceChainError when it does not exist."""
    CardLibrary().delete(_require_name(name))


def import_card(host: PageHost, file: object, name: str = "", *, agreed: bool) -> str:
    """Import an uploaded card as ``name``, or under its file's name; returns the name.

    The uploaded file is deleted, because deleting the card would leave that copy. Raises FaceChainError for a file
    that is no card of this version, for a name that is not safe, or without consent.
    """
    path = host.uploaded_path(file)
    try:
        if not agreed:
            raise PhotoError(f"Tick “{CONSENT}” before a card is imported, then choose the file again.")
        original = Path(getattr(file, "orig_name", None) or path.name).name
        return CardLibrary().add(path, name.strip() or original.removesuffix(SUFFIX))
    finally:
        path.unlink(missing_ok=True)


def export_card_html(name: str) -> str:
    """The card as base64 in HTML, which the browser saves as a file; no copy is left on the server.

    Raises FaceChainError for a card that cannot be read.
    """
    library = CardLibrary()
    library.load(_require_name(name))  # a damaged card must not be exported
    path = library.path(name)
    if path.stat().st_size > _LARGEST_EXPORT:
        raise PhotoError(f"This card is too large for the browser; copy {path}.")
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"<span class='facechain-file' data-name='{html.escape(path.name)}' data-content='{content}'></span>"


def mix_cards(names: Sequence[str], shares: Sequence[float], name: str) -> str:
    """Save a mix of two or more cards as a new card and return its name; ``shares`` are 0..100, relative.

    Raises FaceChainError for fewer than two cards with a share, cards that do not go together, or a name that is taken.
    """
    library, new_name = CardLibrary(), (name or "").strip()
    library.path(new_name)  # an invalid name is rejected before the computation
    shares_by_name = _nonzero_shares(names, shares)
    identities = [(library.load(card_name), share) for card_name, share in shares_by_name]
    label = mix_description(names, shares)
    from facechain_ext.identity import Identity

    person = Identity.mix(identities, name=new_name)
    library.save(replace(person, thumbnail=_mix_thumbnail(identities), notes=(f"Mixed: {label}.",)), new_name)
    return new_name


def mix_description(names: Sequence[str], shares: Sequence[float]) -> str:
    """The share of each card in percent, as text; raises InputError as ``mix_cards`` does."""
    shares_by_name = _nonzero_shares(names, shares)
    total = sum(share for _, share in shares_by_name)
    return ", ".join(f"{100 * share / total:.0f} % {name}" for name, share in shares_by_name)


def _nonzero_shares(names: Sequence[str], shares: Sequence[float]) -> list[tuple[str, float]]:
    shares_by_name = [(name, min(float(share or 0), 100.0)) for name, share in zip(names, shares, strict=False)]
    nonzero = [(name, share) for name, share in shares_by_name if share > 0]
    if len(names) > MAX_MIXED:
        raise InputError(f"At most {MAX_MIXED} cards are mixed; take some off.")
    if len(nonzero) < 2:
        raise InputError("Choose two or more cards, and give each a share above 0.")
    return nonzero


def _mix_thumbnail(identities: Sequence[tuple[Identity, float]]) -> Pixels:
    """The thumbnail of a mix: the middle strip of each thumbnail, as wide as its share."""
    first = identities[0][0].thumbnail
    height, width = first.shape[:2]
    ends = np.round(
        np.cumsum([share for _, share in identities]) / sum(share for _, share in identities) * width
    ).astype(int)
    strips, start = [], 0
    for (person, _), end in zip(identities, ends, strict=True):
        picture = person.thumbnail if person.thumbnail.shape == first.shape else np.full_like(first, 255)
        left = (width - (end - start)) // 2
        strips.append(picture[:, left : left + end - start])
        start = end
    return np.ascontiguousarray(np.concatenate(strips, axis=1)) if height else first


def _require_name(name: str) -> str:
    if not name:
        raise InputError("Choose a card first.")
    return name
