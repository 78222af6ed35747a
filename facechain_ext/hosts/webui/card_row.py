"""The accordion's row for saving a person as a card, and for deleting a card.

gradio evaluates the annotations of the event handlers here, so they use built-in types only.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.errors import FaceChainError, PhotoError
from facechain_ext.identity.consent import CONSENT
from facechain_ext.ui.html import note_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.hosts.webui.host_types import Component
    from facechain_ext.identity import Identity

log = logging.getLogger(__name__)


def build(
    elem_id: Callable[[str], str], *, photos: Component, face: Component, card: Component, notes: Component
) -> None:
    """Add the row; its events update the drop-down ``card`` and write their outcome into ``notes``."""
    with gr.Row():
        name = gr.Textbox(label="Name", placeholder="Name of a new card", elem_id=elem_id("card_name"))
        consent = gr.Checkbox(value=False, label=CONSENT, elem_id=elem_id("card_consent"))
    with gr.Row():
        save_button = gr.Button("Save as card", elem_id=elem_id("card_save"))
        delete_button = gr.Button("Delete card …", elem_id=elem_id("card_delete"))
    with gr.Column(visible=False, elem_id=elem_id("card_sure")) as confirmation:
        question = gr.HTML("")
        with gr.Row():
            confirm = gr.Button("Yes, delete it", variant="stop", elem_id=elem_id("card_delete_yes"))
            cancel = gr.Button("Keep it", elem_id=elem_id("card_delete_no"))
    card_to_delete = gr.State("")
    save_button.click(save_photos, [photos, face, name, consent], [card, notes])
    delete_button.click(ask_to_delete, [card], [confirmation, question, card_to_delete, notes], show_progress="hidden")
    deleted = confirm.click(delete, [card_to_delete], [card, notes])
    for event in (deleted.then, cancel.click, card.change):
        event(close_question, [], [confirmation], show_progress="hidden")


def save_photos(photos: list[object] | None, face: float, name: str, consent: bool) -> tuple[dict[str, object], str]:
    """Save the person in the photos as the card ``name``; returns the drop-down with it selected, and a note."""
    from facechain_ext.hosts.webui.people import encode_photos, uploaded
    from facechain_ext.identity.library import CardLibrary
    from facechain_ext.ui.portrait.person import save_card

    def make() -> Identity:
        if not photos:
            raise PhotoError("There is no photo to make a card of; add one.")
        return encode_photos(tuple(uploaded(photo) for photo in photos), int(face), name.strip())

    try:
        message = save_card(make, name, agreed=consent)
    except FaceChainError as error:
        return gr.update(), note_html(str(error))
    log.info("saved a card")
    return gr.update(choices=["", *CardLibrary().names()], value=name.strip()), note_html(message)


def ask_to_delete(card: str) -> tuple[dict[str, object], str, str, dict[str, object] | str]:
    """Open the question whether to delete the selected card; returns also the name that it is about."""
    if not card:
        return gr.update(visible=False), "", "", note_html("Choose the card to delete.")
    message = f"Delete {card}? Its file is removed and cannot be brought back."
    return gr.update(visible=True), note_html(message), card, ""


def close_question() -> dict[str, object]:
    """Hide the question."""
    hidden: dict[str, object] = gr.update(visible=False)
    return hidden


def delete(card: str) -> tuple[dict[str, object], str]:
    """Delete the card that the question is about, with its file."""
    from facechain_ext.identity.library import CardLibrary

    try:
        if not card:
            raise PhotoError("Choose the card to delete.")
        CardLibrary().delete(card)
    except FaceChainError as error:
        return gr.update(), note_html(str(error))
    return gr.update(choices=["", *CardLibrary().names()], value=""), note_html(f"Deleted {card}.")
