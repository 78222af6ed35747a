"""Restoring the settings of the page "Picture in" from infotext, independent of gradio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.errors import FaceChainError, InputError
from facechain_ext.identity.library import CardLibrary
from facechain_ext.recipes.template import Scene, Settings, TemplateGallery, read_template
from facechain_ext.recipes.template.from_words import face_prompt
from facechain_ext.recipes.template.infotext import parse_template_infotext
from facechain_ext.ui.pnginfo import parse_infotext
from facechain_ext.ui.template.choices import CARD, KEEP, MAX_FACES, PHOTO, PIXELATE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from facechain_ext.recipes.template.infotext import ParsedTemplateInfotext

_RETOUCHING = "Skin retouching"
"""Prefix of the names of retouching tools."""


@dataclass(frozen=True)
class RestoredTemplate:
    """Restored settings: ``template`` is a gallery name, empty when it is missing.

    ``choices`` has MAX_FACES entries; ``restorer`` is a name of ``HostCapabilities.restorers`` or empty.
    """

    template: str
    choices: tuple[str, ...]
    settings: Settings
    hair: bool
    retouch: bool
    restorer: str
    notes: tuple[str, ...]
    scene: Scene | None = None

    @property
    def prompt(self) -> str:
        """The prompt field's value: empty for the default prompt, and for the words of the scene."""
        usual = {Settings().prompt, "" if self.scene is None else face_prompt(self.scene)}
        return "" if self.settings.prompt in usual else self.settings.prompt


def restore_settings(text: str, photos: Mapping[str, Path], restorers: Collection[str]) -> RestoredTemplate:
    """Restore settings from infotext; ``photos`` are the uploaded photos by name.

    Raises InputError when the text is not of a template portrait.
    """
    infotext = parse_infotext(text)
    parsed = parse_template_infotext(infotext.prompt, infotext.negative, infotext.values)
    if parsed is None:
        raise InputError(
            "This picture holds no settings of a template portrait; choose one that was made on this page."
        )
    notes = list(parsed.notes)
    template = "" if parsed.scene is not None else _find_in_gallery(parsed, notes)
    choices = _choices(parsed, photos, notes)
    other_tools = [name for name in parsed.tools if not name.startswith(_RETOUCHING)]
    restorer = next((name for name in restorers if name in other_tools), "")
    notes += [f"{name} is not here, so the faces are not finished by it." for name in other_tools if name != restorer]
    standard = Settings()
    if parsed.settings.negative_prompt != standard.negative_prompt or parsed.settings.cfg != standard.cfg:
        notes.append(
            "Its negative prompt or its CFG scale cannot be set on this page; a request to the API takes them."
        )
    retouch = len(other_tools) < len(parsed.tools)
    scene = parsed.scene
    if scene is not None and (scene.negative_prompt, scene.cfg) != (Scene.negative_prompt, Scene.cfg):
        notes.append("The scene's negative prompt or CFG scale cannot be set on this page; a request takes them.")
    return RestoredTemplate(template, choices, parsed.settings, parsed.hair, retouch, restorer, tuple(notes), scene)


def _find_in_gallery(parsed: ParsedTemplateInfotext, notes: list[str]) -> str:
    """The gallery name of the template with this digest, its own name tried first; a note when it is missing."""
    gallery = TemplateGallery()
    names = sorted(gallery.names(), key=lambda name: name != parsed.template)
    if parsed.digest:
        for name in names:
            if _has_digest(gallery.path(name), parsed.digest):
                return name
    notes.append(f"The template {parsed.template} is not in the gallery; drop it again.")
    return ""


def _has_digest(path: Path, digest: str) -> bool:
    try:
        return read_template(path).digest.startswith(digest)
    except FaceChainError:  # a damaged file is not the template
        return False


def _choices(parsed: ParsedTemplateInfotext, photos: Mapping[str, Path], notes: list[str]) -> tuple[str, ...]:
    """The choice for each face from cards and uploaded photos; a note for each that is missing."""
    cards = CardLibrary().names()
    digests = {faces.read_picture(path).digest[:12]: name for name, path in photos.items()}
    choices = [KEEP] * MAX_FACES
    for number, action in parsed.people.items():
        if not 1 <= number <= MAX_FACES:
            notes.append(f"Face {number} has no drop-down here; it stays as it is.")
            continue
        kind, _, name = action.partition(" ")
        if action == PIXELATE:
            choices[number - 1] = PIXELATE
        elif kind == "card" and name in cards:
            choices[number - 1] = CARD + name
        elif kind == "photo" and name in digests:
            choices[number - 1] = PHOTO + digests[name]
        elif kind == "card":
            notes.append(f"There is no card called {name} here; choose somebody for face {number}.")
        else:
            notes.append(f"Face {number} was put in from a photo: add it to the guests and choose it.")
    return tuple(choices)
