"""The layout and the event handlers of the People page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.identity.consent import CONSENT, NOTICE, agree, agreed
from facechain_ext.identity.library import CardLibrary
from facechain_ext.storage.owner import current_owner
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates
from facechain_ext.ui.hidden_text import hidden_text
from facechain_ext.ui.html import note_html
from facechain_ext.ui.people import card_actions, gallery
from facechain_ext.ui.people.share_list import read_shares, share_list_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.ui.host import PageHost


@dataclass(frozen=True)
class _LibraryPanel:
    """The library's components; ``chosen`` holds the name of the open card."""

    query: Component
    tiles: Component
    chosen: Component
    facts: Component
    status: Component
    mix_cards: Component

    @property
    def outputs(self) -> list[Component]:
        """The outputs of any change of the library: status, tiles, open card, cards to mix."""
        return [self.status, self.tiles, self.chosen, self.mix_cards]


def build(host: PageHost) -> None:
    """Build the notice until it is agreed to, then library, open card, import and mix."""
    consented = agreed()
    refresh = gr.Button("Refresh", elem_id="facechain_people_refresh", elem_classes=["facechain-hidden"])
    with gr.Column(visible=not consented, elem_id="facechain_people_notice") as notice:
        gr.HTML("<h3>Before the first card</h3>" + note_html(*NOTICE))
        yes = gr.Button("I have read this and agree", variant="primary", elem_id="facechain_people_agree")
        refusal = gr.HTML("", elem_id="facechain_people_agree_status")
    with gr.Column(visible=consented, elem_id="facechain_people_body") as body, gr.Row():
        with gr.Column(scale=3, min_width=300):
            query = gr.Textbox("", label="Search people", max_lines=1, elem_id="facechain_people_search")
            tiles = gr.HTML("", elem_id="facechain_people_tiles")
        with gr.Column(scale=2, min_width=300):
            status = gr.HTML("", elem_id="facechain_people_status")
            chosen = hidden_text("facechain_people_card")
            facts = gr.HTML(note_html("Click a card to open it."), elem_id="facechain_people_facts")
            mix_cards = gr.Dropdown(
                [], value=[], multiselect=True, max_choices=card_actions.MAX_MIXED, label="Cards to mix", render=False,
                elem_id="facechain_people_mix_cards",
            )  # fmt: skip
            panel = _LibraryPanel(query, tiles, chosen, facts, status, mix_cards)
            _build_card_section(panel)
            _build_import_section(host, panel)
            _build_mix_section(panel)

    def on_refresh(search: str) -> Updates:
        accepted = agreed()
        return [gr.update(visible=not accepted), gr.update(visible=accepted), *library_updates(search)]

    def on_agree(search: str) -> Updates:
        try:
            agree()
        except FaceChainError as error:
            return [*on_refresh(search), note_html(str(error))]
        return [*on_refresh(search), ""]

    notice_outputs = [notice, body, tiles, mix_cards]
    refresh.click(on_refresh, [query], notice_outputs, **HIDDEN_PROGRESS)
    yes.click(on_agree, [query], [*notice_outputs, refusal], **HIDDEN_PROGRESS)
    query.change(gallery.tiles_html, [query, chosen], [tiles], **HIDDEN_PROGRESS)


def _build_card_section(panel: _LibraryPanel) -> None:
    """Build the section that renames, exports and deletes the open card."""
    with gr.Row():
        new = gr.Textbox("", label="New name", max_lines=1, elem_id="facechain_people_new", min_width=140)
        rename = gr.Button("Rename", elem_id="facechain_people_rename", min_width=80)
    with gr.Row():
        export = gr.Button("Export as a file", elem_id="facechain_people_export")
        share = gr.Button("Share, or take back", elem_id="facechain_people_share", visible=not current_owner().known)
        delete = gr.Button("Delete …", elem_id="facechain_people_delete")
    with gr.Column(visible=False, elem_id="facechain_people_sure") as confirmation_row:
        question = gr.HTML("")
        with gr.Row():
            yes = gr.Button("Yes, delete it", variant="stop", elem_id="facechain_people_delete_yes")
            no = gr.Button("Keep it", elem_id="facechain_people_delete_no")
    file = gr.HTML("", elem_id="facechain_people_file")
    card_to_delete = gr.State("")

    def on_open(name: str) -> Updates:
        closed = [gr.update(visible=False), ""]
        if not name:
            return [note_html("Click a card to open it."), "", *closed]
        try:
            return [gallery.card_details_html(name), name, *closed]
        except FaceChainError as error:
            return [note_html(str(error), "A damaged card cannot be repaired; delete it."), name, *closed]

    def on_delete(name: str) -> Updates:
        if not name:
            return [note_html("Choose a card first."), gr.update(), gr.update(), ""]
        description = f"Delete {name}? Its file is removed and cannot be brought back."
        return ["", gr.update(visible=True), note_html(description), name]

    def on_confirm_delete(name: str, open_card: str, search: str) -> Updates:
        updates = _apply_change(
            lambda: card_actions.delete_card(name), f"Deleted {name}.", search, "" if name == open_card else open_card
        )
        return [*updates, gr.update(visible=False)]

    def on_rename(name: str, new_name: str, search: str) -> Updates:
        return _apply_change(
            lambda: card_actions.rename_card(name, new_name), f"{name} is called {new_name.strip()} now.", search
        )

    def on_export(name: str) -> Updates:
        try:
            content = card_actions.export_card_html(name)
        except FaceChainError as error:
            return [note_html(str(error)), ""]
        return [note_html(f"The browser saves {name}. Whoever has the file can make pictures of this person."), content]

    def on_share(name: str, search: str) -> Updates:
        try:
            message = card_actions.toggle_sharing(name)
        except FaceChainError as error:
            return [note_html(str(error)), *[gr.update()] * 3, gr.update()]
        return [note_html(message), *_refreshed(search, name), gallery.card_details_html(name)]

    panel.chosen.change(
        on_open, [panel.chosen], [panel.facts, new, confirmation_row, card_to_delete], **HIDDEN_PROGRESS
    )
    rename.click(on_rename, [panel.chosen, new, panel.query], panel.outputs)
    export.click(on_export, [panel.chosen], [panel.status, file])
    share.click(on_share, [panel.chosen, panel.query], [*panel.outputs, panel.facts])
    delete.click(
        on_delete, [panel.chosen], [panel.status, confirmation_row, question, card_to_delete], **HIDDEN_PROGRESS
    )
    yes.click(on_confirm_delete, [card_to_delete, panel.chosen, panel.query], [*panel.outputs, confirmation_row])
    no.click(lambda: gr.update(visible=False), [], [confirmation_row], **HIDDEN_PROGRESS)


