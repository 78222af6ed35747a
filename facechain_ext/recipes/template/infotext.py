"""The infotext of a template portrait, from which it can be made again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from facechain_ext import __version__
from facechain_ext.methods.registry import written_method_name
from facechain_ext.methods.setting import read_infotext_values
from facechain_ext.recipes.arguments import RECIPE_LABEL
from facechain_ext.recipes.infotext import quote_infotext_value
from facechain_ext.recipes.portrait_settings import PREFIX, enlarge_remarks
from facechain_ext.recipes.studio.quality import first_numbers
from facechain_ext.recipes.template.qualities import QUALITIES, paints
from facechain_ext.recipes.template.scene import Scene, parse_scene
from facechain_ext.recipes.template.settings import TEMPLATE_SETTINGS, FaceSource, Settings
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facechain_ext.recipes.template.from_words import SceneResult
    from facechain_ext.recipes.template.image import TemplateImage
    from facechain_ext.recipes.template.settings import FaceAction

RECIPE = "template"
"""What RECIPE_LABEL says of these pictures."""
_TEMPLATE, _FACES, _HAIR, _TOOLS = (
    f"{PREFIX} {label}" for label in ("template", "template faces", "paint hair", "finished by")
)
_UPSCALER = f"{PREFIX} studio upscaler"
_FROM_HOST = ("Sampler", "Schedule type", "Model hash", "Model", "VAE hash", "VAE", "Clip skip")
"""Labels that are taken over from the host's text of what it painted last."""
_DIGITS = 16
"""Hexadecimal digits of the template's digest that are written."""
_LABEL = {row.name: row.infotext or row.name for row in TEMPLATE_SETTINGS}
"""Name in Settings -> infotext label."""
_FROM_TEMPLATE = ("template_complexion", "template_expression", "template_gaze")
"""What a blend takes from the template by choice."""


@dataclass(frozen=True)
class ParsedTemplateInfotext:
    """What an infotext says: the template by name and digest, who is in which face, and how it was made.

    ``people`` is number of the face -> "pixelate", "card NAME" or "photo DIGEST"; ``tools`` are names of what finished
    the faces; ``notes`` name what could not be read, where the default is taken. ``scene`` is what the template was
    drawn from.
    """

    template: str = ""
    digest: str = ""
    people: Mapping[int, str] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    hair: bool = False
    tools: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    scene: Scene | None = None


def template_infotext(
    template: TemplateImage,
    actions: Mapping[int, FaceAction],
    settings: Settings,
    *,
    hair: bool = False,
    tools: Sequence[str] = (),
    host_text: str = "",
    scene: tuple[Scene, int] | None = None,
) -> str:
    """The text, in the webui's form; ``host_text`` is the host's own of what it painted last.

    ``scene`` is what the template was drawn from, and the seed that drew it. People are named by their cards or by
    digests; no embedding is written.
    """
    height, width = template.pixels.shape[:2]
    pairs: dict[str, object] = {"Seed": settings.seed, "Size": f"{width}x{height}"}
    if paints(settings):
        painted = first_numbers(settings) if settings.quality == "studio" else settings
        pairs |= {"Steps": painted.steps, "Sampler": painted.sampler, "CFG scale": painted.cfg}
        method = written_method_name(settings.method)
        pairs |= {_LABEL["method"]: method} if method else {}
        pairs |= _from_host(host_text) | {"Denoising strength": painted.denoise, _LABEL["strength"]: settings.strength}
    changed = [(number, action) for number, action in sorted(actions.items()) if action != "keep"]
    faces = "; ".join(f"{number}: {_action_text(action)}" for number, action in changed)
    pairs |= {
        RECIPE_LABEL: RECIPE,
        _TEMPLATE: f"{_one_line(template.name)} ({template.digest[:_DIGITS]})",
        _FACES: faces,
        _LABEL["quality"]: settings.quality,
    }
    if paints(settings):
        pairs |= {_LABEL["growth"]: settings.growth, _HAIR: hair, _LABEL["count"]: settings.count}
        pairs |= {_LABEL["fuse"]: settings.fuse, _LABEL["match"]: settings.match}
        if settings.quality == "studio":
            pairs[_LABEL["studio_preset"]] = settings.studio_preset
            pairs |= {_LABEL["studio_stages"]: settings.studio_stages} if settings.studio_stages else {}
            for name in ("studio_makeup", "studio_upscale"):
                if getattr(settings, name) != getattr(Settings, name):
                    pairs[_LABEL[name]] = getattr(settings, name)
            pairs |= {_UPSCALER: settings.upscaler} if settings.upscaler else {}
    else:
        pairs |= {_LABEL[name]: getattr(settings, name) for name in _FROM_TEMPLATE}
    if scene is not None:
        drawn, seed = scene
        if not paints(settings):
            pairs |= {"Steps": settings.steps, **_from_host(host_text)}
        texts = drawn.infotext(seed).items()
        pairs |= {label: _one_line(value) if isinstance(value, str) else value for label, value in texts}
    pairs |= enlarge_remarks(settings)
    if tools:
        pairs[_TOOLS] = "; ".join(map(_one_line, tools))
    pairs["Version"] = f"FaceChain {__version__}"
    lines = [_one_line(settings.prompt), f"Negative prompt: {_one_line(settings.negative_prompt)}"]
    last = ", ".join(f"{label}: {quote_infotext_value(value)}" for label, value in pairs.items())
    return "\n".join([*lines, last]) if paints(settings) else last


def scene_infotext(
    made: SceneResult, actions: Mapping[int, FaceAction], *, hair: bool = False, tools: Sequence[str] = ()
) -> str:
    """The text of a template that was drawn from words and of what became of its faces."""
    return template_infotext(
        made.template, actions, made.settings, hair=hair, tools=tools, host_text=made.result.infotext,
        scene=(made.scene, made.seed),
    )  # fmt: skip


def parse_template_infotext(prompt: str, negative: str, values: Mapping[str, str]) -> ParsedTemplateInfotext | None:
    """What the parts of an infotext say; None when it is not that of a template portrait."""
    if values.get(RECIPE_LABEL) != RECIPE:
        return None
    named = re.fullmatch(r"(.*) \(([0-9a-f]{16})\)", values.get(_TEMPLATE, ""), re.DOTALL)
    found, refused = read_infotext_values(TEMPLATE_SETTINGS, values)
    notes = [
        f"{label} is {shorten(text)}, which cannot be used; the default is set." for label, text in refused.items()
    ]
    if found.get("quality") not in QUALITIES:
        found.pop("quality", None)
    settings = replace(Settings(), **found, upscaler=values.get(_UPSCALER, ""))
    if paints(settings):
        settings = replace(settings, prompt=prompt, negative_prompt=negative)
    scene, unread = parse_scene(values)
    people = re.findall(r"(\d{1,4}): (.*?)(?=; \d{1,4}: |$)", values.get(_FACES, ""))
    tools = values.get(_TOOLS, "")
    return ParsedTemplateInfotext(
        named[1] if named else "",
        named[2] if named else "",
        {int(number): who for number, who in people},
        settings,
        values.get(_HAIR) == "True",
        tuple(tools.split("; ")) if tools else (),
        (*notes, *unread),
        scene,
    )


def _action_text(action: FaceAction) -> str:
    return _one_line(action.label or "somebody") if isinstance(action, FaceSource) else action


def _one_line(text: str) -> str:
    """Text on one line and without characters that UTF-8 cannot hold, for a file's metadata."""
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
