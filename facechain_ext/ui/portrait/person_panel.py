"""The Who column: photos with face previews and weights, cards, mixing, and saving a card."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.identity.consent import CONSENT
from facechain_ext.identity.library import CardLibrary
from facechain_ext.lazy_names import late_module
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates, UpdateStream
from facechain_ext.ui.html import bar, note_html
from facechain_ext.ui.portrait.components import PersonColumn
from facechain_ext.ui.portrait.person_request import MAX_PHOTOS, PersonRequest, PhotoPreview

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.portrait import person
else:
    person = late_module("facechain_ext.ui.portrait.person")


@dataclass(frozen=True)
class _PhotoRows:
    """The upload field and, for each photo, its row with preview, weight slider and remove button."""

    drop: Component
    rows: list[Component]
    previews: list[Component]
    weights: list[Component]
    remove_buttons: list[Component]


@dataclass(frozen=True)
class _CardForm:
    """The fields and buttons that save the person as a card."""

    name: Component
    agreed: Component
    save: Component
    save_mix: Component


def build(host: PageHost) -> PersonColumn:
    """Build the column and wire it."""
    gr.HTML("<h3>Who</h3>")
    photos = _build_photo_rows()
    with gr.Column(scale=0, elem_id="facechain_notes"):  # no higher than its text
        used_person = gr.HTML("")  # separate from the notes, which the next event replaces
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
        card_form = _CardForm(
            gr.Textbox("", label="Name of a new card", max_lines=1, elem_id="facechain_card_name"),
            gr.Checkbox(value=False, label=CONSENT, elem_id="facechain_card_consent"),
            gr.Button("Save as card", elem_id="facechain_card_save"),
            gr.Button("Save the mix as card", elem_id="facechain_card_save_mix", visible=False),
        )
    column = PersonColumn(gr.State([]), face, card, second, mix, photos.weights, notes)
    _wire_photos(host, photos, column)
    _wire_cards(host, card_form, column, used_person)
    return column


def _build_photo_rows() -> _PhotoRows:
    drop = gr.File(
        label="Photos of one person: drop, choose or paste", file_count="multiple", file_types=["image"],
        elem_id="facechain_photos", elem_classes=["facechain-drop"],
    )  # fmt: skip
    rows, previews, weights, remove_buttons = [], [], [], []
    for number in range(1, MAX_PHOTOS + 1):
        with gr.Row(visible=False, elem_id=f"facechain_photo_{number}") as row:
            with gr.Column(scale=5, min_width=180):
                previews.append(gr.HTML("", elem_id=f"facechain_look_{number}"))
                weights.append(gr.Slider(0, 1, 1, step=0.05, label="Weight", elem_id=f"facechain_weight_{number}"))
            remove_buttons.append(gr.Button("✕", elem_id=f"facechain_remove_{number}", elem_classes=["facechain-tool"]))
        rows.append(row)
    return _PhotoRows(drop, rows, previews, weights, remove_buttons)


def _wire_photos(host: PageHost, photos: _PhotoRows, column: PersonColumn) -> None:
    """Register the handlers that add photos, select another face and remove photos."""
    unchanged = [gr.update()] * (1 + 3 * MAX_PHOTOS)
    row_outputs = [column.previews, column.notes, *photos.rows, *photos.previews, *photos.weights]

    def on_add(files: object, previews: list[PhotoPreview], number: float, card: str, *weights: object) -> UpdateStream:
        new = files if isinstance(files, list) else [files] if files else []
        previews, notes = list(previews or []), []
        before = len(previews)
        free_rows = MAX_PHOTOS - before
        if len(new) > free_rows:
            notes.append(f"{MAX_PHOTOS} photos at most; {len(new) - free_rows} are left out. Remove one with ✕ first.")
        for done, file in enumerate(new[:free_rows]):
            yield [gr.update(), gr.update(), bar(done, len(new[:free_rows]), "Looking at the photo …"), *unchanged]
            try:
                previews.append(person.preview_photo(host.uploaded_path(file), int(number or 0) or None))
            except FaceChainError as error:
                notes.append(str(error))
        card_update, messages = clear_card(card, previews[before:])
        yield [None, previews, note_html(*messages, *notes), *_row_updates(previews, list(weights)), card_update]

    def on_face_number(previews: list[PhotoPreview], number: float, *weights: object) -> Updates:
        previews = [person.preview_photo(one.path, int(number or 0) or None) for one in previews or []]
        return [previews, "", *_row_updates(previews, list(weights))]

    def make_remove_handler(position: int) -> Callable[..., Updates]:
        def on_remove(previews: list[PhotoPreview], *weights: object) -> Updates:
            remaining = [one for n, one in enumerate(previews or []) if n != position]
            return [remaining, "", *_row_updates(remaining, [w for n, w in enumerate(weights) if n != position])]

        return on_remove

    photos.drop.upload(
        on_add,
        [photos.drop, column.previews, column.face, column.card, *photos.weights],
        [photos.drop, *row_outputs, column.card],
        **HIDDEN_PROGRESS,
    )
    column.face.release(
        on_face_number, [column.previews, column.face, *photos.weights], row_outputs, show_progress="minimal"
    )
    for position, button in enumerate(photos.remove_buttons):
        button.click(make_remove_handler(position), [column.previews, *photos.weights], row_outputs, **HIDDEN_PROGRESS)


def _wire_cards(host: PageHost, card_form: _CardForm, column: PersonColumn, used_person: Component) -> None:
    """Register the handlers that name the person in use and save cards."""

    def on_save(card_name: str, consent: object, previews: list[PhotoPreview], *values: object) -> Updates:
        card_name = (card_name or "").strip()
        try:
            message = person.save_photos_card(
                host, PersonRequest.from_values(previews or [], values), card_name, agreed=bool(consent)
            )
        except FaceChainError as error:
            return [gr.update(), gr.update(), note_html(str(error))]
        names = ["", *CardLibrary().names()]
        return [gr.update(choices=names, value=card_name), gr.update(choices=names), note_html(message)]

    def on_save_mix(card_name: str, consent: object, previews: list[PhotoPreview], *values: object) -> Updates:
        card_name = (card_name or "").strip()
        try:
            message = person.save_mix_card(
                host, PersonRequest.from_values(previews or [], values), card_name, agreed=bool(consent)
            )
        except FaceChainError as error:
            return [gr.update(), gr.update(), gr.update(), note_html(str(error))]
        names = ["", *CardLibrary().names()]
        return [gr.update(choices=names, value=card_name), gr.update(choices=names, value=""), 0, note_html(message)]

    def on_change(card: str, second: str, mix: float) -> Updates:
        return [used_person_html(card, second, mix), gr.update(visible=bool(second) and mix > 0)]

    card_inputs = [column.card, column.second, column.mix]
    for event in (column.card.change, column.second.change, column.mix.release):
        event(on_change, card_inputs, [used_person, card_form.save_mix], **HIDDEN_PROGRESS)
    for event in (column.card.input, column.second.input):  # what was said of the last choice does not concern this one
        event(lambda: "", [], [column.notes], **HIDDEN_PROGRESS)
    save_inputs = [card_form.name, card_form.agreed, *column.inputs]
    card_form.save.click(on_save, save_inputs, [column.card, column.second, column.notes])
    card_form.save_mix.click(on_save_mix, save_inputs, [*card_inputs, column.notes])


def _row_updates(previews: list[PhotoPreview], weights: list[object]) -> Updates:
    """Updates of the photos' rows: visibility, previews, weights."""
    present = [number < len(previews) for number in range(MAX_PHOTOS)]
    weights = [*weights, *[1.0] * MAX_PHOTOS][:MAX_PHOTOS]
    return [
        *(gr.update(visible=one) for one in present),
        *(preview_html(previews[n]) if one else "" for n, one in enumerate(present)),
        *(gr.update(value=weights[n] if one else 1.0) for n, one in enumerate(present)),
    ]


def preview_html(preview: PhotoPreview) -> str:
    """HTML of a photo's aligned face, name and quality."""
    name = html.escape(preview.path.name)
    picture = f"<img src='{preview.picture}' alt='aligned face of {name}'>" if preview.picture else ""
    css_class = "" if preview.usable else " class='facechain-refused'"
    return (
        f"<div class='facechain-photo'>{picture}<p{css_class}><b>{name}</b><br>{html.escape(preview.message)}</p></div>"
    )


def clear_card(card: str, new: list[PhotoPreview]) -> tuple[object, list[str]]:
    """The update of the chosen card after ``new`` photos were added, and the messages about it."""
    if card and any(one.usable for one in new):
        return "", [f"The photos are used now, not the card {card}. Remove those of anybody else with ✕."]
    return gr.update(), []


def used_person_html(card: str, second: str, mix: float) -> str:
    """A note about the person that is used when a card or a mix is chosen."""
    notes = [f"The card {card} is used, not the photos."] if card else []
    if second and mix:
        notes.append(f"{100 - mix:g} % {card or 'the person of the photos'}, {mix:g} % {second}.")
    elif second:
        notes.append(f"Move the slider to mix {second} in.")
    return note_html(*notes)
