"""Requests of portraits of one person, by photos or a card."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from facechain_ext.errors import InputError
from facechain_ext.identity.photo_judge import photo_judge
from facechain_ext.jobs.recipes.recipe import Recipe, RequestSummary
from facechain_ext.jobs.request_values import MAX_FACE, read_flag, read_judge, read_text, read_texts
from facechain_ext.jobs.worker_types import MadePicture, RequestResult
from facechain_ext.recipes.arguments import own_settings
from facechain_ext.recipes.finishing import PortraitFinisher
from facechain_ext.recipes.framing import FULL_BODY, framing_settings, full_body_controls
from facechain_ext.recipes.job import Hires
from facechain_ext.recipes.labelling import encode_png
from facechain_ext.recipes.portrait_settings import PORTRAIT_SETTINGS
from facechain_ext.recipes.readiness import require_ready
from facechain_ext.recipes.style import make, plan
from facechain_ext.recipes.style_settings import Settings
from facechain_ext.recipes.tools import fusion, retouching
from facechain_ext.styles import find_style
from facechain_ext.styles.style import SUBJECTS
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.jobs.recipes.recipe import RecipeContext
    from facechain_ext.recipes.readiness import DrawingDefaults
    from facechain_ext.recipes.style import Result
    from facechain_ext.styles import Subject

_LEFT_OUT = frozenset({"pose_weight", "pose_start", "pose_end", "depth_weight", "hires"})
"""Settings of the page that a request has not, as it holds no picture of a pose."""
_KEYS = frozenset({
    "photos", "card", "face", "style", "subject", "suits", "prompt", "negative_prompt", "fuse", "retouch", "judge",
    "settings",
})  # fmt: skip


@dataclass(frozen=True)
class PortraitFacts:
    """Pictures of the person in ``photos`` or of ``card``; ``face`` 0 is the largest face of the photos."""

    settings: Settings
    named: Mapping[str, Any] = field(default_factory=dict)
    """The settings that the request names, by name; what suits the checkpoint stands for the others."""
    method_settings: Mapping[str, object] = field(default_factory=dict)
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
    judge: str = ""

    def summary(self) -> RequestSummary:
        """Person, style or prompt, and seed."""
        who = Path(self.card or self.photos[0]).stem
        label = f"{who}, {self.style or self.prompt[:30]}, seed {self.settings.seed}"
        return RequestSummary(label, len(self.photos), self.settings.count)


def portrait_rows() -> dict[str, Any]:
    """The settings of a portrait's request by name."""
    rows = {row.name: row for row in PORTRAIT_SETTINGS if row.name not in _LEFT_OUT}
    return rows | {row.name: row for row in own_settings()}


def _parse(values: dict[str, object]) -> PortraitFacts:
    photos, card = read_texts(values, "photos"), read_text(values, "card", limit=None)
    if bool(photos) == bool(card):
        raise InputError("FaceChain: a portrait has photos of one person, or a card; one of the two.")
    face = values.get("face", 0)
    if isinstance(face, bool) or not isinstance(face, int) or not 0 <= face <= MAX_FACE:
        raise InputError(f"FaceChain: face is {shorten(face)}; set it to a number from the left, or 0 for the largest.")
    given = values.get("suits", "anyone")
    suits = next((one for one in SUBJECTS if one == given), None)
    if suits is None:
        raise InputError(f"FaceChain: suits is {shorten(given)}; set it to {', '.join(SUBJECTS)}.")
    style, prompt = read_text(values, "style"), read_text(values, "prompt")
    if not style and not prompt:
        raise InputError("FaceChain: say with prompt what the picture shows, or choose a style.")
    named = _read_settings(values.get("settings", {}))
    return PortraitFacts(
        _settings(named),
        named,
        {row.name: named[row.name] for row in own_settings() if row.name in named},
        photos=photos,
        card=card,
        face=face,
        style=style,
        subject=read_text(values, "subject") or "a person",
        suits=suits,
        prompt=prompt,
        negative_prompt=read_text(values, "negative_prompt"),
        fuse=read_flag(values, "fuse"),
        retouch=read_flag(values, "retouch"),
        judge=read_judge(values),
    )


def _read_settings(given: object) -> dict[str, Any]:
    """The settings of a request by name, each in its own kind; raises InputError for an unknown name."""
    rows = portrait_rows()
    if not isinstance(given, dict):
        raise InputError("FaceChain: settings is an object.")
    stranger = next((name for name in given if name not in rows and name != "adapter"), None)
    if stranger is not None:
        known = ", ".join(sorted([*rows, "adapter"]))
        raise InputError(f"FaceChain knows no setting {shorten(stranger)}; it knows {known}.")
    named = {name: rows[name].read(value) for name, value in given.items() if name != "adapter"}
    return named | ({"adapter": read_text(given, "adapter") or None} if "adapter" in given else {})


