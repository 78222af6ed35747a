"""Settings from a picture, and named settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.identity.library import CardLibrary
from facechain_ext.ui.html import note
from facechain_ext.ui.pnginfo import text_of
from facechain_ext.ui.portrait import presets
from facechain_ext.ui.portrait.form import NAMES, form_of
from facechain_ext.ui.portrait.infotext import restored
from facechain_ext.ui.question import build_question, closed, opened

if TYPE_CHECKING:
    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.portrait.components import HowParts, WhoParts
    from facechain_ext.ui.portrait.result_panel import ResultParts


def build(who: WhoParts, how: HowParts, result: ResultParts, host: PageHost) -> Any:
    """Build the part below the result and wire it; gives the drop-down of the presets."""
    with gr.Accordion("Restore settings from a picture", open=False, elem_id="facechain_restore_panel"):
        gr.HTML(note("Drop a picture made here or in the webui, or paste its settings into the field above."))
        picture = gr.File(label="Picture", file_types=["image"], elem_id="facechain_pnginfo")
        restore = gr.Button("Restore from the settings above", elem_id="facechain_restore")
    with gr.Accordion("Presets", open=False, elem_id="facechain_presets"):
        preset = gr.Dropdown(
            presets.names(), label="Preset", allow_custom_value=True, elem_id="facechain_preset",
            info="Choose one, or write a new name.",
        )  # fmt: skip
        with gr.Row():
            load = gr.Button("Load", size="sm", min_width=60, elem_id="facechain_preset_load")
            save = gr.Button("Save", size="sm", min_width=60, elem_id="facechain_preset_save")
            delete = gr.Button("Delete", size="sm", min_width=60, elem_id="facechain_preset_delete")
        replacing = build_question("facechain_preset_replace", "Yes, replace it")
        deleting = build_question("facechain_preset_delete", "Yes, delete it")

    people = [who.card, who.second, who.mix, who.face]
    unchanged: list[Any] = [gr.update()] * (len(NAMES) + len(people) + 1)

    def back(text: str) -> list[Any]:
        try:
            told = restored(text or "", host.offers(), CardLibrary().names())
        except FaceChainError as error:
            return [note(str(error)), *unchanged]
        form = [told.form[name] for name in NAMES]
        return [note("Restored.", *told.notes), None, *form, told.card, told.second, told.mix, told.face]

    def back_from(file: Any) -> list[Any]:
        try:
            text = text_of(host.uploaded(file))
        except FaceChainError as error:
            return [gr.update(), note(str(error)), *unchanged]
        if not text:
            return [gr.update(), note("This picture holds no settings; choose the file as it was saved."), *unchanged]
        return [text, *back(text)]

    def keep(name: str, *values: Any) -> list[Any]:
        try:
            if presets.exists(name or ""):
                words = f"There is a preset {name.strip()} already. Replace it by the settings of now?"
                return ["", gr.update(), *opened(words, name)]
        except FaceChainError as error:
            return [note(str(error)), gr.update(), *closed()]
        return replace(name, *values)

    def replace(name: str, *values: Any) -> list[Any]:
        return [*_told(lambda: presets.save(name or "", form_of(values)), f"Saved the preset {name}.", name), *closed()]

    def ask_to_remove(name: str) -> list[Any]:
        try:
            if presets.exists(name or ""):
                return ["", *opened(f"Delete the preset {name.strip()}? It cannot be brought back.", name)]
        except FaceChainError as error:
            return [note(str(error)), *closed()]
        return [note(f"There is no preset called {name}."), *closed()]

    def remove(name: str) -> list[Any]:
        return [*_told(lambda: presets.delete(name or ""), f"Deleted the preset {name}.", None), *closed()]

    def bring(name: str) -> list[Any]:
        try:
            form = presets.load(name or "")
        except FaceChainError as error:
            return [note(str(error)), *unchanged[: len(NAMES) + 1]]
        return [note(f"Loaded the preset {name}."), None, *(form[key] for key in NAMES)]

    hidden = {"show_progress": "hidden"}
    settings = [result.status, how.suggested, *how.inputs]
    restore.click(back, [result.infotext], [*settings, *people], **hidden)
    picture.upload(back_from, [picture], [result.infotext, *settings, *people], **hidden)
    kept = [result.status, preset, *replacing.parts]
    save.click(keep, [preset, *how.inputs], kept, **hidden)
    replacing.yes.click(replace, [replacing.subject, *how.inputs], kept, **hidden)
    delete.click(ask_to_remove, [preset], [result.status, *deleting.parts], **hidden)
    deleting.yes.click(remove, [deleting.subject], [result.status, preset, *deleting.parts], **hidden)
    load.click(bring, [preset], settings, **hidden)
    return preset


def _told(act: Any, words: str, chosen: str | None) -> list[Any]:
    try:
        act()
    except FaceChainError as error:
        return [note(str(error)), gr.update()]
    return [note(words), gr.update(choices=presets.names(), value=chosen.strip() if chosen else None)]
