"""Which of the faces are the person's, and which photos are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from facechain_ext.identity.face_embedders import FaceEmbedder

MAX_KEPT = 15
"""Photos that are learned from at most (EasyPhoto's preprocess.py keeps the 15 best)."""


@dataclass(frozen=True, eq=False)
class FoundFace:
    """One face: the number of its photo, its vector, and its quality 0..1, which contains the angle."""

    photo: int
    vector: NDArray[np.float32]
    quality: float


@dataclass(frozen=True)
class Choice:
    """What was decided on a photo: the number of its face in the list (None: none), whether it is used, and why not.

    ``likeness`` is the similarity to the mean of the person's faces, ``score`` that times the quality.
    """

    face: int | None
    use: bool
    reason: str = ""
    likeness: float = 0.0
    score: float = 0.0


def choose_photos(
    found: Sequence[FoundFace], photos: int, embedder: FaceEmbedder, *, most: int = MAX_KEPT
) -> list[Choice]:
    """A decision for each of ``photos`` photos.

    The person is whoever is in most photos (of equals, whose faces are better). The photos of that person are ranked by
    likeness to their mean times quality; ``most`` of them are used.
    """
    group = _largest_group(found, embedder)
    if not group:
        return [Choice(None, use=False, reason="no face was found")] * photos
    mean = np.mean([found[number].vector for number in group], axis=0)
    likeness = [embedder.similarity(face.vector, mean) for face in found]
    choices = []
    for photo in range(photos):
        own = [number for number, face in enumerate(found) if face.photo == photo]
        meant = max((n for n in own if n in group), key=lambda n: likeness[n], default=None)
        if meant is not None:
            score = max(likeness[meant], 0.0) * found[meant].quality
            choices.append(Choice(meant, use=True, likeness=likeness[meant], score=score))
        elif own:
            nearest = max(own, key=lambda n: likeness[n])
            reason = f"someone else: likeness {likeness[nearest]:.2f}, from {embedder.same:.2f} it is the person"
            choices.append(Choice(nearest, use=False, reason=reason, likeness=likeness[nearest]))
        else:
            choices.append(Choice(None, use=False, reason="no face was found"))
    ranked = sorted((c.score for c in choices if c.use), reverse=True)
    return [_kept(choice, ranked, most) for choice in choices]


def _kept(choice: Choice, ranked: Sequence[float], most: int) -> Choice:
    """The choice, not used where ``most`` others are better."""
    if not choice.use or len(ranked) <= most or choice.score >= ranked[most - 1]:
        return choice
    rank = 1 + sum(score > choice.score for score in ranked)
    reason = f"not among the {most} best: rank {rank}, likeness {choice.likeness:.2f} x quality = {choice.score:.2f}"
    return Choice(choice.face, use=False, reason=reason, likeness=choice.likeness, score=choice.score)


def _largest_group(found: Sequence[FoundFace], embedder: FaceEmbedder) -> set[int]:
    """The faces of whoever is in most photos.

    Groups are joined from the most alike on while their means stay alike enough, and never two faces of one photo: they
    are two people, or a person and a mirror.
    """
    groups = [{number} for number in range(len(found))]
    photos = [{face.photo} for face in found]
    means = [face.vector for face in found]
    table = np.full((len(groups), len(groups)), -np.inf)  # below the diagonal: how alike groups are that may be joined
    same = embedder.same

    def compare(one: int, other: int) -> None:
        alike = embedder.similarity(means[one], means[other]) if photos[one].isdisjoint(photos[other]) else -np.inf
        table[one, other] = alike if alike >= same else -np.inf

    for one in range(len(groups)):
        for other in range(one):
            compare(one, other)
    while len(groups) > 1:
        last = table.size - 1 - int(np.argmax(table[::-1, ::-1]))  # of equals the last, as they are compared in order
        one, other = divmod(last, len(groups))
        if table[one, other] == -np.inf:
            break
        groups[other] |= groups.pop(one)
        photos[other] |= photos.pop(one)
        means.pop(one)
        means[other] = np.mean([found[n].vector for n in groups[other]], axis=0)
        table = np.delete(np.delete(table, one, 0), one, 1)
        for number in range(len(groups)):
            if number != other:
                compare(max(number, other), min(number, other))
    return max(groups, key=lambda group: (len(group), sum(found[n].quality for n in group)), default=set())