def _settings(named: Mapping[str, Any]) -> Settings:
    """The settings of a portrait; those of the hires pass count with its scale alone."""
    methods = {row.name for row in own_settings()}
    read = {name: one for name, one in named.items() if name not in methods and not name.startswith("hires_")}
    for name in ("width", "height"):
        if read.get(name, 8) % 8:
            raise InputError(f"FaceChain: {name} is {read[name]}; set it to a multiple of 8.")
    read["keep"] = read.get("keep") or None
    if read["keep"] is not None and read["keep"] > read.get("count", 1):
        raise InputError(f"FaceChain: keep is {read['keep']}; set it to the number of pictures at most.")
    read["seed"] = max(read.get("seed", 0), 0)
    hires = _hires(named)
    return Settings(**read, hires=Hires(**hires) if "scale" in hires else None)


def _hires(named: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the hires pass that a request names."""
    return {name.removeprefix("hires_"): one for name, one in named.items() if name.startswith("hires_")}


def fitted(facts: PortraitFacts, defaults: DrawingDefaults) -> Settings:
    """A portrait's settings, with sizes and steps that suit a small checkpoint where the request names none."""
    own = facts.settings
    if own.framing == FULL_BODY:
        return _framed(facts, defaults)
    if not defaults.words:
        return own
    return replace(
        own,
        width=own.width if "width" in facts.named else defaults.width,
        height=own.height if "height" in facts.named else defaults.height,
        steps=own.steps if "steps" in facts.named else defaults.steps,
    )


def _framed(facts: PortraitFacts, defaults: DrawingDefaults) -> Settings:
    """The settings of a full body, but for those that the request names."""
    own = facts.settings
    framed = {**framing_settings(own.framing, defaults), "steps": defaults.suited_steps(own.steps)}
    usual = {"scale": framed.pop("hires_scale"), "denoise": framed.pop("hires_denoise")}
    hires = Hires(**{**usual, **_hires(facts.named)}) if framed.pop("hires") and own.hires is None else own.hires
    return replace(own, **{name: value for name, value in framed.items() if name not in facts.named}, hires=hires)


def _run(facts: PortraitFacts, context: RecipeContext) -> RequestResult:
    host, capabilities = context.host, context.host.capabilities()
    require_ready(capabilities.needed)
    person = context.people.identity(facts.card, facts.photos, facts.face)
    settings = fitted(facts, capabilities.defaults)
    job, notes = plan(
        person,
        find_style(facts.style) if facts.style else None,
        settings,
        subject=facts.subject,
        suits=facts.suits,
        prompt=facts.prompt,
        negative_prompt=facts.negative_prompt,
        lora_folders=host.lora_folders(),
    )
    controls = full_body_controls(settings, capabilities.ready_controls)
    job = replace(job, method_settings=facts.method_settings, controls=controls)
    tools = [*([fusion()] if facts.fuse else []), *([retouching()] if facts.retouch else [])]
    photo = Image.fromarray(context.picture(facts.photos[0]).pixels) if facts.fuse and facts.photos else None
    scorer = host.likeness_scorer(facts.judge)
    finisher = PortraitFinisher(host, settings, capabilities.defaults.painted, scorer) if settings.finishes else None

    def work() -> RequestResult:
        result = make(
            host, job, keep=facts.settings.keep, early=facts.settings.early, scorer=scorer, photo=photo, tools=tools,
            notes=[*notes, *person.notes], finisher=finisher, progress=context.progress,
        )  # fmt: skip
        judge = photo_judge()
        reference = []
        if judge is not None:
            photos = [context.picture(one).pixels for one in facts.photos]
            reference = judge.reference(person, photos, facts.face)
        made = tuple(
            MadePicture(
                encode_png(one.portrait.picture, one.portrait.infotext),
                one.portrait.infotext,
                one.portrait.seed,
                None if one.likeness is None else one.likeness.cosine,
                judge.check(one.portrait.picture, reference) if judge is not None else None,
                judged="" if one.likeness is None else str(one.likeness),
            )
            for one in result.pictures
        )
        wanted = facts.settings.keep or facts.settings.count
        return RequestResult(made, _notes(result), stopped=len(made) < wanted)

    return host.queued(work)()


def _notes(result: Result) -> tuple[str, ...]:
    """The notes on a result and on each of its pictures, each once."""
    return tuple(dict.fromkeys([*result.notes, *(note for one in result.pictures for note in one.notes)]))


PORTRAIT = Recipe(_KEYS, frozenset({"photos", "card"}), _parse, _run)
"""A portrait."""
