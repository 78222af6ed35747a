"""The People page's components and what happens when they are used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.identity.consent import NOTICE, agree, agreed
from facechain_ext.identity.library import CardLibrary
from facechain_ext.ui.html import note
from facechain_ext.ui.people import card_actions, gallery
from facechain_ext.ui.portrait.who import CONSENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.ui.host import PageHost


@dataclass(frozen=True)
class _Shelf:
    """``chosen`` holds the name of the card that is open, ``status`` what was done last."""

    query: Any
    tiles: Any
    chosen: Any
    facts: Any
    status: Any
    mix_cards: Any

    @property
    def changed(self) -> list[Any]:
        """What any change of the library may show: last words, tiles, the open card, the cards to mix."""
        return [self.status, self.tiles, self.chosen, self.mix_cards]


def build(host: PageHost) -> None:
    """The notice, until it was agreed to; then shelf, open card, import, mix."""
    known = agreed()
    refresh = gr.Button("Refresh", elem_id="facechain_people_refresh", elem_classes=["facechain-hidden"])
    with gr.Column(visible=not known, elem_id="facechain_people_notice") as notice:
        gr.HTML("<h3>Before the first card</h3>" + note(*NOTICE))
        yes = gr.Button("I have read this and agree", variant="primary", elem_id="facechain_people_agree")
        refusal = gr.HTML("", elem_id="facechain_people_agree_status")
    with gr.Column(visible=known, elem_id="facechain_people_body") as body, gr.Row():
        with gr.Column(scale=3, min_width=300):
            query = gr.Textbox("", label="Search people", max_lines=1, elem_id="facechain_people_search")
            tiles = gr.HTML("", elem_id="facechain_people_tiles")
        with gr.Column(scale=2, min_width=300):
            status = gr.HTML("", elem_id="facechain_people_status")
            chosen = gr.Textbox("", label="Open card", elem_id="facechain_people_card",
                                elem_classes=["facechain-hidden"])  # fmt: skip
            facts = gr.HTML(note("Click a card to open it."), elem_id="facechain_people_facts")
            mix_cards = gr.Dropdown(
                [], value=[], multiselect=True, max_choices=card_actions.MOST_MIXED, label="Cards to mix", render=False,
                elem_id="facechain_people_mix_cards",
            )  # fmt: skip
            parts = _Shelf(query, tiles, chosen, facts, status, mix_cards)
            _open_card(parts)
            _import(host, parts)
            _mix(parts)

    def look(search: str) -> list[Any]:
        here = agreed()
        return [gr.update(visible=not here), gr.update(visible=here), *_library(search)]

    def agreement(search: str) -> list[Any]:
        try:
            agree()
        except FaceChainError as error:
            return [*look(search), note(str(error))]
        return [*look(search), ""]

    shown = [notice, body, tiles, mix_cards]
    refresh.click(look, [query], shown, show_progress="hidden")
    yes.click(agreement, [query], [*shown, refusal], show_progress="hidden")
    query.change(gallery.tiles_html, [query, chosen], [tiles], show_progress="hidden")


def _open_card(parts: _Shelf) -> None:
    """Renaming, exporting, deleting the card that is open."""
    with gr.Row():
        new = gr.Textbox("", label="New name", max_lines=1, elem_id="facechain_people_new", min_width=140)
        rename = gr.Button("Rename", elem_id="facechain_people_rename", min_width=80)
    with gr.Row():
        export = gr.Button("Export as a file", elem_id="facechain_people_export")
        delete = gr.Button("Delete …", elem_id="facechain_people_delete")
    with gr.Column(visible=False, elem_id="facechain_people_sure") as sure:
        question = gr.HTML("")
        with gr.Row():
            yes = gr.Button("Yes, delete it", variant="stop", elem_id="facechain_people_delete_yes")
            no = gr.Button("Keep it", elem_id="facechain_people_delete_no")
    file = gr.HTML("", elem_id="facechain_people_file")
    asked = gr.State("")

    def describe(name: str) -> list[Any]:
        closed = [gr.update(visible=False), ""]
        if not name:
            return [note("Click a card to open it."), "", *closed]
        try:
            return [gallery.about(name), name, *closed]
        except FaceChainError as error:
            return [note(str(error), "A damaged card cannot be repaired; delete it."), name, *closed]

    def ask(name: str) -> list[Any]:
        if not name:
            return [note("Choose a card first."), gr.update(), gr.update(), ""]
        words = f"Delete {name}? Its file is removed and cannot be brought back."
        return ["", gr.update(visible=True), note(words), name]

    def do_delete(name: str, open_card: str, search: str) -> list[Any]:
        gone = _act(
            lambda: card_actions.deleted(name), f"Deleted {name}.", search, "" if name == open_card else open_card
        )
        return [*gone, gr.update(visible=False)]

    def do_rename(name: str, wanted: str, search: str) -> list[Any]:
        return _act(lambda: card_actions.renamed(name, wanted), f"{name} is called {wanted.strip()} now.", search)

    def do_export(name: str) -> list[Any]:
        try:
            content = card_actions.exported(name)
        except FaceChainError as error:
            return [note(str(error)), ""]
        return [note(f"The browser saves {name}. Whoever has the file can make pictures of this person."), content]

    parts.chosen.change(describe, [parts.chosen], [parts.facts, new, sure, asked], show_progress="hidden")
    rename.click(do_rename, [parts.chosen, new, parts.query], parts.changed)
    export.click(do_export, [parts.chosen], [parts.status, file])
    delete.click(ask, [parts.chosen], [parts.status, sure, question, asked], show_progress="hidden")
    yes.click(do_delete, [asked, parts.chosen, parts.query], [*parts.changed, sure])
    no.click(lambda: gr.update(visible=False), [], [sure], show_progress="hidden")


def _import(host: PageHost, parts: _Shelf) -> None:
    """Taking in a card from elsewhere."""
    with gr.Accordion("Import a card", open=False, elem_id="facechain_people_import_panel"):
        name = gr.Textbox("", label="Name of the imported card", info="Empty takes the file's name.", max_lines=1,
                          elem_id="facechain_people_import_name")  # fmt: skip
        consent = gr.Checkbox(value=False, label=f"{CONSENT} (import)", elem_id="facechain_people_consent")
        file = gr.File(
            label="A card's file (.safetensors)", file_types=[".safetensors"], elem_id="facechain_people_import"
        )

    def take(upload: Any, wanted: str, agrees: bool, search: str) -> list[Any]:  # noqa: FBT001 - gradio's way
        if upload is None:
            return [*[gr.update()] * 4, None]
        words = "Imported the card."
        return [*_act(lambda: card_actions.imported(host, upload, wanted or "", agreed=agrees), words, search), None]

    file.upload(take, [file, name, consent, parts.query], [*parts.changed, file])


def _mix(parts: _Shelf) -> None:
    """Making a new card of several."""
    with gr.Accordion("Mix people", open=False, elem_id="facechain_people_mix_panel"):
        gr.HTML(note("A face between those of two or more cards. Only the ratio of the shares counts."))
        parts.mix_cards.render()
        shares = [
            gr.Slider(0, 100, 50, step=1, label=f"Share of card {number}", visible=False,
                      elem_id=f"facechain_people_share_{number}")
            for number in range(1, card_actions.MOST_MIXED + 1)
        ]  # fmt: skip
        told = gr.HTML("", elem_id="facechain_people_mix_words")
        name = gr.Textbox("", label="Name of the mix", max_lines=1, elem_id="facechain_people_mix_name")
        make = gr.Button("Mix", elem_id="facechain_people_mix")

    def words(names: list[str], *values: float) -> str:
        try:
            return note(card_actions.mix_words(names or [], values))
        except FaceChainError as error:
            return note(str(error))

    def choose(names: list[str], *values: float) -> list[Any]:
        chosen = list(names or [])[: len(shares)]
        rows = [gr.update(visible=True, label=name) for name in chosen]
        return [words(chosen, *values), *rows, *[gr.update(visible=False)] * (len(shares) - len(rows))]

    def do(names: list[str], wanted: str, search: str, *values: float) -> list[Any]:
        return _act(lambda: card_actions.mixed(names or [], values, wanted), "Kept the mix as a card.", search)

    parts.mix_cards.change(choose, [parts.mix_cards, *shares], [told, *shares], show_progress="hidden")
    for share in shares:
        share.release(words, [parts.mix_cards, *shares], [told], show_progress="hidden")
    make.click(do, [parts.mix_cards, name, parts.query, *shares], parts.changed)


def _library(search: str, chosen: str = "") -> list[Any]:
    """The tiles, and the choices of the cards to mix."""
    return [gallery.tiles_html(search or "", chosen), gr.update(choices=CardLibrary().names())]


def _act(work: Callable[[], str | None], words: str, search: str, otherwise: str = "") -> list[Any]:
    """Do ``work``, which gives the card to open then, and show the library; or say why it was not done."""
    try:
        chosen = work() or otherwise
    except FaceChainError as error:
        return [note(str(error)), *[gr.update()] * 3]
    tiles, choices = _library(search, chosen)
    return [note(words), tiles, chosen, choices]
