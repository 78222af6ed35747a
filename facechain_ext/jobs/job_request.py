"""A request: everything that a portrait, a template portrait or a repair of faces needs, as JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from facechain_ext.errors import InputError
from facechain_ext.jobs.moving_requests import CLIP_KEYS, TALK_KEYS, TalkRequest, read_clip, read_talk
from facechain_ext.jobs.picture_requests import (
    GARMENT_KEYS,
    REDRAW_KEYS,
    read_garment,
    read_people,
    read_redraw,
    read_scene,
)
from facechain_ext.jobs.request_values import read_flag, read_template_settings, read_text, read_texts
from facechain_ext.recipes.arguments import own_settings
from facechain_ext.recipes.detail import DETAIL_SETTINGS
from facechain_ext.recipes.garment.settings import GarmentSettings
from facechain_ext.recipes.job import Hires
from facechain_ext.recipes.portrait_settings import PORTRAIT_SETTINGS
from facechain_ext.recipes.redraw.settings import RedrawSettings
from facechain_ext.recipes.style_settings import Settings as PortraitSettings
from facechain_ext.recipes.template import Settings as TemplateSettings
from facechain_ext.recipes.template.actions import FaceChoice, parse_face_choices
from facechain_ext.styles.style import SUBJECTS
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from facechain_ext.recipes.clip.settings import ClipSettings
    from facechain_ext.recipes.garment.marking import Point
    from facechain_ext.recipes.regions import RegionPrompt
    from facechain_ext.recipes.template import Scene
    from facechain_ext.styles import Subject

RECIPES = ("portrait", "template", "detail", "redraw", "garment", "talk", "clip")
"""What can be ordered."""
_PORTRAIT_KEYS = frozenset({
    "recipe", "photos", "card", "face", "style", "subject", "suits", "prompt", "negative_prompt", "fuse", "retouch",
    "settings",
})  # fmt: skip
_TEMPLATE_KEYS = frozenset({"recipe", "template", "scene", "faces", "hair", "retouch", "settings"})
_DETAIL_KEYS = frozenset({"recipe", "picture", "people", "settings"})
FILE_KEYS = ("photos", "photo", "card", "template", "picture", "mask", "garment", "pose", "voice", "clip")
"""Keys of a request whose texts name files, or hold them in base64."""
_LEFT_OUT = frozenset({"pose_weight", "pose_start", "pose_end", "depth_weight", "hires"})
"""Settings of the page that a request has not, as it holds no picture of a pose."""
ID_DIGITS = 32
"""Hexadecimal digits of an item's id: 128 bits, so that no two requests of a batch share one."""


