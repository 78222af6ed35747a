"""The style gallery as HTML, a style's details and suggested settings, and own styles."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING
from zlib import crc32

from facechain_ext.styles import (
    Style,
    StyleError,
    StyleLora,
    all_styles,
    catalogue,
    favourites,
    find_lora,
    find_style,
    key_of,
    known_loras,
    search,
)
from facechain_ext.ui.html import note_html
from facechain_ext.ui.portrait.form import NO_LORA, NO_STYLE, STYLE_LORA
from facechain_ext.ui.portrait.style_pictures import picture_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from facechain_ext.ui.portrait.form import FormValues

EVERY = "all"
FAVOURITES = "favourites"
OWN = "own"
_MAX_LENGTH = 600
"""Characters of a style's prompt."""


def tags() -> list[str]:
    """The tags by which the gallery can be filtered."""
    return [EVERY, FAVOURITES, OWN, *sorted({tag for style in all_styles().values() for tag in style.tags} - {OWN})]


def filter_styles(query: str, tag: str) -> list[Style]:
    """The styles that match a query and a tag, favourites first."""
    styles, favourite_keys = all_styles(), favourites()
    matching = [styles[key] for key in favourite_keys if key in styles]
    if tag == OWN:
        matching = [style for style in styles.values() if style.family == OWN]
    elif tag != FAVOURITES:
        matching += [style for key, style in styles.items() if key not in favourite_keys]
    return search(matching, query, tags=() if tag in (EVERY, FAVOURITES, OWN, "") else (tag,))


def gallery_html(styles: Sequence[Style], lora_folders: tuple[Path, ...]) -> str:
    """The tiles, the first of which means no style; javascript/facechain_styles.js handles them.

    A tile is one element: its picture comes from ``style_pictures``, its Chinese name and badge from data attributes.
    """
    favourite_keys, loras = set(favourites()), known_loras(lora_folders)
    tiles = [_tile(NO_STYLE, "No style", "", "", "none")]
    for style in styles:
        marks = ["★"] if style.key in favourite_keys else []
        if style.lora is not None:
            marks.append("LoRA" if style.lora.file.casefold() in loras else "LoRA missing")
        colour_seed = "" if picture_of(style) is not None else style.key
        tiles.append(_tile(style.key, style.en, style.zh, " ".join(marks), colour_seed))
    count = f"<p class='facechain-count'>{len(styles)} styles</p>"
    return f"{count}<div class='facechain-tiles' role='listbox' aria-label='Styles'>{''.join(tiles)}</div>"


def style_details_html(key: str, lora_folders: tuple[Path, ...]) -> str:
    """A style's prompt and settings, and the CSS rule that marks its tile; raises StyleError for an unknown key."""
    mark = (
        f'<style>.facechain-tile[data-key="{html.escape(key)}"] {{ outline: 3px solid var(--color-accent); }}</style>'
    )
    if key == NO_STYLE:
        return mark + note_html("No style: the words for the person and the prompt alone.")
    style = find_style(key)
    star = " ★" if key in favourites() else ""
    names = dict.fromkeys((style.en, style.zh))  # an own style has the same in both languages
    sentences = [f"{' · '.join(names)}{star}", style.positive]
    for_whom = "" if style.subject == "anyone" else f" Written for: {style.subject}."
    sentences.append(f"Suggests strength {style.strength:g} and the adapter {style.adapter}.{for_whom}")
    if style.family == OWN and key in catalogue():
        sentences.append(
            f"It is your own and takes the place of {catalogue()[key].en}, which comes with the extension."
        )
    if style.lora is not None:
        get = (
            "download it below"
            if style.lora.source is not None
            else f"put it into {lora_folders[0]}"
            if lora_folders
            else "get it"
        )
        installed = find_lora(style.lora, lora_folders) is not None
        state = "is here" if installed else f"is missing, so only the words act: {get}, or choose another LoRA"
        sentences.append(f"Its LoRA {style.lora.file} {state}.")
    return mark + note_html(*sentences)


def can_download(key: str, lora_folders: tuple[Path, ...]) -> bool:
    """Whether a style has a missing LoRA with a download source."""
    style = all_styles().get(key)
    if style is None or style.lora is None or style.lora.source is None:
        return False
    return find_lora(style.lora, lora_folders) is None


def suggested_settings(key: str) -> dict[str, float]:
    """Strength and LoRA weight that a style suggests; empty without a style."""
    style = all_styles().get(key)
    if style is None:
        return {}
    values = {"strength": style.strength}
    return values | {"lora_weight": style.lora.weight} if style.lora is not None else values


def settings_to_update(
    key: str, last_suggested: Mapping[str, float] | None, current: Mapping[str, float]
) -> dict[str, float]:
    """A style's suggestions for the settings that the user has not changed since ``last_suggested``.

    ``last_suggested`` is None when the settings were restored and stay.
    """
    if last_suggested is None:
        return {}
    return {name: value for name, value in suggested_settings(key).items() if current[name] == last_suggested[name]}


def build_own_style(name: str, form: FormValues, lora_file: str | None) -> Style:
    """An own style from the page's settings: the chosen style's prompts with the user's.

    ``lora_file`` is the file name of the LoRA that is chosen instead of the style's. Raises StyleError for a name that
    is empty or words that are too many.
    """
    text = name.strip()
    if not text:
        raise StyleError("An own style needs a name; write one.")
    base = find_style(form["style"]) if form["style"] != NO_STYLE else None
    prompt = ", ".join(part for part in (base.prompt if base else "", form["prompt"].strip(" ,")) if part)
    negative = ", ".join(part for part in (base.negative if base else "", form["negative"].strip(" ,")) if part)
    if not prompt:
        raise StyleError("An own style needs words; write a prompt or choose a style to begin with.")
    if len(prompt) > _MAX_LENGTH or len(negative) > _MAX_LENGTH:
        raise StyleError(f"The words are more than {_MAX_LENGTH} characters; shorten them.")
    lora = None
    if form["lora"] == STYLE_LORA:
        base_lora = base.lora if base else None
        lora = base_lora and StyleLora(base_lora.file, form["lora_weight"], base_lora.trigger, base_lora.source)
    elif form["lora"] != NO_LORA and lora_file is not None:
        lora = StyleLora(lora_file, form["lora_weight"])
    adapter = form["adapter"] if form["adapter"] in ("majic", "film") else base.adapter if base else "majic"
    strength = min(max(form["strength"], 0.0), 1.0)
    return Style(key_of(text), text, text, form["suits"], (OWN,), prompt, negative, adapter, strength, lora, OWN)


def _tile(key: str, name: str, chinese: str, badge: str, colour_seed: str) -> str:
    """One tile; ``colour_seed`` is hashed to the hue of a tile without a picture, and empty for one with a picture."""
    name, chinese = html.escape(name), html.escape(chinese)
    data = f'data-key="{html.escape(key)}"'
    if chinese and chinese != name:
        data += f' data-zh="{chinese}"'
    if badge:
        data += f' data-badge="{badge}"'
    classes = (
        f"facechain-tile facechain-card' style='--hue:{crc32(colour_seed.encode()) % 360}"
        if colour_seed
        else "facechain-tile"
    )
    state = "role='option' aria-selected='false' tabindex='-1'"
    return f"<button type='button' {state} class='{classes}' {data}>{name}</button>"
