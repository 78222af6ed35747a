"""How like a finished video stays to its person: a recogniser's distance in frames along it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Protocol

import numpy as np

from facechain_ext.errors import PhotoError
from facechain_ext.faces.recognise.dlib_resnet import distance, remedy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity.photo_likeness import DescribedFace
    from facechain_ext.media.clip import Clip

_MOST = 16
"""Frames that are compared at most, evenly along the video: each takes about a third of a second on a processor."""


class FrameJudge(Protocol):
    """Describes faces for comparison."""

    def describe_largest(self, pixels: Pixels, label: str) -> DescribedFace:
        """The largest face; raises PhotoError where there is none."""
        ...

    def describe_all(self, pixels: Pixels, label: str) -> Sequence[DescribedFace]:
        """Every face of a picture."""
        ...


@dataclass(frozen=True)
class FrameDistances:
    """Compared frames by their numbers from 0, and the distance of the nearest face in each to the person's photo.

    None stands for a frame without a face. A smaller distance is more alike (see ``identity.photo_likeness``).
    """

    frames: tuple[int, ...]
    distances: tuple[float | None, ...]
    fps: float
    recogniser: str = "dlib"

    @property
    def median(self) -> float | None:
        """Over the frames with a face; None when none has one."""
        found = [one for one in self.distances if one is not None]
        return median(found) if found else None

    @property
    def worst(self) -> int | None:
        """The number of the frame that is least alike; None when none has a face."""
        found = [(one, -frame) for frame, one in zip(self.frames, self.distances, strict=True) if one is not None]
        return -max(found)[1] if found else None

    @property
    def sentence(self) -> str:
        """What it comes to, for the user."""
        middle, worst = self.median, self.worst
        if middle is None or worst is None:
            return "No compared frame of the video shows a face, so its likeness is not known."
        far = self.distances[self.frames.index(worst)]
        return (
            f"Distance to the photo by {self.recogniser}: median {middle:.2f}, worst {far:.2f} in frame {worst + 1} "
            f"({worst / self.fps:.1f} s)."
        )

    def facts(self) -> dict[str, object]:
        """The numbers, as JSON, with four decimals; frames count from 0."""
        short = [None if one is None else round(one, 4) for one in (self.median, *self.distances)]
        return {
            "recogniser": self.recogniser, "fps": self.fps, "median": short[0], "worst_frame": self.worst,
            "frames": list(self.frames), "distances": short[1:],
        }  # fmt: skip


def frame_distances(
    video: Clip, photo: Pixels, judge: FrameJudge | None
) -> tuple[FrameDistances | None, tuple[str, ...]]:
    """The distances of a video's frames to the largest face of ``photo``, RGB uint8 [h, w, 3], and a sentence.

    None where there is no judge or the photo shows it no face, which the sentence then says. The video is read once
    where it says how many frames it has.
    """
    if judge is None:
        return None, (f"How like the frames are is not measured: dlib's network is not here. {remedy()}",)
    try:
        reference = judge.describe_largest(photo, "").descriptor
    except PhotoError:
        return None, ("How like the frames are is not measured: no face was found in the photo.",)
    total = video.count or sum(1 for _ in video.frames())
    chosen = {int(index) for index in np.linspace(0, max(total - 1, 0), min(total, _MOST)).round()}
    found: dict[int, float | None] = {}
    for index, pixels in enumerate(video.frames()):
        if index in chosen:
            described = judge.describe_all(pixels, "")
            found[index] = min((float(distance(one.descriptor, reference)) for one in described), default=None)
    result = FrameDistances(tuple(found), tuple(found.values()), video.fps)
    return result, (result.sentence,)