@dataclass(frozen=True)
class JobRequest:
    """A checked request.

    ``photos``, ``card``, ``template`` and the references in ``faces`` name files or hold them in base64, as the
    ``Sources`` of who works on it reads them. ``face`` 0 is the largest face of the photos.
    """

    recipe: Literal["portrait", "template", "detail", "redraw", "garment", "talk", "clip"]
    values: Mapping[str, object] = field(repr=False)
    """The request as it was given."""
    photos: tuple[str, ...] = field(default=(), repr=False)
    card: str = field(default="", repr=False)
    face: int = 0
    style: str = ""
    subject: str = ""
    suits: Subject = "anyone"
    prompt: str = ""
    negative_prompt: str = ""
    fuse: bool = False
    retouch: bool = False
    portrait: PortraitSettings = field(default_factory=PortraitSettings)
    method_settings: Mapping[str, object] = field(default_factory=dict)
    template: str = field(default="", repr=False)
    faces: Mapping[int, FaceChoice] = field(default_factory=dict, repr=False)
    hair: bool = False
    painting: TemplateSettings = field(default_factory=TemplateSettings)
    """Of a template portrait or a repair of faces, whose picture is ``template`` too, as are all others that follow."""
    people: tuple[RegionPrompt, ...] = field(default=(), repr=False)
    drawing: RedrawSettings = field(default_factory=RedrawSettings)
    dressing: GarmentSettings = field(default_factory=GarmentSettings)
    mask: str = field(default="", repr=False)
    points: tuple[tuple[Point, ...], tuple[Point, ...]] = ((), ())
    """Points in and beside the garment, where there is no mask."""
    garment: str = field(default="", repr=False)
    pose: str = field(default="", repr=False)
    talk: TalkRequest | None = None
    """Of a talking portrait, whose portrait is ``template``."""
    clip: ClipSettings | None = None
    """Of a clip, which is ``template``; the person is that of ``photos`` or ``card``."""
    scene: Scene | None = None
    """What a template is drawn from, instead of a picture of one; its pose is the picture ``pose``."""

    @property
    def seed(self) -> int:
        """The seed of its first picture."""
        settings = {"portrait": self.portrait, "redraw": self.drawing, "garment": self.dressing}
        if self.talk is not None:
            return self.talk.settings.seed
        return int(settings.get(self.recipe, self.painting).seed)  # type: ignore[attr-defined]

    @property
    def count(self) -> int:
        """The number of pictures that are made."""
        return self.portrait.count if self.recipe == "portrait" else 1

    @property
    def steps_given(self) -> bool:
        """Whether it names steps of its own."""
        given = self.values.get("settings") or {}
        return isinstance(given, dict) and "steps" in given

    def digest(self, content: Callable[[str], bytes]) -> str:
        """The id of the request: a digest in which each file counts by its ``content`` and not by its name."""

        def by_content(value: object, key: str = "") -> object:
            if isinstance(value, dict):
                return {name: by_content(one, str(name)) for name, one in value.items()}
            if isinstance(value, list):
                return [by_content(one, key) for one in value]
            if key in FILE_KEYS and isinstance(value, str) and value:
                return hashlib.sha256(content(value)).hexdigest()
            return value

        text = json.dumps(by_content(dict(self.values)), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:ID_DIGITS]


def parse_job_request(values: object) -> JobRequest:
    """Check a request; raises InputError that names the first thing that is wrong with it."""
    if not isinstance(values, dict):
        raise InputError('FaceChain: an order is an object, as in {"recipe": "portrait", "card": "Anna"}.')
    recipe = values.get("recipe", "portrait")
    if recipe not in RECIPES:
        raise InputError(f"FaceChain: recipe is {shorten(recipe)}; set it to {' or '.join(RECIPES)}.")
    keys, parse = _PARSERS[str(recipe)]
    stranger = next((key for key in values if key not in keys), None)
    if stranger is not None:
        raise InputError(f"FaceChain: a {recipe} has no {shorten(stranger)}; it has {', '.join(sorted(keys))}.")
    return parse(values)


def _portrait(values: dict[str, object]) -> JobRequest:
    photos, card = read_texts(values, "photos"), read_text(values, "card", limit=None)
    if bool(photos) == bool(card):
        raise InputError("FaceChain: a portrait has photos of one person, or a card; one of the two.")
    face = values.get("face", 0)
    if isinstance(face, bool) or not isinstance(face, int) or not 0 <= face <= 1000:
        raise InputError(f"FaceChain: face is {shorten(face)}; set it to a number from the left, or 0 for the largest.")
    given = values.get("suits", "anyone")
    suits = next((one for one in SUBJECTS if one == given), None)
    if suits is None:
        raise InputError(f"FaceChain: suits is {shorten(given)}; set it to {', '.join(SUBJECTS)}.")
    style, prompt = read_text(values, "style"), read_text(values, "prompt")
    if not style and not prompt:
        raise InputError("FaceChain: say with prompt what the picture shows, or choose a style.")
    settings, method_settings = _portrait_settings(values.get("settings", {}))
    return JobRequest(
        "portrait",
        values,
        photos,
        card,
        face,
        style,
        read_text(values, "subject") or "a person",
        suits,
        prompt,
        read_text(values, "negative_prompt"),
        read_flag(values, "fuse"),
        read_flag(values, "retouch"),
        settings,
        method_settings,
    )