def _build_import_section(host: PageHost, panel: _LibraryPanel) -> None:
    """Build the section that imports a card file."""
    with gr.Accordion("Import a card", open=False, elem_id="facechain_people_import_panel"):
        name = gr.Textbox("", label="Name of the imported card", info="Empty takes the file's name.", max_lines=1,
                          elem_id="facechain_people_import_name")  # fmt: skip
        consent = gr.Checkbox(value=False, label=f"{CONSENT} (import)", elem_id="facechain_people_consent")
        file = gr.File(
            label="A card's file (.safetensors)",
            file_types=[".safetensors"],
            elem_id="facechain_people_import",
            elem_classes=["facechain-drop"],
        )

    def on_import(upload: object, new_name: str, consents: object, search: str) -> Updates:
        if upload is None:
            return [*[gr.update()] * 4, None]
        description = "Imported the card."
        return [
            *_apply_change(
                lambda: card_actions.import_card(host, upload, new_name or "", agreed=bool(consents)),
                description,
                search,
            ),
            None,
        ]

    file.upload(on_import, [file, name, consent, panel.query], [*panel.outputs, file])


def _build_mix_section(panel: _LibraryPanel) -> None:
    """Build the section that mixes several cards."""
    with gr.Accordion("Mix people", open=False, elem_id="facechain_people_mix_panel"):
        gr.HTML(note_html("A face between those of two or more cards. Only the ratio of the shares counts."))
        panel.mix_cards.render()
        sliders = gr.HTML("", elem_id="facechain_people_shares")
        shares = hidden_text("facechain_people_share_values")
        mix_status = gr.HTML("", elem_id="facechain_people_mix_words")
        name = gr.Textbox("", label="Name of the mix", max_lines=1, elem_id="facechain_people_mix_name")
        make = gr.Button("Mix", elem_id="facechain_people_mix")

    def description(names: list[str], text: str) -> str:
        chosen = names or []
        try:
            return note_html(card_actions.mix_description(chosen, read_shares(text, len(chosen))))
        except FaceChainError as error:
            return note_html(str(error))

    def on_choose_cards(names: list[str], text: str) -> Updates:
        shown = list(names or [])[: card_actions.MAX_MIXED]
        return [description(names, text), share_list_html(shown, read_shares(text, len(shown)))]

    def on_mix(names: list[str], new_name: str, search: str, text: str) -> Updates:
        chosen = names or []
        return _apply_change(
            lambda: card_actions.mix_cards(chosen, read_shares(text, len(chosen)), new_name),
            "Kept the mix as a card.",
            search,
        )

    panel.mix_cards.change(on_choose_cards, [panel.mix_cards, shares], [mix_status, sliders], **HIDDEN_PROGRESS)
    shares.change(description, [panel.mix_cards, shares], [mix_status], **HIDDEN_PROGRESS)
    make.click(on_mix, [panel.mix_cards, name, panel.query, shares], panel.outputs)


def library_updates(search: str, chosen: str = "") -> Updates:
    """Updates of the tiles and of the choices of cards to mix."""
    return [gallery.tiles_html(search or "", chosen), gr.update(choices=CardLibrary().names())]


def _apply_change(change: Callable[[], str | None], description: str, search: str, otherwise: str = "") -> Updates:
    """Apply ``change``, which returns the card to open, and refresh the library; an error becomes the status."""
    try:
        chosen = change() or otherwise
    except FaceChainError as error:
        return [note_html(str(error)), *[gr.update()] * 3]
    return [note_html(description), *_refreshed(search, chosen)]


def _refreshed(search: str, chosen: str) -> Updates:
    """Updates of the tiles, the open card and the cards to mix."""
    tiles, choices = library_updates(search, chosen)
    return [tiles, chosen, choices]
