"""Whether the photos under one name show one person, and whether two names are one person's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.training.adapter.journal import read_square
from facechain_ext.training_runs.photos.select import FoundFace, choose_photos

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from facechain_ext.faces import Detector
    from facechain_ext.faces.types import Face, Pixels
    from facechain_ext.identity.face_embedders import FaceEmbedder
    from facechain_ext.training.adapter.journal import JournalEntry


@dataclass(frozen=True)
class Alike:
    """Two names whose photos look like one person's, and how alike their means are."""

    one: str
    other: str
    likeness: float


def verify(
    rows: Sequence[JournalEntry],
    folder: Path,
    embedder: FaceEmbedder,
    detector: Detector,
    progress: Callable[[str], None] = lambda _name: None,
) -> tuple[list[JournalEntry], list[Alike]]:
    """The rows with what was found out, in their order, and the names that look like one person.

    Of each name the largest group of alike faces is kept, as a person's own photos are chosen; photos of others are
    dropped with the reason. Vectors are biometric data: they stay in memory, so that a second call compares again.
    Raises PhotoError for a prepared file that is gone or damaged.
    """
    by_name: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        if not row.dropped:
            by_name[row.person].append(number)
    out, means = list(rows), {}
    for name, numbers in by_name.items():
        progress(name)
        found = []
        for place, number in enumerate(numbers):
            vector = _vector(folder, rows[number].key, embedder, detector)
            if vector is None:
                out[number] = replace(rows[number], dropped="no face is found in the square that was cut")
            else:
                found.append(FoundFace(place, vector, 1.0))
        choices = choose_photos(found, len(numbers), embedder, most=len(numbers))
        kept = []
        for number, choice in zip(numbers, choices, strict=True):
            if out[number].dropped:
                continue
            reason = "" if choice.use else choice.reason
            likeness = round(choice.likeness, 4)
            out[number] = replace(rows[number], dropped=reason, verified=embedder.name, likeness=likeness)
            if choice.use and choice.face is not None:
                kept.append(found[choice.face].vector)
        if kept:
            means[name] = np.mean(kept, axis=0)
    return out, _alike(means, embedder)


def _alike(means: dict[str, NDArray[np.float32]], embedder: FaceEmbedder) -> list[Alike]:
    names = sorted(means)
    pairs = ((one, other) for place, one in enumerate(names) for other in names[place + 1 :])
    scored = [Alike(one, other, round(embedder.similarity(means[one], means[other]), 4)) for one, other in pairs]
    return [pair for pair in scored if pair.likeness >= embedder.same]


def _vector(folder: Path, key: str, embedder: FaceEmbedder, detector: Detector) -> NDArray[np.float32] | None:
    """The vector of the face under the mask of a prepared photo; None where none is found."""
    pixels, mask = (read_square(folder, key, kind) for kind in ("picture", "mask"))
    found = detector.detect(pixels)
    return embedder.embed(pixels, max(found, key=lambda face: _under(face, mask))) if found else None


def _under(face: Face, mask: Pixels) -> float:
    """How much of a mask lies in the box of a face."""
    left, top, right, bottom = (max(round(edge), 0) for edge in face.box)
    return float(mask[top:bottom, left:right].sum())
