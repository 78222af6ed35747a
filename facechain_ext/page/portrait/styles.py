"""The gallery of styles as HTML, what a style says and suggests, and styles of one's own."""

from __future__ import annotations

import base64
import html
import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zlib import crc32

from PIL import Image

from facechain_ext.page.portrait.form import NO_LORA, NO_STYLE, STYLE_LORA
from facechain_ext.page.words import note
from facechain_ext.portrait.thumbnails import default_folder, thumbnail_path
from facechain_ext.styles import (
    Style,
    StyleError,
    StyleLora,
    all_styles,
    favourites,
    find_lora,
    find_style,
    key_of,
    search,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

EVERY = "all"
FAVOURITES = "favourites"
OWN = "own"
_SIDE = 144
"""Side of a tile's picture in pixels; it is shown at about two thirds of that."""
_LONGEST = 600
"""Characters of a style's prompt."""


def tags() -> list[str]:
    """What the gallery can be narrowed to."""
    return [EVERY, FAVOURITES, OWN, *sorted({tag for style in all_styles().values() for tag in style.tags} - {OWN})]


def found(query: str, tag: str) -> list[Style]:
    """The styles that match; favourites first unless something is searched for."""
    styles, starred = all_styles(), favourites()
    chosen = [styles[key] for key in starred if key in styles]
    if tag == OWN:
        chosen = [style for style in styles.values() if style.family == OWN]
    elif tag != FAVOURITES:
        chosen += [style for key, style in styles.items() if key not in starred]
    return search(chosen, query, tags=() if tag in (EVERY, FAVOURITES, OWN, "") else (tag,))


def gallery(styles: Sequence[Style], lora_folders: tuple[Path, ...], *, pictures: bool = True) -> str:
    """Tiles to choose from, the first of which means no style; javascript/facechain_page.js makes them work.

    Without ``pictures`` no file is read, so that the page is there at once.
    """
    starred = set(favourites())
    tiles = [_tile(NO_STYLE, "No style", "only the prompt", "", "", "", 0)]
    for style in styles:
        badge = ""
        if style.lora is not None:
            badge = "LoRA" if find_lora(style.lora, lora_folders) else "LoRA missing"
        picture = _picture(thumbnail_path(default_folder(), style)) if pictures else ""
        star = "★" if style.key in starred else ""
        tiles.append(_tile(style.key, style.en, style.zh, picture, badge, star, _hue(style.family)))
    count = f"<p class='facechain-count'>{len(styles)} styles</p>"
    return f"{count}<div class='facechain-tiles' role='listbox'>{''.join(tiles)}</div>"


def facts(key: str, lora_folders: tuple[Path, ...]) -> str:
    """What the chosen style asks for, and the rule that marks its tile; raises StyleError for an unknown one."""
    mark = (
        f'<style>.facechain-tile[data-key="{html.escape(key)}"] {{ outline: 3px solid var(--color-accent); }}</style>'
    )
    if key == NO_STYLE:
        return mark + note("No style: the words for the person and the prompt alone.")
    style = find_style(key)
    star = " ★" if key in favourites() else ""
    lines = [f"{style.en} · {style.zh}{star}", style.positive]
    for_whom = "" if style.subject == "anyone" else f" Written for: {style.subject}."
    lines.append(f"Suggests strength {style.strength:g} and the adapter {style.adapter}.{for_whom}")
    if style.lora is not None:
        here = find_lora(style.lora, lora_folders) is not None
        state = "is here" if here else "is missing, so only the words act: download it below, or choose another LoRA"
        lines.append(f"Its LoRA {style.lora.file} {state}.")
    return mark + note(*lines)


def suggestion(key: str) -> dict[str, float]:
    """Strength and LoRA weight that the style suggests; nothing for no style."""
    style = all_styles().get(key)
    if style is None:
        return {}
    values = {"strength": style.strength}
    return values | {"lora_weight": style.lora.weight} if style.lora is not None else values


def followed(key: str, last: Mapping[str, float] | None, now: Mapping[str, float]) -> dict[str, float]:
    """The suggestions of a style for those settings that the user has left as ``last`` was suggested.

    ``last`` is None when the settings come from elsewhere and stay.
    """
    if last is None:
        return {}
    return {name: value for name, value in suggestion(key).items() if now[name] == last[name]}


def own_style(name: str, form: Mapping[str, Any], lora_file: str | None) -> Style:
    """A style of the user from the page's settings: the chosen style's words and his own.

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
    if len(prompt) > _LONGEST or len(negative) > _LONGEST:
        raise StyleError(f"The words are more than {_LONGEST} characters; shorten them.")
    lora = None
    if form["lora"] == STYLE_LORA:
        kept = base.lora if base else None
        lora = kept and StyleLora(kept.file, form["lora_weight"], kept.trigger, kept.source)
    elif form["lora"] != NO_LORA and lora_file is not None:
        lora = StyleLora(lora_file, form["lora_weight"])
    adapter = form["adapter"] if form["adapter"] in ("majic", "film") else base.adapter if base else "majic"
    strength = min(max(form["strength"], 0.0), 1.0)
    return Style(key_of(text), text, text, form["suits"], (OWN,), prompt, negative, adapter, strength, lora, OWN)


def _tile(key: str, name: str, second: str, picture: str, badge: str, star: str, hue: int) -> str:
    name, second = html.escape(name), html.escape(second)
    inside = f"<img src='{picture}' alt=''>" if picture else ""
    inside += f"<span class='facechain-badge'>{badge}</span>" if badge else ""
    inside += f"<span class='facechain-star'>{star}</span>" if star else ""
    kind = "" if picture else " facechain-card"
    return (
        f"<button type='button' role='option' class='facechain-tile{kind}' style='--hue:{hue}' "
        f'data-key="{html.escape(key)}" '
        f'title="{name} · {second}">{inside}<b>{name}</b><i>{second}</i></button>'
    )


def _hue(family: str) -> int:
    """The colour of a family's tiles without pictures, in degrees."""
    return crc32(family.encode()) % 360


def _picture(path: Path) -> str:
    """The thumbnail as a data URL; nothing where there is none."""
    try:
        return _encoded(str(path), path.stat().st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=512)
def _encoded(path: str, _changed: int) -> str:
    with Image.open(path) as opened:
        small = opened.convert("RGB").resize((_SIDE, _SIDE))
    stream = io.BytesIO()
    small.save(stream, "WEBP", quality=70)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
