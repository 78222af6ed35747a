"""Photos of a person into a folder of training squares, a table of captions that says what is used, and a report."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext import faces
from facechain_ext.errors import PhotoError
from facechain_ext.retouch.skin_retouch import retouch_skin
from facechain_ext.styles import key_of
from facechain_ext.training_runs.photos.crop import cut_mask, cut_square, face_square, person_mask, with_background
from facechain_ext.training_runs.photos.decision import (
    MASKS,
    PhotoDecision,
    PreparationOptions,
    read_report,
    write_report,
)
from facechain_ext.training_runs.photos.describe import describe_square
from facechain_ext.training_runs.photos.select import Choice, FoundFace, choose_photos
from facechain_ext.training_runs.photos.single import Views
from facechain_ext.training_runs.pictures import CaptionRow, read_table, write_png, write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from facechain_ext.faces import Detector, HeadMasker, Picture
    from facechain_ext.faces.types import Face, Pixels
    from facechain_ext.identity.face_embedders import FaceEmbedder
    from facechain_ext.training_runs.photos.drawn_views import DrawnView

_SMALL_FACE = 0.02
"""Share of the largest face's area below which a face is somebody far in the background."""
_SKIN = 0.4
"""Strength of the skin retouch, milder than for a finished picture: pores that are gone are not learned."""


@dataclass
class _Photo:
    """A photo on its way."""

    decision: PhotoDecision
    picture: Picture | None = None
    faces: list[Face] = field(default_factory=list)


