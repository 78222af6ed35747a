"""The settings text of a template portrait: what it was made of, so that it can be made again."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from facechain_ext import __version__
from facechain_ext.recipes.arguments import PREFIX, RECIPE_LABEL
from facechain_ext.recipes.infotext import quote_infotext_value
from facechain_ext.recipes.template.settings import QUALITIES, FaceSource, Settings
from facechain_ext.text_values import read_float, read_integer, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facechain_ext.recipes.template.image import TemplateImage
    from facechain_ext.recipes.template.settings import FaceAction

RECIPE = "template"
"""What RECIPE_LABEL says of these pictures."""
_TEMPLATE, _FACES, _QUALITY, _STRENGTH, _GROWTH, _HAIR, _TRIES, _FUSE, _MATCH, _TOOLS = (
    f"{PREFIX} {words}"
    for words in (
        "template", "template faces", "quality", "strength", "mask growth", "paint hair", "tries", "fuse",
        "match light", "finished by",
    )
)  # fmt: skip
_FROM_HOST = ("Sampler", "Schedule type", "Model hash", "Model", "VAE hash", "VAE", "Clip skip")
"""Labels that are taken over from the host's text of what it painted last."""
_DIGITS = 16
"""Hexadecimal digits of the template's digest that are written."""
_NUMBERS: tuple[tuple[str, str, type, float, float], ...] = (
    ("Steps", "steps", int, 1, 150),
    ("CFG scale", "cfg", float, 1, 30),
    ("Seed", "seed", int, 0, 2**32 - 1),
    ("Denoising strength", "denoise", float, 0.05, 1),
    (_STRENGTH, "strength", float, 0, 2),
    (_GROWTH, "growth", float, 0, 0.3),
    (_TRIES, "count", int, 1, 32),
)
"""Label, name in Settings, kind and range of what is a number."""


@dataclass(frozen=True)
class ParsedTemplateInfotext:
    """What a settings text says: the template by name and digest, who sits where, and how it was made.

    ``people`` is number of the face -> "pixelate", "card NAME" or "photo DIGEST"; ``tools`` are names of what finished
    the faces; ``notes`` name what could not be read, where the default is taken.
    """

    template: str = ""
    digest: str = ""
    people: Mapping[int, str] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    hair: bool = False
    tools: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def template_infotext(
    template: TemplateImage,
    actions: Mapping[int, FaceAction],
    settings: Settings,
    *,
    hair: bool = False,
    tools: Sequence[str] = (),
    host_text: str = "",
) -> str:
    """The text, in the webui's form; ``host_text`` is the host's own of what it painted last.

    People are named by their cards or by digests; no embedding is written.
    """
    height, width = template.pixels.shape[:2]
    pairs: dict[str, Any] = {"Seed": settings.seed, "Size": f"{width}x{height}"}
    if settings.paints:
        pairs |= {"Steps": settings.steps, "Sampler": settings.sampler, "CFG scale": settings.cfg}
        pairs |= _from_host(host_text) | {"Denoising strength": settings.denoise, _STRENGTH: settings.strength}
    sitting = "; ".join(f"{number}: {_called(who)}" for number, who in sorted(actions.items()) if who != "keep")
    pairs |= {
        RECIPE_LABEL: RECIPE,
        _TEMPLATE: f"{_one_line(template.name)} ({template.digest[:_DIGITS]})",
        _FACES: sitting,
        _QUALITY: settings.quality,
    }
    if settings.paints:
        pairs |= {_GROWTH: settings.growth, _HAIR: hair, _TRIES: settings.count}
        pairs |= {_FUSE: settings.fuse, _MATCH: settings.match}
    if tools:
        pairs[_TOOLS] = "; ".join(map(_one_line, tools))
    pairs["Version"] = f"FaceChain {__version__}"
    lines = [_one_line(settings.prompt), f"Negative prompt: {_one_line(settings.negative_prompt)}"]
    last = ", ".join(f"{label}: {quote_infotext_value(value)}" for label, value in pairs.items())
    return "\n".join([*lines, last]) if settings.paints else last


def parse_template_infotext(prompt: str, negative: str, values: Mapping[str, str]) -> ParsedTemplateInfotext | None:
    """What the parts of a settings text say; None when it is not that of a template portrait."""
    if values.get(RECIPE_LABEL) != RECIPE:
        return None
    named = re.fullmatch(r"(.*) \(([0-9a-f]{16})\)", values.get(_TEMPLATE, ""), re.DOTALL)
    notes: list[str] = []
    found: dict[str, Any] = {}
    for label, name, kind, low, high in _NUMBERS:
        if label in values:
            try:
                number = (read_integer if kind is int else read_float)(values[label])
            except ValueError:
                number = math.nan
            if low <= number <= high:
                found[name] = number
            else:
                notes.append(f"{label} is {shorten(values[label])}, which cannot be used; the default is set.")
    quality = values.get(_QUALITY, "")
    if quality in QUALITIES:
        found["quality"] = quality
    found |= {name: values[label] == "True" for label, name in ((_FUSE, "fuse"), (_MATCH, "match")) if label in values}
    settings = replace(Settings(), **found)
    if settings.paints:
        settings = replace(settings, prompt=prompt, negative_prompt=negative)
    people = re.findall(r"(\d{1,4}): (.*?)(?=; \d{1,4}: |$)", values.get(_FACES, ""))
    tools = values.get(_TOOLS, "")
    return ParsedTemplateInfotext(
        named[1] if named else "",
        named[2] if named else "",
        {int(number): who for number, who in people},
        settings,
        values.get(_HAIR) == "True",
        tuple(tools.split("; ")) if tools else (),
        tuple(notes),
    )


def _called(who: FaceAction) -> str:
    return _one_line(who.source or "somebody") if isinstance(who, FaceSource) else who


def _one_line(text: str) -> str:
    """Text that can stand in one line of a file's metadata, whatever a file's name holds."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def _from_host(text: str) -> dict[str, str]:
    """What the last line of a host's settings text says under _FROM_HOST."""
    last = text.strip().rpartition("\n")[2]
    found = {}
    for label in _FROM_HOST:
        value = re.search(rf'(?:^|, ){label}: ("(?:\\.|[^\\"])*"|[^,]*)', last)
        if value and not value[1].startswith('"'):
            found[label] = value[1].strip()
    return found
