"""The Who column: photos, their faces and weights, cards, mixing, keeping."""

from __future__ import annotations

import html
from collections.abc import Iterator  # noqa: TC003 - gradio reads the annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.identity.library import CardLibrary
from facechain_ext.ui.html import bar, note
from facechain_ext.ui.portrait.components import WhoParts
from facechain_ext.ui.portrait.who import CONSENT, MOST_PHOTOS, PhotoPreview, Who, keep_mix, keep_photos, look

if TYPE_CHECKING:
    from facechain_ext.ui.host import PageHost


@dataclass(frozen=True)
class _Photos:
    """Where photos come in, and a row for each: its frame, its view, its weight, its button."""

    drop: Any
    rows: list[Any]
    views: list[Any]
    weights: list[Any]
    removes: list[Any]


@dataclass(frozen=True)
class _Keep:
    """Keeping the person as a card."""

    name: Any
    agreed: Any
    save: Any
    save_mix: Any


def build(host: PageHost) -> WhoParts:
    """Build the column and wire it."""
    gr.HTML("<h3>Who</h3>")
    photos = _photos()
    with gr.Column(scale=0, elem_id="facechain_notes"):  # takes no more room than its words
        used = gr.HTML("")  # apart: the next photo or button replaces the notes, and who is used must stay said
        notes = gr.HTML("")
    face = gr.Slider(
        0,
        20,
        0,
        step=1,
        label="Face number",
        info="Which of the photo, from the left; 0 takes the largest.",
        elem_id="facechain_face",
    )
    cards = ["", *CardLibrary().names()]
    card = gr.Dropdown(
        cards,
        value="",
        label="Card",
        info="A person who was kept under a name, instead of photos.",
        elem_id="facechain_card",
    )
    with gr.Row():
        second = gr.Dropdown(cards, value="", label="Mix with", elem_id="facechain_second", min_width=120)
        mix = gr.Slider(
            0,
            100,
            0,
            step=1,
            label="Share, %",
            info="How much of the second one.",
            elem_id="facechain_mix",
            min_width=120,
        )
    with gr.Accordion("Keep as a card", open=False, elem_id="facechain_keep_card"):
        keep = _Keep(
            gr.Textbox("", label="Name of a new card", max_lines=1, elem_id="facechain_card_name"),
            gr.Checkbox(value=False, label=CONSENT, elem_id="facechain_card_consent"),
            gr.Button("Save as card", elem_id="facechain_card_save"),
            gr.Button("Save the mix as card", elem_id="facechain_card_save_mix", visible=False),
        )
    parts = WhoParts(gr.State([]), face, card, second, mix, photos.weights, notes)
    _wire_photos(host, photos, parts)
    _wire_cards(host, keep, parts, used)
    return parts


def _photos() -> _Photos:
    drop = gr.File(
        label="Photos of one person: drop, choose or paste", file_count="multiple", file_types=["image"],
        elem_id="facechain_photos",
    )  # fmt: skip
    rows, views, weights, removes = [], [], [], []
    for number in range(1, MOST_PHOTOS + 1):
        with gr.Row(visible=False, elem_id=f"facechain_photo_{number}") as row:
            with gr.Column(scale=5, min_width=180):
                views.append(gr.HTML("", elem_id=f"facechain_look_{number}"))
                weights.append(gr.Slider(0, 1, 1, step=0.05, label="Weight", elem_id=f"facechain_weight_{number}"))
            removes.append(gr.Button("✕", elem_id=f"facechain_remove_{number}", elem_classes=["facechain-tool"]))
        rows.append(row)
    return _Photos(drop, rows, views, weights, removes)


