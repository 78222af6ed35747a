"""Requests of a person in place of another in a clip."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.errors import InputError
from facechain_ext.identity.photo_judge import face_describer
from facechain_ext.jobs.recipes.recipe import Recipe, RequestSummary
from facechain_ext.jobs.request_values import read_flag, read_settings, read_text
from facechain_ext.jobs.worker_types import MadePicture, RequestResult
from facechain_ext.labels import read_packet
from facechain_ext.media.clip import open_clip
from facechain_ext.recipes.clip.frame_distances import frame_distances
from facechain_ext.recipes.clip.recipe import make_clip
from facechain_ext.recipes.clip.settings import CLIP_SETTINGS, clip_settings
from facechain_ext.recipes.moving_file import require_consent

if TYPE_CHECKING:
    from facechain_ext.faces.types import Pixels
    from facechain_ext.jobs.recipes.recipe import RecipeContext
    from facechain_ext.recipes.clip.settings import ClipSettings


@dataclass(frozen=True)
class ClipFacts:
    """The video ``clip`` with the person of ``photo``, or of ``card``, in place of the chosen one."""

    settings: ClipSettings
    clip: str = field(repr=False)
    photo: str = field(default="", repr=False)
    card: str = field(default="", repr=False)

    def summary(self) -> RequestSummary:
        """The clip; its seed is always 0, because nothing in it is drawn."""
        return RequestSummary(f"{Path(self.clip).stem}, clip, seed 0", sent=1 + bool(self.photo))


def _parse(values: dict[str, object]) -> ClipFacts:
    clip, photo, card = (read_text(values, name, limit=None) for name in ("clip", "photo", "card"))
    if not clip or bool(photo) == bool(card):
        raise InputError("FaceChain: a clip is a video, and a photo or a card of the person; one of the two.")
    require_consent(agreed=read_flag(values, "agreed"))
    return ClipFacts(clip_settings(read_settings(values.get("settings", {}), CLIP_SETTINGS, ())), clip, photo, card)


def _run(facts: ClipFacts, context: RecipeContext) -> RequestResult:
    content = context.file(facts.clip, "the clip is a video")
    photo, packets, notes = _person(facts, context)
    with tempfile.TemporaryDirectory(prefix="facechain-clip-") as name:
        template, out = Path(name) / "The clip", Path(name) / "clip.mp4"
        template.write_bytes(content)
        packets = [packet for packet in (*packets, read_packet(content)) if packet]
        made = make_clip(template, photo, out, facts.settings, inherited=packets, progress=context.progress)
        curve, said = frame_distances(open_clip(out), photo, face_describer())
        return RequestResult((MadePicture(out.read_bytes(), "", 0, curve=curve),), (*notes, *made, *said))


def _person(facts: ClipFacts, context: RecipeContext) -> tuple[Pixels, list[str], tuple[str, ...]]:
    """The photo of a clip's person, the marks that it carries, and notes on it; of a card, the picture in it."""
    if facts.card:
        return context.sources.card(facts.card)[1].thumbnail, [], ()
    content = context.sources.picture(facts.photo)
    picture = faces.read_picture(content, name="The photo")
    return picture.pixels, [read_packet(content)], picture.notes


CLIP = Recipe(
    frozenset({"clip", "photo", "card", "settings", "agreed"}), frozenset({"clip", "photo", "card"}), _parse, _run
)
"""A person in a clip."""
