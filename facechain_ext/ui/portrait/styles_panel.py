"""The styles of the How column: search, gallery, favourites, LoRA downloads, own styles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.styles import (
    StyleError,
    delete_style,
    favourites,
    find_style,
    known_loras,
    own_styles,
    pull_lora,
    save_style,
    set_favourite,
)
from facechain_ext.ui.background_task import ReportProgress, StopSignal, Task
from facechain_ext.ui.confirmation import Confirmation, build_confirmation, hide_confirmation, show_confirmation
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, HtmlStream, Updates, UpdateStream
from facechain_ext.ui.html import bar, note_html
from facechain_ext.ui.portrait import styles
from facechain_ext.ui.portrait.components import build_component
from facechain_ext.ui.portrait.form import NO_LORA, STYLE_LORA, form_from_values
from facechain_ext.ui.portrait.style_pictures import style_pictures

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from facechain_ext.styles import Style
    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.portrait.components import GenerationColumn

SUGGESTED = ("strength", "lora_weight")
"""Settings for which a style suggests a value."""


@dataclass(frozen=True)
class StylesSection:
    """``key`` holds the chosen style's key, ``tiles`` the gallery, ``facts`` the details of the chosen style.

    ``pictures`` holds the CSS rules with the tiles' pictures, ``shown`` the digest of those that the browser has.
    """

    key: Component
    query: Component
    tag: Component
    tiles: Component
    pictures: Component
    shown: Component
    facts: Component
    star: Component
    pull: Component
    stop_pull: Component
    status: Component


@dataclass(frozen=True)
class OwnStylesSection:
    """The fields that save the settings as an own style and delete one, with their confirmations."""

    name: Component
    save: Component
    delete: Component
    replacing: Confirmation
    deleting: Confirmation
    status: Component


def build() -> StylesSection:
    """Build the gallery; its tags, tiles and pictures come when the page is first visible, not at a webui's start."""
    with gr.Row():
        query = gr.Textbox(
            "", label="Search styles", placeholder="English or 中文", max_lines=1, elem_id="facechain_style_search",
            min_width=120,
        )  # fmt: skip
        tag = gr.Dropdown([styles.EVERY], value=styles.EVERY, label="Tag", elem_id="facechain_style_tag", min_width=120)
    tiles = gr.HTML("", elem_id="facechain_style_gallery")
    pictures = gr.HTML("", elem_id="facechain_style_pictures", elem_classes=["facechain-hidden"])
    key = build_component("style", elem_classes=["facechain-hidden"])
    facts = gr.HTML(styles.style_details_html("", ()), elem_id="facechain_style_facts")
    with gr.Row():
        star = gr.Button("★ Favourite", size="sm", elem_id="facechain_style_star")
        pull = gr.Button("Download its LoRA", size="sm", interactive=False, elem_id="facechain_style_pull")
        stop_pull = gr.Button("Stop", size="sm", visible=False, elem_id="facechain_style_stop")
    status = gr.HTML("", elem_id="facechain_style_status")
    return StylesSection(key, query, tag, tiles, pictures, gr.State(""), facts, star, pull, stop_pull, status)


def build_own() -> OwnStylesSection:
    """Build the section for own styles."""
    with gr.Accordion("Own styles", open=False, elem_id="facechain_own_styles"):
        status = gr.HTML(
            note_html("Keeps the chosen style's words with the prompt, LoRA, adapter and strength of now."),
            elem_id="facechain_own_style_status",
        )
        name = gr.Textbox("", label="Name of an own style", max_lines=1, elem_id="facechain_style_name")
        with gr.Row():
            save = gr.Button("Save as own style", elem_id="facechain_style_save")
            delete = gr.Button("Delete the chosen own style", elem_id="facechain_style_delete")
        replacing = build_confirmation("facechain_style_replace", "Yes, replace it")
        deleting = build_confirmation("facechain_style_delete", "Yes, delete it")
    return OwnStylesSection(name, save, delete, replacing, deleting, status)


