"""Which face of a finished picture belongs to which person: by region, by order, else by likeness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from facechain_ext.identity.likeness_scale import Likeness
from facechain_ext.identity.likeness_scorer import scorer_for
from facechain_ext.recipes.template.crop import face_crop, square

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.job import Person
    from facechain_ext.recipes.template.faces import TemplateFace

_INSIDE = 0.5
"""The value of a person's region from which a point is theirs: the middle of its soft border."""


MatchReason = Literal["box", "order", "size"] | Likeness
"""It lies in the person's region; the order from the left; the largest, as nothing scores likeness; the likeness."""


@dataclass(frozen=True)
class FaceMatch:
    """``faces``: the number of a face -> the index of its person; ``reasons``: why, or the likeness that decided.

    ``unmatched`` are the indices of people who have no face in the picture.
    """

    faces: Mapping[int, int]
    reasons: Mapping[int, MatchReason]
    unmatched: tuple[int, ...]


def match_faces(
    pixels: Pixels, targets: Sequence[TemplateFace], people: Sequence[Person], scorer: LikenessScorer | None
) -> FaceMatch:
    """Give each person at most one face of ``pixels`` uint8 [h, w, 3].

    A person with a region gets the largest face whose centre lies in it. When as many faces as people are then left,
    they are matched from left to right. Otherwise the scorer decides: the most alike pair is matched first, and no face
    with somebody whom it does not show. Without a scorer the largest faces are matched from left to right.
    """
    faces: dict[int, int] = {}
    reasons: dict[int, MatchReason] = {}
    for index, person in enumerate(people):
        inside = [target for target in targets if target.number not in faces and _in_region(target, person, pixels)]
        if inside:
            chosen = max(inside, key=_area)
            faces[chosen.number], reasons[chosen.number] = index, "box"
    free = [target for target in targets if target.number not in faces]
    waiting = [index for index in range(len(people)) if index not in faces.values()]
    if not free or not waiting:
        found: dict[int, tuple[int, MatchReason]] = {}
    elif len(free) == len(waiting) or scorer is None:
        largest = sorted(sorted(free, key=_area, reverse=True)[: len(waiting)], key=lambda target: target.number)
        reason: MatchReason = "order" if len(free) == len(waiting) else "size"
        found = {target.number: (index, reason) for target, index in zip(largest, waiting, strict=False)}
    else:
        found = _most_alike(pixels, free, waiting, people, scorer)
    for number, (index, reason) in found.items():
        faces[number], reasons[number] = index, reason
    unmatched = tuple(index for index in range(len(people)) if index not in faces.values())
    return FaceMatch(faces, reasons, unmatched)


def _most_alike(
    pixels: Pixels,
    targets: Sequence[TemplateFace],
    indices: Sequence[int],
    people: Sequence[Person],
    scorer: LikenessScorer,
) -> dict[int, tuple[int, MatchReason]]:
    """Number of a face -> index of its person and the likeness, from the most alike pair to the least."""
    scores: list[tuple[Likeness, int, int]] = []
    judge = scorer_for(scorer, [people[index].identity for index in indices])
    for target in targets:
        crop = Image.fromarray(square(pixels, *face_crop(target)))
        for index in indices:
            score = judge.likeness(crop, people[index].identity)
            if score is not None and not score.is_someone_else:
                scores.append((score, target.number, index))
    matches: dict[int, tuple[int, MatchReason]] = {}
    for score, number, index in sorted(scores, key=lambda entry: -entry[0].rank):
        if number not in matches and index not in {matched for matched, _ in matches.values()}:
            matches[number] = (index, score)
    return matches


def _in_region(target: TemplateFace, person: Person, pixels: Pixels) -> bool:
    """Whether the centre of a face lies in a person's region; False for a person without one."""
    if person.region is None:
        return False
    region = np.asarray(person.region)
    left, top, right, bottom = target.face.box
    height, width = pixels.shape[:2]
    across, down = (left + right) / 2 / width, (top + bottom) / 2 / height
    row = int(np.clip(down * region.shape[0], 0, region.shape[0] - 1))
    column = int(np.clip(across * region.shape[1], 0, region.shape[1] - 1))
    return bool(region[row, column] >= _INSIDE)


def _area(target: TemplateFace) -> float:
    return target.face.width * target.face.height
