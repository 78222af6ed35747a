"""The styles of the How column: search, gallery, favourites, downloads, own styles."""

from __future__ import annotations

from collections.abc import Iterator  # noqa: TC003 - gradio reads the annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
from facechain_ext.ui.background_task import Stop, Task
from facechain_ext.ui.html import bar, note
from facechain_ext.ui.portrait import styles
from facechain_ext.ui.portrait.components import component
from facechain_ext.ui.portrait.form import NO_LORA, STYLE_LORA, form_of
from facechain_ext.ui.portrait.style_pictures import style_pictures
from facechain_ext.ui.question import Question, build_question, closed, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from facechain_ext.styles import Style
    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.portrait.components import HowParts

SUGGESTED = ("strength", "lora_weight")
"""Settings for which a style has a suggestion."""


@dataclass(frozen=True)
class StyleParts:
    """``key`` holds the chosen style, ``tiles`` the gallery, ``facts`` what the style says.

    ``pictures`` are the tiles' pictures and ``shown`` the digest of those that the browser has.
    """

    key: Any
    query: Any
    tag: Any
    tiles: Any
    pictures: Any
    shown: Any
    facts: Any
    star: Any
    pull: Any
    stop_pull: Any
    status: Any


@dataclass(frozen=True)
class OwnParts:
    """Saving the settings as a style, and deleting one; both may ask first."""

    name: Any
    save: Any
    delete: Any
    replacing: Question
    deleting: Question


def build(host: PageHost) -> StyleParts:
    """Build the gallery; the thumbnails come when the page is first seen."""
    with gr.Row():
        query = gr.Textbox(
            "", label="Search styles", placeholder="English or 中文", max_lines=1, elem_id="facechain_style_search",
            min_width=120,
        )  # fmt: skip
        tag = gr.Dropdown(styles.tags(), value=styles.EVERY, label="Tag", elem_id="facechain_style_tag", min_width=120)
    tiles = gr.HTML(
        styles.gallery(styles.found("", styles.EVERY), host.lora_folders(), waiting=True),
        elem_id="facechain_style_gallery",
    )
    pictures = gr.HTML("", elem_id="facechain_style_pictures", elem_classes=["facechain-hidden"])
    key = component("style", elem_classes=["facechain-hidden"])
    facts = gr.HTML(styles.facts("", ()), elem_id="facechain_style_facts")
    with gr.Row():
        star = gr.Button("★ Favourite", size="sm", elem_id="facechain_style_star")
        pull = gr.Button("Download its LoRA", size="sm", interactive=False, elem_id="facechain_style_pull")
        stop_pull = gr.Button("Stop", size="sm", visible=False, elem_id="facechain_style_stop")
    status = gr.HTML("", elem_id="facechain_style_status")
    return StyleParts(key, query, tag, tiles, pictures, gr.State(""), facts, star, pull, stop_pull, status)


def build_own() -> OwnParts:
    """Build the part for styles of one's own."""
    with gr.Accordion("Own styles", open=False, elem_id="facechain_own_styles"):
        gr.HTML(note("Keeps the chosen style's words with the prompt, LoRA, adapter and strength of now."))
        name = gr.Textbox("", label="Name of an own style", max_lines=1, elem_id="facechain_style_name")
        with gr.Row():
            save = gr.Button("Save as own style", elem_id="facechain_style_save")
            delete = gr.Button("Delete the chosen own style", elem_id="facechain_style_delete")
        replacing = build_question("facechain_style_replace", "Yes, replace it")
        deleting = build_question("facechain_style_delete", "Yes, delete it")
    return OwnParts(name, save, delete, replacing, deleting)


def wire(parts: StyleParts, how: HowParts, host: PageHost) -> None:
    """What searching, choosing, starring and downloading do."""

    def tiles(query: str, tag: str) -> str:
        return styles.gallery(styles.found(query or "", tag or styles.EVERY), host.lora_folders())

    def facts(key: str) -> str:
        try:
            return styles.facts(key or "", host.lora_folders())
        except FaceChainError as error:
            return note(str(error))

    def choose(key: str, last: dict[str, float] | None, *now: float) -> list[Any]:
        follows = styles.followed(key or "", last, dict(zip(SUGGESTED, now, strict=True)))
        kept = {**(last or {}), **dict(zip(SUGGESTED, now, strict=True)), **styles.suggestion(key or "")}
        return [facts(key), pull_button(key), kept, *(follows.get(name, gr.update()) for name in SUGGESTED)]

    def pull_button(key: str) -> Any:
        return gr.update(interactive=styles.can_download(key or "", host.lora_folders()))

    def star(key: str, query: str, tag: str) -> list[Any]:
        if not key:
            return [note("Choose a style first."), gr.update(), gr.update()]
        on = key not in favourites()
        try:
            set_favourite(key, on=on)
        except FaceChainError as error:
            return [note(str(error)), gr.update(), gr.update()]
        words = "It is a favourite now." if on else "It is no favourite any more."
        return [note(words), facts(key), tiles(query, tag)]

    def pull(key: str, stop: Stop, query: str, tag: str) -> Iterator[list[Any]]:
        stop.clear()
        for words in download(key or "", host.lora_folders(), stop):
            yield [words, gr.update(visible=True), gr.update(), gr.update(), gr.update()]
        yield [gr.update(), gr.update(visible=False), facts(key), tiles(query, tag), pull_button(key)]

    stop = gr.State(Stop())
    search = [parts.query, parts.tag]
    for changed in (parts.query.change, parts.tag.change):
        changed(tiles, search, [parts.tiles], show_progress="hidden")
    suggested = [how.form[name] for name in SUGGESTED]
    followers = [parts.facts, parts.pull, how.suggested, *suggested]
    parts.key.change(choose, [parts.key, how.suggested, *suggested], followers, show_progress="hidden")
    parts.star.click(star, [parts.key, *search], [parts.status, parts.facts, parts.tiles], show_progress="hidden")
    shown = [parts.status, parts.stop_pull, parts.facts, parts.tiles, parts.pull]
    parts.pull.click(pull, [parts.key, stop, *search], shown, show_progress="hidden")
    parts.stop_pull.click(Stop.set, [stop], [], queue=False)