def _tiles_html(host: PageHost, query: str, tag: str) -> str:
    """The gallery of the styles that match the search."""
    return styles.gallery_html(styles.filter_styles(query or "", tag or styles.EVERY), host.lora_folders())


def wire(section: StylesSection, generation: GenerationColumn, host: PageHost) -> None:
    """Register the handlers of searching, choosing, starring and downloading."""
    tiles = partial(_tiles_html, host)

    def facts(key: str) -> str:
        try:
            return styles.style_details_html(key or "", host.lora_folders())
        except FaceChainError as error:
            return note_html(str(error))

    def on_choose(key: str, last: dict[str, float] | None, *current: float) -> Updates:
        settings = dict(zip(SUGGESTED, current, strict=True))
        updates = styles.settings_to_update(key or "", last, settings)
        suggested = {**(last or {}), **settings, **styles.suggested_settings(key or "")}
        return [facts(key), pull_button(key), suggested, *(updates.get(name, gr.update()) for name in SUGGESTED)]

    def pull_button(key: str) -> object:
        return gr.update(interactive=styles.can_download(key or "", host.lora_folders()))

    def on_star(key: str, query: str, tag: str) -> Updates:
        if not key:
            return [note_html("Choose a style first."), gr.update(), gr.update()]
        on = key not in favourites()
        try:
            set_favourite(key, on=on)
        except FaceChainError as error:
            return [note_html(str(error)), gr.update(), gr.update()]
        message = "It is a favourite now." if on else "It is no favourite any more."
        return [note_html(message), facts(key), tiles(query, tag)]

    def on_pull(key: str, stop: StopSignal, query: str, tag: str) -> UpdateStream:
        stop.clear()
        for message in download_lora(key or "", host.lora_folders(), stop):
            yield [message, gr.update(visible=True), gr.update(), gr.update(), gr.update()]
        yield [gr.update(), gr.update(visible=False), facts(key), tiles(query, tag), pull_button(key)]

    stop = gr.State(StopSignal())
    search = [section.query, section.tag]
    for event in (section.query.change, section.tag.change):
        event(tiles, search, [section.tiles], **HIDDEN_PROGRESS)
    suggested = [generation.form[name] for name in SUGGESTED]
    choose_outputs = [section.facts, section.pull, generation.suggested, *suggested]
    section.key.change(on_choose, [section.key, generation.suggested, *suggested], choose_outputs, **HIDDEN_PROGRESS)
    section.star.click(
        on_star, [section.key, *search], [section.status, section.facts, section.tiles], **HIDDEN_PROGRESS
    )
    pull_outputs = [section.status, section.stop_pull, section.facts, section.tiles, section.pull]
    section.pull.click(on_pull, [section.key, stop, *search], pull_outputs, **HIDDEN_PROGRESS)
    section.stop_pull.click(StopSignal.set, [stop], [], queue=False)


