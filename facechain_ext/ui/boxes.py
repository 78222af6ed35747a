"""The canvas on which boxes for several people are drawn, handled by ``javascript/facechain_boxes.js``."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.recipes.regions import BOXLESS
from facechain_ext.ui.html import deferred

if TYPE_CHECKING:
    from collections.abc import Sequence

_CSS = Path(__file__).with_name("boxes.css").read_text(encoding="utf-8")
_HINT = (
    "Choose a card and draw its box; drag a box to move it, its corner to resize it. Keys: arrows, Shift and arrows, "
    "Delete. Without boxes everybody has a column."
)
_NO_CARD = "Choose a card for the box first. Cards are saved people: add a photo and keep it as a card."


@dataclass(frozen=True)
class BoxFields:
    """Element ids of the fields with the boxes and with the picture's size."""

    people: str
    box: str
    width: str
    height: str


def boxes_html(fields: BoxFields, cards: Sequence[str]) -> str:
    """The canvas as HTML that comes into the page when it is first seen; the text fields hold the values.

    ``cards`` are the choices for a new box.
    """
    choices = "".join(f"<option>{html.escape(name)}</option>" for name in cards)
    ids = " ".join(f'data-{name}="{html.escape(getattr(fields, name))}"' for name in fields.__dataclass_fields__)
    return deferred(
        f"<style>{_CSS}</style><div class='facechain-boxes-panel'>"
        f"<div class='facechain-boxes' {ids}></div>"
        "<span data-word='first' hidden>this person</span><span data-word='remove' hidden>Remove the box</span>"
        f"<div class='facechain-boxes-row'><select aria-label='Card of the next box'><option value=''>card …</option>"
        f"{choices}</select><button type='button' data-act='add'>Add</button>"
        "<button type='button' data-act='columns'>Columns</button></div>"
        f"<p class='facechain-boxes-note' role='status' hidden>{_NO_CARD}</p>"
        f"<p class='facechain-boxes-note facechain-boxless' role='status' hidden>{BOXLESS}</p>"
        f"<p class='facechain-note'>{_HINT}</p></div>"
    )