def wire_own(parts: StyleParts, own: OwnParts, how: HowParts, host: PageHost) -> None:
    """What saving and deleting an own style do; both ask before something is lost."""

    def tiles(query: str, tag: str) -> str:
        return styles.gallery(styles.found(query or "", tag or styles.EVERY), host.lora_folders())

    def style_of(name: str, values: Sequence[Any]) -> Style:
        form = form_of(values)
        return styles.own_style(name or "", form, lora_file(form["lora"], host.lora_folders()))

    def keep(name: str, query: str, tag: str, *values: Any) -> list[Any]:
        try:
            style = style_of(name, values)
            if style.key in own_styles()[0]:
                return [*unchanged, *opened(f"You have a style {style.en} already. Replace it?", style.key)]
            save_style(style)
        except FaceChainError as error:
            return [note(str(error)), *unchanged[1:], *closed()]
        return [*saved(style.key, query, tag), *closed()]

    def replace(asked: str, name: str, query: str, tag: str, *values: Any) -> list[Any]:
        try:
            style = style_of(name, values)
            if style.key != asked:
                raise StyleError("The name was changed meanwhile. Press Save as own style again.")
            save_style(style, replace=True)
        except FaceChainError as error:
            return [note(str(error)), *unchanged[1:], *closed()]
        return [*saved(style.key, query, tag), *closed()]

    def saved(key: str, query: str, tag: str) -> list[Any]:
        words = note(
            f"Saved the style {find_style(key).en}. It is chosen now and holds your words, so Prompt is empty."
        )
        return [words, key, tiles(query, tag), "", "", styles.facts(key, host.lora_folders())]

    def ask_to_remove(key: str) -> list[Any]:
        style = own_styles()[0].get(key or "")
        if style is None:
            return [note("Choose one of your own styles first; those that come with the extension stay."), *closed()]
        return ["", *opened(f"Delete the style {style.en}? It cannot be brought back.", style.key)]

    def remove(key: str, chosen: str, query: str, tag: str) -> list[Any]:
        try:
            name = find_style(key).en
            delete_style(key)
        except FaceChainError as error:
            return [note(str(error)), gr.update(), gr.update(), *closed()]
        return [note(f"Deleted the style {name}."), "" if chosen == key else gr.update(), tiles(query, tag), *closed()]

    unchanged: list[Any] = [gr.update()] * 6
    changed_styles = [parts.status, parts.key, parts.tiles]
    search = [parts.query, parts.tag]
    now = [own.name, *search, *how.inputs]
    emptied = [*changed_styles, how.form["prompt"], how.form["negative"], parts.facts, *own.replacing.parts]
    own.save.click(keep, now, emptied, show_progress="hidden")
    own.replacing.yes.click(replace, [own.replacing.subject, *now], emptied, show_progress="hidden")
    own.delete.click(ask_to_remove, [parts.key], [parts.status, *own.deleting.parts], show_progress="hidden")
    own.deleting.yes.click(
        remove,
        [own.deleting.subject, parts.key, *search],
        [*changed_styles, *own.deleting.parts],
        show_progress="hidden",
    )


def fresh_pictures(shown: str) -> list[Any]:
    """The tiles' pictures and their digest for a browser that has those of the digest ``shown``."""
    found = style_pictures(shown or "")
    return [gr.update(), gr.update()] if found is None else list(found)


def download(key: str, folders: tuple[Path, ...], stop: Stop) -> Iterator[str]:
    """What to show while the LoRA of a style is downloaded."""
    try:
        lora = find_style(key).lora if key else None
    except FaceChainError as error:
        yield note(str(error))
        return
    if lora is None:
        yield note("This style has no LoRA.")
        return

    def task(report: Callable[[int, int], bool]) -> Path:
        return pull_lora(
            lora,
            folders,
            progress=lambda now: (report(now.done, now.total or 0), None)[1],
            cancel=lambda: not report(*work.now),
        )

    work: Task[Path] = Task(task, stop)
    for tick in work.ticks():
        size = f"{tick.done / 1e6:.0f} of {tick.total / 1e6:.0f} MB" if tick.total else tick.words
        yield bar(tick.done, tick.total, f"{lora.file}: {size}")
    try:
        yield note(f"{work.result().name} is here.")
    except (FaceChainError, OSError) as error:
        yield note(f"{lora.file} was not downloaded. {error}")


def lora_file(name: str, folders: tuple[Path, ...]) -> str | None:
    """The file name of a LoRA that the host knows by ``name``; None for the style's own or none."""
    if name in (STYLE_LORA, NO_LORA):
        return None
    files = known_loras(folders).values()
    return next((path.name for path in files if path.stem == name), f"{name}.safetensors")
