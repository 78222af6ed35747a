"""Restoring settings from a picture, and presets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.identity.library import CardLibrary
from facechain_ext.lazy_names import late_module
from facechain_ext.ui.confirmation import build_confirmation, hide_confirmation, show_confirmation
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates
from facechain_ext.ui.html import note_html
from facechain_ext.ui.portrait import presets
from facechain_ext.ui.portrait.form import NAMES, form_from_values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.ui import pnginfo
    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.portrait import infotext
    from facechain_ext.ui.portrait.components import GenerationColumn, PersonColumn
    from facechain_ext.ui.portrait.result_panel import ResultColumn
else:
    pnginfo, infotext = late_module("facechain_ext.ui.pnginfo"), late_module("facechain_ext.ui.portrait.infotext")


def build(person: PersonColumn, generation: GenerationColumn, result: ResultColumn, host: PageHost) -> Component:
    """Build and wire the sections below the result; returns the drop-down of the presets."""
    _build_restore(person, generation, result, host)
    return _build_presets(generation)


def _build_restore(person: PersonColumn, generation: GenerationColumn, result: ResultColumn, host: PageHost) -> None:
    """The section that takes the settings of a picture over; what comes of it stands in the section."""
    with gr.Accordion("Restore settings from a picture", open=False, elem_id="facechain_restore_panel"):
        status = gr.HTML(
            note_html("Drop a picture made here or in the webui, or paste its settings into the field above."),
            elem_id="facechain_restore_status",
        )
        picture = gr.File(
            label="Picture", file_types=["image"], elem_id="facechain_pnginfo", elem_classes=["facechain-drop"]
        )
        restore = gr.Button("Restore from the settings above", elem_id="facechain_restore")

    person_components = [person.card, person.second, person.mix, person.face]
    unchanged: Updates = [gr.update()] * (len(NAMES) + len(person_components) + 1)

    def on_restore(text: str) -> Updates:
        try:
            restored = infotext.from_infotext(text or "", host.capabilities(), CardLibrary().names())
        except FaceChainError as error:
            return [note_html(str(error)), *unchanged]
        form = [restored.form[name] for name in NAMES]
        person = (restored.card, restored.second, restored.mix, restored.face)
        return [note_html("Restored.", *restored.notes), None, *form, *person]

    def on_upload(file: object) -> Updates:
        try:
            text = pnginfo.read_infotext(host.uploaded_path(file))
        except FaceChainError as error:
            return [gr.update(), note_html(str(error)), *unchanged]
        if not text:
            message = "This picture holds no settings; choose the file as it was saved."
            return [gr.update(), note_html(message), *unchanged]
        return [text, *on_restore(text)]

    outputs = [status, generation.suggested, *generation.inputs, *person_components]
    restore.click(on_restore, [result.infotext], outputs, **HIDDEN_PROGRESS)
    picture.upload(on_upload, [picture], [result.infotext, *outputs], **HIDDEN_PROGRESS)


def _build_presets(generation: GenerationColumn) -> Component:
    """The section of named settings; saving over one and deleting ask first. Returns its drop-down."""
    with gr.Accordion("Presets", open=False, elem_id="facechain_presets"):
        preset: Component = gr.Dropdown(
            presets.names(), label="Preset", allow_custom_value=True, elem_id="facechain_preset",
            info="Choose one, or write a new name.",
        )  # fmt: skip
        with gr.Row():
            load = gr.Button("Load", size="sm", min_width=60, elem_id="facechain_preset_load")
            save = gr.Button("Save", size="sm", min_width=60, elem_id="facechain_preset_save")
            delete = gr.Button("Delete", size="sm", min_width=60, elem_id="facechain_preset_delete")
        status = gr.HTML("", elem_id="facechain_preset_status")
        replacing = build_confirmation("facechain_preset_replace", "Yes, replace it")
        deleting = build_confirmation("facechain_preset_delete", "Yes, delete it")

    def on_save(name: str, *values: object) -> Updates:
        try:
            if presets.exists(name or ""):
                message = f"There is a preset {name.strip()} already. Replace it by the settings of now?"
                return ["", gr.update(), *show_confirmation(message, name)]
        except FaceChainError as error:
            return [note_html(str(error)), gr.update(), *hide_confirmation()]
        return on_confirm_replace(name, *values)

    def on_confirm_replace(name: str, *values: object) -> Updates:
        return [*_save_preset(name or "", values), *hide_confirmation()]

    def on_delete(name: str) -> Updates:
        try:
            if presets.exists(name or ""):
                return ["", *show_confirmation(f"Delete the preset {name.strip()}? It cannot be brought back.", name)]
        except FaceChainError as error:
            return [note_html(str(error)), *hide_confirmation()]
        return [note_html(f"There is no preset called {name}."), *hide_confirmation()]

    def on_confirm_delete(name: str) -> Updates:
        return [
            *_change_presets(lambda: presets.delete(name or ""), f"Deleted the preset {name}.", None),
            *hide_confirmation(),
        ]

    def on_load(name: str) -> Updates:
        try:
            form = presets.load(name or "")
        except FaceChainError as error:
            return [note_html(str(error)), gr.update(), *[gr.update()] * len(NAMES)]
        return [note_html(f"Loaded the preset {name}."), None, *(form[key] for key in NAMES)]

    save_outputs = [status, preset, *replacing.outputs]
    delete_outputs = [status, preset, *deleting.outputs]
    save.click(on_save, [preset, *generation.inputs], save_outputs, **HIDDEN_PROGRESS)
    replacing.yes.click(on_confirm_replace, [replacing.subject, *generation.inputs], save_outputs, **HIDDEN_PROGRESS)
    delete.click(on_delete, [preset], [status, *deleting.outputs], **HIDDEN_PROGRESS)
    deleting.yes.click(on_confirm_delete, [deleting.subject], delete_outputs, **HIDDEN_PROGRESS)
    load.click(on_load, [preset], [status, generation.suggested, *generation.inputs], **HIDDEN_PROGRESS)
    return preset


def _save_preset(name: str, values: Sequence[object]) -> Updates:
    """Save the form's values as a preset; the updates of status and list."""
    return _change_presets(lambda: presets.save(name, form_from_values(values)), f"Saved the preset {name}.", name)


def _change_presets(change: Callable[[], object], message: str, chosen: str | None) -> Updates:
    """Apply ``change`` and refresh the list; the status is ``message`` or the error."""
    try:
        change()
    except FaceChainError as error:
        return [note_html(str(error)), gr.update()]
    return [note_html(message), gr.update(choices=presets.names(), value=chosen.strip() if chosen else None)]
