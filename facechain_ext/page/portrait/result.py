"""From the page's settings to pictures: one job, or a grid of strength and style."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PIL import Image

from facechain_ext import faces
from facechain_ext.errors import HostError
from facechain_ext.faces.likeness import likeness_words
from facechain_ext.page.form import LABEL, NO_STYLE, remembered, settings_of
from facechain_ext.page.portrait.who import Who, person
from facechain_ext.portrait.job import Control
from facechain_ext.portrait.sheet import sheet
from facechain_ext.portrait.style import make, plan
from facechain_ext.portrait.tools import Fuse, Retouch
from facechain_ext.styles import find_style

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from facechain_ext.identity import Identity
    from facechain_ext.page.host import PageHost
    from facechain_ext.portrait.job import Job
    from facechain_ext.portrait.style import FaceTool, Finished, Result

    Report = Callable[[int, int], bool]

GRID_STRENGTHS = (0.25, 0.5, 0.75, 1.0)
_LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Shown:
    """What the result column shows: pictures with a caption each, their settings, and what was not as asked."""

    pictures: tuple[Finished, ...]
    notes: tuple[str, ...] = ()
    sheet: Image.Image | None = None

    def gallery(self, *, before: bool = False) -> list[tuple[Image.Image, str]]:
        """Pictures with captions; ``before`` shows them as they were generated."""
        rows = [
            (one.before if before and one.before is not None else one.portrait.picture, _caption(one))
            for one in self.pictures
        ]
        return [(self.sheet, "grid"), *rows] if self.sheet is not None else rows

    def infotext(self, number: int) -> str:
        """The settings of picture ``number`` of the gallery; empty for the grid."""
        number -= self.sheet is not None
        return self.pictures[number].portrait.infotext if 0 <= number < len(self.pictures) else ""


def generate(host: PageHost, who: Who, pose: Image.Image | None, form: Mapping[str, Any], report: Report) -> Shown:
    """The pictures that the page asks for, kept in the host's folder; raises FaceChainError."""
    identity = person(host, who)
    job, notes = _plan(host, identity, pose, form, chosen_seed(form["seed"]))
    result = _make(host, job, identity, who, form, notes, report)
    for one in result.pictures:
        host.save(one.portrait)
    return Shown(result.pictures, result.notes)


def grid(
    host: PageHost, who: Who, pose: Image.Image | None, form: Mapping[str, Any], styles: Sequence[str], report: Report
) -> Shown:
    """One picture for each of ``styles`` and GRID_STRENGTHS, all with one seed, and a sheet of them."""
    identity, seed = person(host, who), chosen_seed(form["seed"])
    cells = [(style, strength) for style in styles or (form["style"],) for strength in GRID_STRENGTHS]
    made: list[Finished] = []
    notes: list[str] = []
    for number, (style, strength) in enumerate(cells):
        one = {**form, "style": style, "strength": strength, "count": 1, "keep": 1}
        job, said = _plan(host, identity, pose, one, seed)
        steps = job.steps

        def told(done: int, _total: int, before: int = number * steps, all_steps: int = len(cells) * steps) -> bool:
            return report(before + done, all_steps)

        result = _make(host, job, identity, who, one, said, told)
        notes += [line for line in result.notes if line not in notes]
        if not result.pictures:
            break
        made += result.pictures
    labels = [f"{_name(style)} {strength:g}" for style, strength in cells]
    pictures = [(label, one.portrait.picture) for label, one in zip(labels, made, strict=False)]
    page = sheet(pictures, columns=len(GRID_STRENGTHS), title="strength x style") if pictures else None
    for picture in made:
        host.save(picture.portrait)
    if page is not None:
        host.save(replace(made[0].portrait, picture=page))
    return Shown(tuple(made), tuple(notes), page)


def chosen_seed(seed: Any) -> int:
    """The seed that was asked for, a random one for -1; raises HostError for what is no seed."""
    number = int(seed)
    if number == -1:
        return random.randrange(_LARGEST_SEED)  # noqa: S311 - noise, no secret
    if not 0 <= number <= _LARGEST_SEED:
        raise HostError(f"The seed is {number}; it is -1 for a random one, or 0 to {_LARGEST_SEED}.")
    return number


def _plan(
    host: PageHost, identity: Identity, pose: Image.Image | None, form: Mapping[str, Any], seed: int
) -> tuple[Job, tuple[str, ...]]:
    style = None if form["style"] == NO_STYLE else find_style(form["style"])
    job, notes = plan(
        identity,
        style,
        settings_of(form, seed),
        subject=form["subject"],
        suits=form["suits"],
        prompt=form["prompt"],
        negative_prompt=form["negative"],
        pose=None,
        lora_folders=host.lora_folders(),
    )
    asked = {**form, "seed": seed}
    return replace(job, controls=_controls(host, pose, form), remarks={LABEL: remembered(asked)}), notes


def _controls(host: PageHost, pose: Image.Image | None, form: Mapping[str, Any]) -> tuple[Control, ...]:
    if pose is None:
        return ()
    kinds: list[Any] = ["openpose_face" if form["pose_face"] else "openpose"] + (["depth"] if form["depth"] else [])
    offers = host.offers()
    for kind in kinds:
        if offers.why_not(kind):
            raise HostError(f"The pose picture cannot be used. {offers.why_not(kind)}")
    window = (float(form["pose_start"]), float(form["pose_end"]))
    return tuple(Control(kind, pose, float(form["pose_weight"]), window) for kind in kinds)


def _make(
    host: PageHost,
    job: Job,
    identity: Identity,
    who: Who,
    form: Mapping[str, Any],
    notes: Sequence[str],
    report: Report,
) -> Result:
    tools: list[FaceTool] = []
    tools += [Fuse()] if form["fuse"] else []
    tools += [Retouch()] if form["retouch"] else []
    photo = None
    if who.photos and form["fuse"]:
        photo = Image.fromarray(faces.read_picture(who.photos[0]).pixels)
    return make(
        host,
        job,
        keep=min(int(form["keep"]), job.count),
        judge=host.judge(),
        photo=photo,
        tools=tools,
        notes=[*notes, *identity.notes],
        progress=report,
    )


def _caption(one: Finished) -> str:
    if one.likeness is None:
        return f"no face to judge, seed {one.portrait.seed}"
    return f"{one.likeness:.2f} {likeness_words(one.likeness)}, seed {one.portrait.seed}"


def _name(style: str) -> str:
    return "no style" if style == NO_STYLE else find_style(style).en
