"""The searchable gallery of styles, favourites, own styles, and the download of a style's LoRA."""

from __future__ import annotations

from collections.abc import Iterator  # noqa: TC003 - gradio reads the annotations
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import gradio as gr
from PIL import Image, ImageDraw

from facechain_ext.errors import FaceChainError
from facechain_ext.page.portrait.who import note
from facechain_ext.page.working import Work
from facechain_ext.portrait.thumbnails import default_folder, thumbnail_path
from facechain_ext.styles import (
    Style,
    all_styles,
    catalogue,
    favourites,
    find_lora,
    find_style,
    key_of,
    pull_lora,
    save_style,
    search,
    set_favourite,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from facechain_ext.page.host import PageHost

_SHOWN = 30
_EVERY = "every tag"
_FAVOURITES = "favourites"


def build() -> dict[str, Any]:
    """The components."""
    tags = sorted({tag for one in catalogue().values() for tag in one.tags})
    with gr.Accordion("Styles", open=False, elem_id="facechain_styles"):
        with gr.Row():
            query = gr.Textbox("", label="Search", placeholder="English or Chinese", elem_id="facechain_style_search")
            tag = gr.Dropdown([_EVERY, _FAVOURITES, *tags], value=_EVERY, label="Tag", elem_id="facechain_style_tag")
        tiles = gr.Gallery(label="Styles", columns=3, height=320, elem_id="facechain_style_gallery")
        facts = gr.HTML("", elem_id="facechain_style_facts")
        with gr.Row():
            star = gr.Button("Favourite on or off", elem_id="facechain_style_star")
            pull = gr.Button("Download the style's LoRA", elem_id="facechain_style_pull")
        with gr.Row():
            name = gr.Textbox("", label="Name of an own style", elem_id="facechain_style_name")
            keep = gr.Button("Save settings as own style", elem_id="facechain_style_keep")
    return {
        "query": query, "tag": tag, "tiles": tiles, "facts": facts, "star": star, "pull": pull, "name": name,
        "keep": keep, "keys": gr.State([]),
    }  # fmt: skip


def wire(parts: dict[str, Any], host: PageHost, made: dict[str, Any], status: Any) -> None:
    """What searching, choosing, starring, downloading and saving do."""

    def find(query: str, tag: str) -> list[Any]:
        styles = found(query or "", tag or _EVERY)
        return [[(tile(style), style.en) for style in styles], [style.key for style in styles]]

    def choose(keys: list[str], event: gr.SelectData) -> str:
        return keys[int(event.index)] if int(event.index) < len(keys) else ""

    def describe(key: str) -> str:
        try:
            return facts(find_style(key), host.lora_folders()) if key else ""
        except FaceChainError as error:
            return note(str(error))

    def star(key: str) -> str:
        if not key:
            return note("Choose a style first.")
        on = key not in favourites()
        set_favourite(key, on=on)
        return note("It is a favourite now." if on else "It is no favourite any more.")

    def pull(key: str) -> Iterator[str]:
        yield from download(key, host)

    def keep(name: str, prompt: str, negative: str, strength: float) -> list[Any]:
        try:
            style = own_style(name or "", prompt or "", negative or "", float(strength))
            save_style(style)
        except FaceChainError as error:
            return [note(str(error)), gr.update()]
        return [note(f"Saved the style {style.en}."), gr.update(choices=choices(), value=style.key)]

    searching = ([parts["query"], parts["tag"]], [parts["tiles"], parts["keys"]])
    parts["query"].submit(find, *searching)
    parts["tag"].change(find, *searching)
    parts["tiles"].select(choose, [parts["keys"]], [made["style"]])
    made["style"].change(describe, [made["style"]], [parts["facts"]])
    parts["star"].click(star, [made["style"]], [parts["facts"]])
    parts["pull"].click(pull, [made["style"]], [status])
    words = [made[name] for name in ("prompt", "negative", "strength")]
    parts["keep"].click(keep, [parts["name"], *words], [parts["facts"], made["style"]])


def choices() -> list[tuple[str, str]]:
    """Every style for the drop-down."""
    return [("none", ""), *((style.en, key) for key, style in all_styles().items())]


def found(query: str, tag: str) -> list[Style]:
    """At most 30 styles for a search."""
    styles = all_styles()
    if tag == _FAVOURITES:
        chosen = [styles[key] for key in favourites() if key in styles]
        return search(chosen, query)[:_SHOWN]
    return search(styles.values(), query, tags=() if tag == _EVERY else (tag,))[:_SHOWN]


def tile(style: Style) -> Image.Image:
    """The style's thumbnail, or a card with its name where none has been made."""
    path = thumbnail_path(default_folder(), style)
    if path.is_file():
        with Image.open(path) as opened:
            return opened.convert("RGB")
    return _card(style.en, style.family)


@lru_cache(maxsize=256)
def _card(name: str, family: str) -> Image.Image:
    shade = sum(family.encode()) * 37
    colour = (90 + shade % 90, 90 + shade // 7 % 90, 90 + shade // 49 % 90)
    card = Image.new("RGB", (160, 110), colour)
    pen = ImageDraw.Draw(card)
    lines, line = [], ""
    for word in name.split():
        if len(line) + len(word) > 20:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    for number, text in enumerate([*lines, line]):
        pen.text((10, 12 + 16 * number), text, fill="white")
    return card


def facts(style: Style, folders: tuple[Path, ...]) -> str:
    """What a style asks for, for the page."""
    lines = [f"{style.en} / {style.zh}: {style.positive}"]
    lines.append(f"Suggested strength {style.strength:g}, adapter {style.adapter}, for: {style.subject}.")
    if style.lora is not None:
        there = find_lora(style.lora, folders) is not None
        lines.append(f"LoRA {style.lora.file} at {style.lora.weight:g}: {'here' if there else 'missing, download it'}.")
    return note(*lines)


def download(key: str, host: PageHost) -> Iterator[str]:
    """Sentences while the LoRA of a style is downloaded."""
    try:
        style = find_style(key) if key else None
        if style is None or style.lora is None:
            yield note("This style has no LoRA.")
            return
    except FaceChainError as error:
        yield note(str(error))
        return
    lora = style.lora

    def task(report: Callable[[int, int], bool]) -> Path:
        going = True

        def progress(now: Any) -> None:
            nonlocal going
            going = report(now.done, now.total or 0)

        return pull_lora(lora, host.lora_folders(), progress=progress, cancel=lambda: not going)

    work: Work[Path] = Work(task)
    for tick in work.ticks():
        yield note(f"{lora.file}: {tick.words}")
    try:
        yield note(f"{work.result().name} is here.")
    except FaceChainError as error:
        yield note(str(error))


def own_style(name: str, prompt: str, negative: str, strength: float) -> Style:
    """A style of the user out of the page's words; raises StyleError when a field is empty or too long."""
    text = name.strip()
    words = (prompt.strip(), negative.strip())
    return Style(key_of(text), text, text, "anyone", ("own",), *words, "majic", min(strength, 1.0), None, "own")
