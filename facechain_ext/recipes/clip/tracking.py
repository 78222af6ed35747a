"""The faces of a clip followed from frame to frame, by where they go and by what they look like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.recipes.clip.appearance import Appearance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, Pixels

_REACH = 1.2
"""Heights of the face that a face may lie away from where it is expected, and half of that more for each lost frame."""
_LOST_REACH, _MAX_REACH = 0.3, 4.0
_UNLIKE = 0.95
"""Difference in appearance from which a face is somebody else, wherever it is."""
_CLOSE = 1.3
"""Heights of a face between two faces within which appearance alone decides, because they may change places."""
_VELOCITY = 0.5
"""Share of the newest step in the velocity; the rest is the velocity before."""
_COAST = 0.85
"""What remains of the velocity in each frame in which a face is lost."""


@dataclass(eq=False)
class _Track:
    appearance: Appearance
    centre: NDArray[np.float64]
    size: float
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    lost: int = 0

    def expected(self) -> NDArray[np.float64]:
        return self.centre + self.velocity

    def take(self, face: Face, looks: Appearance, *, alone: bool) -> None:
        step = (_centre(face) - self.centre) / (self.lost + 1)
        self.velocity = step if self.lost else (1 - _VELOCITY) * self.velocity + _VELOCITY * step
        self.centre, self.size, self.lost = _centre(face), max(face.height, 1.0), 0
        if alone:  # never learn the looks of somebody who passes
            self.appearance.follow(looks)

    def miss(self) -> None:
        self.centre = self.centre + self.velocity
        self.velocity = self.velocity * _COAST
        self.lost += 1


class FaceTracker:
    """Follows all faces of a clip, so that two that cross are not taken for each other."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []

    def advance(self, pixels: Pixels, faces: Sequence[Face]) -> list[int]:
        """The number of the track, from 0, of each of the ``faces`` of the next frame; new people get new numbers."""
        looks = [Appearance(pixels, face) for face in faces]
        costs = sorted(
            (cost, number, index)
            for number, track in enumerate(self._tracks)
            for index, (face, look) in enumerate(zip(faces, looks, strict=True))
            if (cost := self._cost(track, face, look, faces)) is not None
        )
        found: dict[int, int] = {}
        for _, number, index in costs:
            if index not in found and number not in found.values():
                found[index] = number
        for index, (face, look) in enumerate(zip(faces, looks, strict=True)):
            alone = not any(_near(face, other) for other in faces if other is not face)
            if index in found:
                self._tracks[found[index]].take(face, look, alone=alone)
            else:
                found[index] = len(self._tracks)
                self._tracks.append(_Track(look, _centre(face), max(face.height, 1.0)))
        taken = set(found.values())
        for number, track in enumerate(self._tracks):
            if number not in taken:
                track.miss()
        return [found[index] for index in range(len(faces))]

    def _cost(self, track: _Track, face: Face, look: Appearance, faces: Sequence[Face]) -> float | None:
        """How badly a face fits a track; None where it cannot be its."""
        reach = min(_REACH + _LOST_REACH * track.lost, _MAX_REACH) * track.size
        distance = float(np.linalg.norm(_centre(face) - track.expected()))
        unlike = track.appearance.difference(look)
        if distance > reach or unlike > _UNLIKE:
            return None
        crowded = track.lost > 0 or any(_near(face, other) for other in faces if other is not face)
        return unlike if crowded else 0.5 * unlike + distance / track.size


def _centre(face: Face) -> NDArray[np.float64]:
    return np.array(face.centre)


def _near(one: Face, other: Face) -> bool:
    return float(np.linalg.norm(_centre(one) - _centre(other))) < _CLOSE * max(one.height, other.height)
