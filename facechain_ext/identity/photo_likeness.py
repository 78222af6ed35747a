"""Whether photos show the same person, by a recognition network that no picture here is made with."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.faces.recognise.dlib_resnet import DlibRecogniser, distance
from facechain_ext.identity.likeness_scale import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Detector, Face, Pixels
    from facechain_ext.identity.likeness_scale import Verdict

MIN_SIDE = 100
"""Side in pixels of a face from which a verdict is given; in smaller ones the two cases overlap."""
MAX_TURN = 30.0
"""Yaw and pitch in degrees up to which a verdict is given, for the same reason."""
_LEVEL_PITCH = -8.0
"""Pitch in degrees that the mesh measures for a level gaze."""


@dataclass(frozen=True, eq=False)
class DescribedFace:
    """One face of a picture: its ``label`` in a table, descriptor float32 [128], and why no verdict is given on it.

    A descriptor is biometric data: it stays in memory.
    """

    label: str
    descriptor: NDArray[np.float32]
    doubt: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two faces by their labels, their distance, what it means, and the reason where it means nothing."""

    one: str
    other: str
    distance: float
    verdict: Verdict
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.distance:.2f} {self.verdict}" + (f" ({self.reason})" if self.reason else "")


class FaceDescriber:
    """Compares faces of pictures; raises HostError with the command that installs the network where it is missing."""

    def __init__(self, detector: Detector | None = None) -> None:
        self._network = DlibRecogniser()
        self._detector = detector or faces.detector()

    def describe(self, pixels: Pixels, face: Face, label: str = "") -> DescribedFace:
        """One face of an RGB picture uint8 [h, w, 3]."""
        return DescribedFace(label, self._network.describe(pixels, face), doubt(face))

    def describe_largest(self, pixels: Pixels, label: str) -> DescribedFace:
        """The largest face of a picture; raises PhotoError where there is none."""
        return self.describe(pixels, faces.choose_face(self._detector.detect(pixels)), label)

    def describe_all(self, pixels: Pixels, label: str) -> list[DescribedFace]:
        """Every face of a picture, left to right, labelled ``label`` and, where there are several, "face N"."""
        found = faces.number_faces(self._detector.detect(pixels))
        labels = [label] if len(found) == 1 else [f"{label} face {number}" for number in range(1, len(found) + 1)]
        return [self.describe(pixels, face, name) for face, name in zip(found, labels, strict=True)]


@functools.cache
def shared_describer() -> FaceDescriber:
    """The describer that everybody uses who names no detector; raises HostError as its class does."""
    return FaceDescriber()


def doubt(face: Face) -> str:
    """Why no verdict is given on a face, "" where one is."""
    side = max(face.width, face.height)
    if side < MIN_SIDE:
        return f"the face is {side:.0f} pixels high, {MIN_SIDE} are needed"
    if abs(face.yaw) > MAX_TURN:
        return f"the face is turned {abs(face.yaw):.0f}° away"
    pitch = face.pitch - _LEVEL_PITCH
    if abs(pitch) > MAX_TURN:
        return f"the face looks {'up' if pitch > 0 else 'down'} by {abs(pitch):.0f}°"
    return ""


def compare(one: DescribedFace, other: DescribedFace) -> Comparison:
    """The distance of two faces and what it means."""
    doubtful = [face for face in (one, other) if face.doubt]
    reasons = "; ".join(f"{face.label}: {face.doubt}" if face.label else face.doubt for face in doubtful)
    far = distance(one.descriptor, other.descriptor)
    return Comparison(one.label, other.label, far, "no verdict" if reasons else verdict(far), reasons)


def compare_all(described: Sequence[DescribedFace]) -> Iterator[Comparison]:
    """Every pair, in the order of the faces."""
    return (compare(one, other) for one, other in combinations(described, 2))