def _template(values: dict[str, object]) -> JobRequest:
    template = read_text(values, "template", limit=None)
    scene, pose = read_scene(values)
    if bool(template) == (scene is not None):
        raise InputError("FaceChain: a template is a picture, or a scene that says in words what one shows.")
    chosen = values.get("faces")
    if not isinstance(chosen, dict) or not chosen:
        raise InputError('FaceChain: faces says who goes where, as in {"1": {"card": "Anna"}, "2": "pixelate"}.')
    return JobRequest(
        "template",
        values,
        template=template,
        faces=parse_face_choices(chosen.items()),
        hair=read_flag(values, "hair"),
        retouch=read_flag(values, "retouch"),
        painting=read_template_settings(values.get("settings", {})),
        scene=scene,
        pose=pose,
    )


def _detail(values: dict[str, object]) -> JobRequest:
    picture, people = read_text(values, "picture", limit=None), read_people(values)
    if not picture:
        raise InputError("FaceChain: picture is the finished picture whose faces are painted anew.")
    if not people:
        raise InputError('FaceChain: people says whose faces are repaired, as in [{"card": "Anna"}].')
    settings = read_template_settings(values.get("settings", {}), DETAIL_SETTINGS)
    if settings.quality != DETAIL_SETTINGS.quality:
        raise InputError(f"FaceChain: a repair of faces has the quality {DETAIL_SETTINGS.quality}.")
    return JobRequest("detail", values, template=picture, people=people, painting=settings)


def _redraw(values: dict[str, object]) -> JobRequest:
    return JobRequest("redraw", values, **read_redraw(values))


def _garment(values: dict[str, object]) -> JobRequest:
    return JobRequest("garment", values, **read_garment(values))


def _talk(values: dict[str, object]) -> JobRequest:
    picture, talk = read_talk(values)
    return JobRequest("talk", values, template=picture, talk=talk)


def _clip(values: dict[str, object]) -> JobRequest:
    template, photo, card, clip = read_clip(values)
    return JobRequest("clip", values, (photo,) if photo else (), card, template=template, clip=clip)


_PARSERS: Mapping[str, tuple[frozenset[str], Callable[[dict[str, object]], JobRequest]]] = {
    "portrait": (_PORTRAIT_KEYS, _portrait),
    "template": (_TEMPLATE_KEYS, _template),
    "detail": (_DETAIL_KEYS, _detail),
    "redraw": (REDRAW_KEYS, _redraw),
    "garment": (GARMENT_KEYS, _garment),
    "talk": (TALK_KEYS, _talk),
    "clip": (CLIP_KEYS, _clip),
}


def portrait_rows() -> dict[str, Any]:
    """The settings of a portrait's request by name."""
    rows = {row.name: row for row in PORTRAIT_SETTINGS if row.name not in _LEFT_OUT}
    return rows | {row.name: row for row in own_settings()}


def _portrait_settings(given: object) -> tuple[PortraitSettings, dict[str, object]]:
    rows = portrait_rows()
    if not isinstance(given, dict):
        raise InputError("FaceChain: settings is an object.")
    stranger = next((name for name in given if name not in rows and name != "adapter"), None)
    if stranger is not None:
        known = ", ".join(sorted([*rows, "adapter"]))
        raise InputError(f"FaceChain knows no setting {shorten(stranger)}; it knows {known}.")
    read = {name: rows[name].read(value) for name, value in given.items() if name != "adapter"}
    own = {row.name: read.pop(row.name) for row in own_settings() if row.name in read}
    hires = {name.removeprefix("hires_"): read.pop(name) for name in list(read) if name.startswith("hires_")}
    for name in ("width", "height"):
        if read.get(name, 8) % 8:
            raise InputError(f"FaceChain: {name} is {read[name]}; set it to a multiple of 8.")
    read["keep"] = read.get("keep") or None
    if read["keep"] is not None and read["keep"] > read.get("count", 1):
        raise InputError(f"FaceChain: keep is {read['keep']}; set it to the number of pictures at most.")
    read["seed"] = max(read.get("seed", 0), 0)
    if "adapter" in given:
        read["adapter"] = read_text(given, "adapter") or None
    return PortraitSettings(**read, hires=Hires(**hires) if "scale" in hires else None), own