def wire_own(
    section: StylesSection, own_section: OwnStylesSection, generation: GenerationColumn, host: PageHost
) -> None:
    """Register the handlers of saving and deleting an own style; both ask before something is overwritten."""
    tiles = partial(_tiles_html, host)

    def style_of(name: str, values: Sequence[object]) -> Style:
        form = form_from_values(values)
        return styles.build_own_style(name or "", form, lora_file_name(form["lora"], host.lora_folders()))

    def on_save(name: str, query: str, tag: str, *values: object) -> Updates:
        try:
            style = style_of(name, values)
            if style.key in own_styles()[0]:
                return [*unchanged, *show_confirmation(f"You have a style {style.en} already. Replace it?", style.key)]
            save_style(style)
        except FaceChainError as error:
            return [note_html(str(error)), *unchanged[1:], *hide_confirmation()]
        return [*saved_updates(style.key, query, tag), *hide_confirmation()]

    def replace(confirmed_key: str, name: str, query: str, tag: str, *values: object) -> Updates:
        try:
            style = style_of(name, values)
            if style.key != confirmed_key:
                raise StyleError("The name was changed meanwhile. Press Save as own style again.")
            save_style(style, replace=True)
        except FaceChainError as error:
            return [note_html(str(error)), *unchanged[1:], *hide_confirmation()]
        return [*saved_updates(style.key, query, tag), *hide_confirmation()]

    def saved_updates(key: str, query: str, tag: str) -> Updates:
        message = note_html(
            f"Saved the style {find_style(key).en}. It is chosen now and holds your words, so Prompt is empty."
        )
        return [message, key, tiles(query, tag), "", "", styles.style_details_html(key, host.lora_folders())]

    def on_delete(key: str) -> Updates:
        style = own_styles()[0].get(key or "")
        if style is None:
            return [
                note_html("Choose one of your own styles first; those that come with the extension stay."),
                *hide_confirmation(),
            ]
        return ["", *show_confirmation(f"Delete the style {style.en}? It cannot be brought back.", style.key)]

    def on_confirm_delete(key: str, chosen: str, query: str, tag: str) -> Updates:
        try:
            name = find_style(key).en
            delete_style(key)
        except FaceChainError as error:
            return [note_html(str(error)), gr.update(), gr.update(), *hide_confirmation()]
        return [
            note_html(f"Deleted the style {name}."),
            "" if chosen == key else gr.update(),
            tiles(query, tag),
            *hide_confirmation(),
        ]

    unchanged: Updates = [gr.update()] * 6
    changed_styles = [own_section.status, section.key, section.tiles]
    search = [section.query, section.tag]
    save_inputs = [own_section.name, *search, *generation.inputs]
    save_outputs = [
        *changed_styles,
        generation.form["prompt"],
        generation.form["negative"],
        section.facts,
        *own_section.replacing.outputs,
    ]
    own_section.save.click(on_save, save_inputs, save_outputs, **HIDDEN_PROGRESS)
    own_section.replacing.yes.click(
        replace, [own_section.replacing.subject, *save_inputs], save_outputs, **HIDDEN_PROGRESS
    )
    own_section.delete.click(
        on_delete, [section.key], [own_section.status, *own_section.deleting.outputs], **HIDDEN_PROGRESS
    )
    own_section.deleting.yes.click(
        on_confirm_delete,
        [own_section.deleting.subject, section.key, *search],
        [*changed_styles, *own_section.deleting.outputs],
        **HIDDEN_PROGRESS,
    )


def picture_updates(shown: str) -> Updates:
    """The tiles' pictures and their digest, or no change when the browser's digest ``shown`` is current."""
    found = style_pictures(shown or "")
    return [gr.update(), gr.update()] if found is None else list(found)


def download_lora(key: str, folders: tuple[Path, ...], stop: StopSignal) -> HtmlStream:
    """Download a style's LoRA, yielding its progress as HTML."""
    try:
        lora = find_style(key).lora if key else None
    except FaceChainError as error:
        yield note_html(str(error))
        return
    if lora is None:
        yield note_html("This style has no LoRA.")
        return

    def pull(report: ReportProgress) -> Path:
        return pull_lora(
            lora,
            folders,
            progress=lambda downloaded: (report(downloaded.done, downloaded.total or 0), None)[1],
            cancel=lambda: not report(*running.last_report),
        )

    running: Task[Path] = Task(pull, stop)
    for progress in running.progress_updates():
        size = f"{progress.done / 1e6:.0f} of {progress.total / 1e6:.0f} MB" if progress.total else progress.text
        yield bar(progress.done, progress.total, f"{lora.file}: {size}")
    try:
        yield note_html(f"{running.result().name} is here.")
    except (FaceChainError, OSError) as error:
        yield note_html(f"{lora.file} was not downloaded. {error}")


def lora_file_name(name: str, folders: tuple[Path, ...]) -> str | None:
    """The file name of a LoRA that the host knows by ``name``; None for the style's own or none."""
    if name in (STYLE_LORA, NO_LORA):
        return None
    files = known_loras(folders).values()
    return next((path.name for path in files if path.stem == name), f"{name}.safetensors")
