"""The card library as HTML: tiles, and the details of one card."""

from __future__ import annotations

import datetime as dt
import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.errors import FaceChainError
from facechain_ext.identity.library import CardLibrary
from facechain_ext.methods.fact.files import adapter_files
from facechain_ext.methods.registry import registered_methods
from facechain_ext.storage.owner import current_owner
from facechain_ext.ui.html import data_url, note_html, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.identity import Identity

MAX_TILES = 120
"""Tiles that are shown at most, to keep the page fast; a search finds the others."""
_MAX_FACES = 12


@dataclass(frozen=True)
class CardTile:
    """One card's thumbnail as a data URL, or the error that prevents it."""

    name: str
    picture: str = ""
    error: str = ""


def card_tiles(search: str = "") -> list[CardTile]:
    """The first 120 cards whose name contains ``search``; an unreadable one has an ``error``."""
    return [_load_tile(name) for name in CardLibrary().names(search.strip())[:MAX_TILES]]


def _load_tile(name: str) -> CardTile:
    try:
        return CardTile(name, data_url(CardLibrary().facts(name).thumbnail))
    except FaceChainError as error:  # the other cards are still shown
        return CardTile(name, error=str(error))


def tiles_html(search: str = "", chosen: str = "") -> str:
    """The tiles of the library; pictures are embedded, so that no file of a face is left on the server."""
    tiles, count = card_tiles(search), len(CardLibrary().names(search.strip()))
    if not tiles:
        words = f"No name contains “{search.strip()}”." if search.strip() else "There is no card yet. Keep one on the "
        return note_html(words if search.strip() else f"{words}Portrait page (Keep as a card), or import one.")
    more = note_html(f"{count - len(tiles)} more are not shown; search for their names.") if count > len(tiles) else ""
    return f"<div class='facechain-people'>{''.join(_tile_html(one, chosen) for one in tiles)}</div>{more}"


def _tile_html(tile: CardTile, chosen: str) -> str:
    name = html.escape(tile.name)
    inside = f"<img src='{tile.picture}' alt=''>" if tile.picture else "<i>damaged</i>"
    mark = " aria-pressed='true'" if tile.name == chosen else ""
    title = html.escape(tile.error or tile.name)
    return (
        f"<button type='button' class='facechain-person' data-name='{name}' title='{title}'{mark}>"
        f"{inside}<b>{name}</b></button>"
    )


def card_details_html(name: str) -> str:
    """The details of a card, without any number of its embedding. Raises WeightsError as ``load`` does."""
    from facechain_ext.identity.card import card_version

    library = CardLibrary()
    identity = library.load(name)
    state = library.path(name).stat()
    saved = dt.datetime.fromtimestamp(state.st_mtime).astimezone()
    rows = [
        ("Name", name),
        ("Identity", identity.digest),
        ("Saved", f"{saved:%Y-%m-%d %H:%M}"),
        ("Card", f"version {card_version(identity)}, {state.st_size / 1e6:.1f} MB"),
        ("Encoder", identity.encoder[:12]),
        ("Adapters", _adapters_text()),
        ("Methods", _methods_text(identity)),
        ("File", str(library.path(name))),
    ]
    if current_owner().name:
        rows.insert(1, ("Seen by", "all logins" if library.is_shared(name) else current_owner().name))
    return "".join(
        [
            f"<div class='facechain-faces'>{_faces_html(identity)}</div>",
            table((), rows),
            "<h4>Photos</h4>",
            table(("Photo", "Face", "Weight", "Found by", "Masked by"), _photo_rows(identity)),
            note_html(*identity.notes, *_missing_for_methods(identity)),
        ]
    )


def _adapters_text() -> str:
    """The adapters that the card works with: it holds the encoder's tokens, which every adapter projects on use."""
    names = list(adapter_files())
    every = "every adapter for this encoder"
    return f"{every}; here: {', '.join(names)}" if names else f"{every}; none is here yet, see Models"


def _methods_text(identity: Identity) -> str:
    """The methods that the card holds everything for, with the models that trained weights are published for."""
    served = [method for method in registered_methods() if not method.unusable_reason(identity)]
    return ", ".join(" ".join([one.name, *(f"({family})" for family in one.trained_for)]) for one in served)


def _missing_for_methods(identity: Identity) -> list[str]:
    """Why the card does not serve the other methods."""
    reasons = (method.unusable_reason(identity) for method in registered_methods())
    return list(dict.fromkeys(filter(None, reasons)))  # a method's rows for SD1.5 and SDXL may give the same


def _photo_rows(identity: Identity) -> Sequence[Sequence[str]]:
    return [
        (fact.name or "pasted", str(fact.face), f"{weight:.2g}", fact.detector, fact.masker)
        for fact, weight in zip(identity.photos, identity.photo_shares, strict=True)
    ]


def _faces_html(identity: Identity) -> str:
    """The thumbnail and the aligned face of each photo."""
    thumbnail = f"<img class='facechain-thumbnail' src='{data_url(identity.thumbnail)}' alt='thumbnail'>"
    return thumbnail + aligned_faces_html(identity)


def aligned_faces_html(identity: Identity) -> str:
    """The aligned face of each photo, of twelve at most."""
    return "".join(f"<img src='{data_url(one)}' alt='aligned face'>" for one in identity.aligned[:_MAX_FACES])
