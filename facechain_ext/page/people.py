"""The People page: the library of cards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from PIL import Image

from facechain_ext.errors import FaceChainError, PhotoError
from facechain_ext.identity.library import CardLibrary
from facechain_ext.page.portrait.who import CONSENT
from facechain_ext.page.words import note

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.page.host import PageHost

_NOTICE = (
    "A card holds what a face looks like, on this machine only. Keep one only of people who agree to it. "
    "Deleting a card removes its file; pictures made with it stay where they are."
)


def build(host: PageHost) -> None:
    """Search, look, rename, delete, import."""
    gr.HTML(note(_NOTICE))
    with gr.Row():
        with gr.Column(scale=2, min_width=280):
            with gr.Row():
                query = gr.Textbox("", label="Search people", elem_id="facechain_people_search")
                show = gr.Button("Show", elem_id="facechain_people_show")
            gallery = gr.Gallery(label="People", columns=5, height=380, elem_id="facechain_people_gallery")
        with gr.Column(scale=1, min_width=280):
            card = gr.Dropdown(CardLibrary().names(), label="Card of the library", elem_id="facechain_people_card")
            facts = gr.HTML("", elem_id="facechain_people_facts")
            new = gr.Textbox("", label="New name", elem_id="facechain_people_new")
            rename = gr.Button("Rename", elem_id="facechain_people_rename")
            sure = gr.Checkbox(value=False, label="Yes, delete this card", elem_id="facechain_people_sure")
            delete = gr.Button("Delete", elem_id="facechain_people_delete")
            agreed = gr.Checkbox(value=False, label=f"{CONSENT} (import)", elem_id="facechain_people_consent")
            upload = gr.File(label="Import a card", file_types=[".safetensors"], elem_id="facechain_people_import")
    names = gr.State([])

    def look(search: str) -> list[Any]:
        found, pictures, troubles = shelf(search or "")
        return [pictures, found, gr.update(choices=CardLibrary().names()), note(*troubles)]

    def choose(known: list[str], event: gr.SelectData) -> str:
        return known[int(event.index)]

    def describe(name: str) -> str:
        if not name:
            return ""
        try:
            return about(name)
        except FaceChainError as error:
            return note(str(error))

    def act(work: Callable[[], str | None], words: str) -> list[Any]:
        try:
            chosen = work()
        except FaceChainError as error:
            return [note(str(error)), *[gr.update()] * 3]
        found, pictures, _ = shelf("")
        return [note(words), pictures, found, gr.update(choices=CardLibrary().names(), value=chosen)]

    def do_rename(name: str, wanted: str) -> list[Any]:
        return act(lambda: renamed(name, wanted), f"{name} is called {wanted.strip()} now.")

    def do_delete(name: str, certain: bool) -> list[Any]:  # noqa: FBT001 - gradio's way
        return act(lambda: deleted(name, certain=certain), f"Deleted {name}.")

    def do_import(file: Any, consent: bool) -> list[Any]:  # noqa: FBT001 - gradio's way
        if file is None:
            return [gr.update()] * 4
        return act(lambda: imported(host, file, agreed=consent), "Imported the card.")

    listing = [gallery, names, card, facts]
    show.click(look, [query], listing)
    query.submit(look, [query], listing)
    gallery.select(choose, [names], [card])
    card.change(describe, [card], [facts])
    changed = [facts, gallery, names, card]
    rename.click(do_rename, [card, new], changed)
    delete.click(do_delete, [card, sure], changed)
    upload.upload(do_import, [upload, agreed], changed)


def shelf(search: str) -> tuple[list[str], list[tuple[Image.Image, str]], list[str]]:
    """Names and thumbnails of the cards that match, and a sentence for each that cannot be read."""
    library = CardLibrary()
    found, pictures, troubles = [], [], []
    for name in library.names(search):
        try:
            thumbnail = library.load(name).thumbnail
        except FaceChainError as error:  # the other cards are shown all the same
            troubles.append(str(error))
            continue
        pictures.append((Image.fromarray(thumbnail), name))
        found.append(name)
    return found, pictures, troubles


def about(name: str) -> str:
    """What a card says of itself, for the page; never a number of the face."""
    library = CardLibrary()
    person = library.load(name)
    photos = ", ".join(fact.name for fact in person.photos)
    # the page offers no download: gradio would keep a copy of the card that deleting does not reach
    where = f"To take it elsewhere, copy {library.path(name)}."
    lines = [f"{name}: identity {person.digest}, {len(person.photos)} photos ({photos}).", f"Encoder {person.encoder}."]
    return note(*lines, where, *person.notes)


def renamed(name: str, wanted: str) -> str:
    """Give a card another name; raises FaceChainError."""
    if not name:
        raise PhotoError("Choose a card first.")
    CardLibrary().rename(name, wanted.strip())
    return wanted.strip()


def deleted(name: str, *, certain: bool) -> None:
    """Delete a card once the user is certain; raises FaceChainError."""
    if not name:
        raise PhotoError("Choose a card first.")
    if not certain:
        raise PhotoError(f"Tick “Yes, delete this card” to delete {name}.")
    CardLibrary().delete(name)


def imported(host: PageHost, file: Any, *, agreed: bool) -> str:
    """Take an uploaded card into the library; raises FaceChainError for a file that is none, or without consent."""
    if not agreed:
        raise PhotoError(f"Tick “{CONSENT}” before a card is imported, then choose the file again.")
    path = host.uploaded(file)
    original = Path(getattr(file, "orig_name", None) or path.name).name
    try:
        return CardLibrary().add(path, original.removesuffix(".safetensors"))
    finally:
        path.unlink(missing_ok=True)  # the upload is a copy that deleting the card would not reach