def prepare_photos(
    photos: Sequence[Path],
    out: Path,
    trigger: str,
    embedder: FaceEmbedder,
    *,
    detector: Detector,
    masker: HeadMasker,
    options: PreparationOptions | None = None,
    caption: Callable[[Pixels], str] | None = None,
    draw: Callable[[Pixels], Sequence[DrawnView]] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[PhotoDecision]:
    """Prepare ``photos`` into ``out``; one decision for each, in their order.

    Every photo that can be read is there as a square, used or not, so that a decision is taken back by the column
    ``use`` of the table alone; words that the user wrote there stay. What is prepared already by the same options is
    not prepared again. ``caption`` looks at a square and describes it; without one the words say what was measured.
    ``draw`` draws further views of a single photo, of which those that are like the person are used.
    Raises PhotoError where nobody is in any of the photos.
    """
    options = options or PreparationOptions()
    out.mkdir(parents=True, exist_ok=True)
    states = [_Photo(decision, picture) for decision, picture in read_photos(photos)]
    earlier = read_report(out)
    if earlier is not None and earlier[1] == options and [d.digest for d in earlier[0] if not d.view] == [
        state.decision.digest for state in states
    ]:  # fmt: skip
        return earlier[0]
    found: list[FoundFace] = []
    places: list[tuple[_Photo, Face]] = []
    readable = [state for state in states if state.picture is not None and not state.decision.reason]
    for number, state in enumerate(readable):
        assert state.picture is not None
        for face in _faces(detector, state.picture.pixels):
            head = masker.mask(state.picture.pixels, face)
            quality = faces.assess_quality(state.picture.pixels, face, head).score
            found.append(FoundFace(number, embedder.embed(state.picture.pixels, face), quality))
            places.append((state, face))
            state.faces.append(face)
        progress(number + 1, len(readable))
    choices = choose_photos(found, len(readable), embedder, most=options.most)
    if not any(choice.use for choice in choices):
        reasons = "; ".join(f"{s.decision.source}: {s.decision.reason}" for s in states if s.decision.reason)
        raise PhotoError(f"No face was found in any of the photos; choose photos that show one. {reasons}".strip())
    saved = {row.file: row for row in read_table(out)}
    rows: list[CaptionRow] = []
    for state, choice in zip(readable, choices, strict=True):
        chosen = None if choice.face is None else places[choice.face][1]
        quality = 0.0 if choice.face is None else found[choice.face].quality
        rows.append(_write_square(state, chosen, choice, quality, out, masker, options, caption, trigger))
    decisions = [state.decision for state in states]
    used = [decision for decision in decisions if decision.use]
    if len(used) == 1:
        views = Views(out, used[0], next(row.caption for row in rows if row.file == used[0].file))
        if options.views:
            views.add_variants()
        if draw is not None:
            state, choice = next(pair for pair in zip(readable, choices, strict=True) if pair[1].use)
            assert state.picture is not None
            assert choice.face is not None
            meant = found[choice.face].vector
            views.add_drawn(draw(state.picture.pixels), trigger, meant, embedder, detector, masker)
        rows, decisions = [*rows, *views.rows], [*decisions, *views.decisions]
    before = {d.file: d for d in earlier[0]} if earlier is not None else {}
    kept = {one.file for one in decisions}
    for decision in before.values():
        if decision.view and decision.file not in kept:
            (out / decision.file).unlink(missing_ok=True)  # else the table would take it for a picture of the user's
            (out / MASKS / decision.file).unlink(missing_ok=True)
    written = {row.file: row.caption for row in rows}
    decisions = [replace(decision, caption=written.get(decision.file, "")) for decision in decisions]
    rows = [_with_edits(row, saved[row.file], before.get(row.file)) if row.file in saved else row for row in rows]
    write_table(out, rows)
    write_report(out, decisions, options)
    return decisions


def _with_edits(row: CaptionRow, saved: CaptionRow, before: PhotoDecision | None) -> CaptionRow:
    """A new line with the user's words and decision where they were not the automatic ones."""
    decided = saved.use if before is not None and saved.use != before.use else row.use
    untouched = before is not None and before.caption and saved.caption == before.caption
    return replace(row, use=decided, caption=row.caption if untouched else saved.caption)


def read_photos(photos: Sequence[Path]) -> list[tuple[PhotoDecision, Picture | None]]:
    """Every photo read once, with a file name of its own; a second copy of the same picture is left out."""
    states: list[tuple[PhotoDecision, Picture | None]] = []
    seen: dict[str, str] = {}
    taken: set[str] = set()
    for path in photos:
        try:
            picture = faces.read_picture(path)
        except PhotoError as error:
            states.append((PhotoDecision(path.name, "", reason=str(error)), None))
            continue
        stem = key_of(path.stem)
        names = (f"{stem}.png", *(f"{stem}-{number}.png" for number in range(2, len(photos) + 2)))
        file = next(name for name in names if name not in taken)  # another photo may be called a-2
        taken.add(file)
        decision = PhotoDecision(path.name, picture.digest, file, remarks=picture.notes)
        if picture.digest in seen:
            reason = f"it is the same picture as {seen[picture.digest]}"
            decision = replace(decision, file="", reason=reason)
        seen.setdefault(picture.digest, path.name)
        states.append((decision, picture))
    return states


def _faces(detector: Detector, pixels: Pixels) -> list[Face]:
    """The faces of a picture, without those far in the background."""
    found = detector.detect(pixels)
    return [face for face in found if face.area >= _SMALL_FACE * found[0].area]


def _write_square(
    state: _Photo,
    face: Face | None,
    choice: Choice,
    quality: float,
    out: Path,
    masker: HeadMasker,
    options: PreparationOptions,
    caption: Callable[[Pixels], str] | None,
    trigger: str,
) -> CaptionRow:
    """Cut and write one photo, complete its decision, and return its line of the table."""
    assert state.picture is not None
    pixels, remarks = state.picture.pixels, list(state.decision.remarks)
    if face is None:
        side = min(pixels.shape[:2])
        square = ((pixels.shape[1] - side) // 2, (pixels.shape[0] - side) // 4, side)
        cut = cut_square(pixels, square)
        mask = np.zeros(cut.shape[:2], bool)
    else:
        if options.retouch:
            pixels = retouch_skin(pixels, [face], strength=_SKIN)
        square = face_square(pixels, face, options.wide)
        cut = cut_square(pixels, square)
        mask = cut_mask(masker.mask(pixels, face).head, square, len(cut))
        if options.background != "keep":
            cut = with_background(cut, person_mask(cut, mask), options.background)
        if len(state.faces) > 1:
            remarks.append(f"{len(state.faces)} faces; the one of the person is cut out")
    words = caption(cut) if caption is not None else describe_square(face, square, cut)
    write_png(out / state.decision.file, cut)
    (out / MASKS).mkdir(exist_ok=True)
    write_png(out / MASKS / state.decision.file, mask.astype(np.uint8) * 255)
    state.decision = replace(
        state.decision,
        use=choice.use,
        reason=choice.reason,
        likeness=round(choice.likeness, 4),
        quality=round(quality, 4),
        yaw=round(face.yaw, 1) if face is not None else 0.0,
        face_pixels=round(max(face.width, face.height)) if face is not None else 0,
        faces=len(state.faces),
        remarks=tuple(remarks),
    )
    return CaptionRow(state.decision.file, choice.use, ", ".join(filter(None, (trigger, words))), choice.reason)
