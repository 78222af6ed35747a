"""The accordion's row for keeping a person as a card, or deleting one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError, PhotoError
from facechain_ext.hosts.webui.people import encode, uploaded
from facechain_ext.ui.html import note_html
from facechain_ext.ui.portrait.person import CONSENT, save_card

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.identity import Identity

log = logging.getLogger(__name__)


def build(elem_id: Callable[[str], str], *, photos: Any, face: Any, card: Any, notes: Any) -> None:
    """Add the row; it fills the drop-down ``card`` and says in ``notes`` what happened."""
    with gr.Row():
        name = gr.Textbox(label="Name", placeholder="Name of a new card", elem_id=elem_id("card_name"))
        consent = gr.Checkbox(value=False, label=CONSENT, elem_id=elem_id("card_consent"))
    with gr.Row():
        keep = gr.Button("Save as card", elem_id=elem_id("card_save"))
        remove = gr.Button("Delete card …", elem_id=elem_id("card_delete"))
    with gr.Column(visible=False, elem_id=elem_id("card_sure")) as sure:
        question = gr.HTML("")
        with gr.Row():
            yes = gr.Button("Yes, delete it", variant="stop", elem_id=elem_id("card_delete_yes"))
            no = gr.Button("Keep it", elem_id=elem_id("card_delete_no"))
    asked = gr.State("")
    keep.click(save, [photos, face, name, consent], [card, notes])
    remove.click(ask, [card], [sure, question, asked, notes], show_progress="hidden")
    yes.click(delete, [asked], [card, notes]).then(close, [], [sure], show_progress="hidden")
    no.click(close, [], [sure], show_progress="hidden")
    card.change(close, [], [sure], show_progress="hidden")


def save(photos: Any, face: float, name: str, consent: bool) -> tuple[Any, str]:  # noqa: FBT001 - gradio's way
    """Keep the person of the photos under ``name``; gives the drop-down with the card chosen, and a sentence."""
    from facechain_ext.identity.library import CardLibrary

    def make() -> Identity:
        if not photos:
            raise PhotoError("There is no photo to make a card of; add one.")
        return encode(tuple(uploaded(photo) for photo in photos), int(face), name.strip())

    try:
        words = save_card(make, name, agreed=consent)
    except FaceChainError as error:
        return gr.update(), note_html(str(error))
    log.info("saved a card")
    return gr.update(choices=["", *CardLibrary().names()], value=name.strip()), note_html(words)


def ask(card: str) -> tuple[Any, str, str, Any]:
    """Open the question whether to delete the chosen card, and note which one it is about."""
    if not card:
        return gr.update(visible=False), "", "", note_html("Choose the card to delete.")
    words = f"Delete {card}? Its file is removed and cannot be brought back."
    return gr.update(visible=True), note_html(words), card, ""


def close() -> Any:
    """Take the question away."""
    return gr.update(visible=False)


def delete(card: str) -> tuple[Any, str]:
    """Delete the card that was asked about; nothing of it stays."""
    from facechain_ext.identity.library import CardLibrary

    try:
        if not card:
            raise PhotoError("Choose the card to delete.")
        CardLibrary().delete(card)
    except FaceChainError as error:
        return gr.update(), note_html(str(error))
    return gr.update(choices=["", *CardLibrary().names()], value=""), note_html(f"Deleted {card}.")