def _wire_photos(host: PageHost, photos: _Photos, parts: WhoParts) -> None:
    """Adding photos instead of the card, looking again for another face, removing."""
    stays = [gr.update()] * (1 + 3 * MOST_PHOTOS)
    listing = [parts.looks, parts.notes, *photos.rows, *photos.views, *photos.weights]

    def add(files: Any, looks: list[PhotoPreview], number: float, card: str, *counts: Any) -> Iterator[list[Any]]:
        new = files if isinstance(files, list) else [files] if files else []
        looks, said = list(looks or []), []
        before = len(looks)
        room = MOST_PHOTOS - before
        if len(new) > room:
            said.append(f"{MOST_PHOTOS} photos at most; {len(new) - room} are left out. Remove one with ✕ first.")
        for done, file in enumerate(new[:room]):
            yield [gr.update(), gr.update(), bar(done, len(new[:room]), "Looking at the photo …"), *stays]
            try:
                looks.append(look(host.uploaded(file), int(number or 0) or None))
            except FaceChainError as error:
                said.append(str(error))
        chosen, words = instead(card, looks[before:])
        yield [None, looks, note(*words, *said), *_rows(looks, list(counts)), chosen]

    def again(looks: list[PhotoPreview], number: float, *counts: Any) -> list[Any]:
        looks = [look(one.path, int(number or 0) or None) for one in looks or []]
        return [looks, "", *_rows(looks, list(counts))]

    def removal(position: int) -> Any:
        def remove(looks: list[PhotoPreview], *counts: Any) -> list[Any]:
            left = [one for n, one in enumerate(looks or []) if n != position]
            return [left, "", *_rows(left, [c for n, c in enumerate(counts) if n != position])]

        return remove

    photos.drop.upload(
        add,
        [photos.drop, parts.looks, parts.face, parts.card, *photos.weights],
        [photos.drop, *listing, parts.card],
        show_progress="hidden",
    )
    parts.face.release(again, [parts.looks, parts.face, *photos.weights], listing, show_progress="minimal")
    for position, button in enumerate(photos.removes):
        button.click(removal(position), [parts.looks, *photos.weights], listing, show_progress="hidden")


def _wire_cards(host: PageHost, keep: _Keep, parts: WhoParts, used: Any) -> None:
    """Saying who is used, and keeping."""

    def save(wanted: str, consent: bool, *values: Any) -> list[Any]:  # noqa: FBT001 - gradio's way
        wanted = (wanted or "").strip()
        try:
            words = keep_photos(host, Who.of(values[0] or [], values[1:]), wanted, agreed=consent)
        except FaceChainError as error:
            return [gr.update(), gr.update(), note(str(error))]
        names = ["", *CardLibrary().names()]
        return [gr.update(choices=names, value=wanted), gr.update(choices=names), note(words)]

    def save_mix(wanted: str, consent: bool, *values: Any) -> list[Any]:  # noqa: FBT001 - gradio's way
        wanted = (wanted or "").strip()
        try:
            words = keep_mix(host, Who.of(values[0] or [], values[1:]), wanted, agreed=consent)
        except FaceChainError as error:
            return [gr.update(), gr.update(), gr.update(), note(str(error))]
        names = ["", *CardLibrary().names()]
        return [gr.update(choices=names, value=wanted), gr.update(choices=names, value=""), 0, note(words)]

    def changed(card: str, second: str, mix: float) -> list[Any]:
        return [about(card, second, mix), gr.update(visible=bool(second) and mix > 0)]

    told = [parts.card, parts.second, parts.mix]
    for event in (parts.card.change, parts.second.change, parts.mix.release):
        event(changed, told, [used, keep.save_mix], show_progress="hidden")
    given = [keep.name, keep.agreed, *parts.inputs]
    keep.save.click(save, given, [parts.card, parts.second, parts.notes])
    keep.save_mix.click(save_mix, given, [*told, parts.notes])


def _rows(looks: list[PhotoPreview], counts: list[Any]) -> list[Any]:
    """Updates of the photos' rows: frames, views, weights."""
    there = [number < len(looks) for number in range(MOST_PHOTOS)]
    counts = [*counts, *[1.0] * MOST_PHOTOS][:MOST_PHOTOS]
    return [
        *(gr.update(visible=one) for one in there),
        *(shown(looks[n]) if one else "" for n, one in enumerate(there)),
        *(gr.update(value=counts[n] if one else 1.0) for n, one in enumerate(there)),
    ]


def shown(one: PhotoPreview) -> str:
    """A photo as HTML: its aligned face, its name, and how good it is."""
    name = html.escape(one.path.name)
    picture = f"<img src='{one.picture}' alt='aligned face of {name}'>" if one.picture else ""
    kind = "" if one.usable else " class='facechain-refused'"
    return f"<div class='facechain-photo'>{picture}<p{kind}><b>{name}</b><br>{html.escape(one.words)}</p></div>"


def instead(card: str, new: list[PhotoPreview]) -> tuple[Any, list[str]]:
    """What to set the chosen card to after ``new`` photos were added, and what to say of it."""
    if card and any(one.usable for one in new):
        return "", [f"The photos are used now, not the card {card}. Remove those of anybody else with ✕."]
    return gr.update(), []


def about(card: str, second: str, mix: float) -> str:
    """Who is used when a card is chosen."""
    said = [f"The card {card} is used, not the photos."] if card else []
    if second and mix:
        said.append(f"{100 - mix:g} % {card or 'the person of the photos'}, {mix:g} % {second}.")
    elif second:
        said.append(f"Move the slider to mix {second} in.")
    return note(*said)
