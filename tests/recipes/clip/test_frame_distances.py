"""How like the frames of a video are: which are compared, by the nearest face, and what is said of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from facechain_ext.errors import PhotoError
from facechain_ext.identity.photo_likeness import DescribedFace
from facechain_ext.recipes.clip.frame_distances import FrameDistances, frame_distances


@dataclass
class Frames:
    """A clip whose frame i is a picture of the grey value ``shades[i]``."""

    shades: list[int]
    fps: float = 10.0
    said: int = 0
    reads: int = 0

    @property
    def count(self):
        return self.said

    def frames(self):
        self.reads += 1
        return iter([np.full((4, 4, 3), shade, np.uint8) for shade in self.shades])


class ByShade:
    """Finds faces where a picture is not black, two in bright ones; they differ by a hundredth of the shade."""

    def describe_all(self, pixels, label):
        shade = int(pixels[0, 0, 0])
        found = [] if shade == 0 else [shade] if shade < 200 else [shade - 150, shade]
        return [DescribedFace(label, np.array([one / 100, 0], np.float32)) for one in found]

    def describe_largest(self, pixels, label):
        found = self.describe_all(pixels, label)
        if not found:
            raise PhotoError("no face")
        return found[-1]


PHOTO = np.full((4, 4, 3), 10, np.uint8)


def test_the_nearest_face_of_each_frame_is_compared_and_the_worst_is_named():
    curve, said = frame_distances(Frames([10, 30, 0, 80, 200]), PHOTO, ByShade())
    assert curve.frames == (0, 1, 2, 3, 4)
    assert curve.distances[2] is None
    assert [one for one in curve.distances if one is not None] == pytest.approx([0, 0.2, 0.7, 0.4], abs=1e-6)
    assert curve.median == pytest.approx(0.3)
    assert curve.worst == 3
    assert said == ("Distance to the photo by dlib: median 0.30, worst 0.70 in frame 4 (0.3 s).",)
    assert curve.facts()["worst_frame"] == 3
    assert curve.facts()["frames"] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("count", [1, 2, 16, 17, 300])
def test_a_long_video_is_looked_at_evenly_from_its_first_frame_to_its_last(count):
    curve, _ = frame_distances(Frames([10] * count), PHOTO, ByShade())
    assert len(curve.frames) == len(curve.distances) == min(count, 16)
    assert (curve.frames[0], curve.frames[-1]) == (0, count - 1)
    assert set(curve.distances) == {0.0}
    assert curve.worst == 0


@pytest.mark.parametrize(("said", "reads", "last"), [(20, 1, 19), (0, 2, 19), (40, 1, 18), (10, 1, 9)])
def test_a_video_is_read_once_where_it_says_how_many_frames_it_has(said, reads, last):
    video = Frames([10] * 20, said=said)
    curve, _ = frame_distances(video, PHOTO, ByShade())
    assert (video.reads, curve.frames[-1]) == (reads, last)
    assert len(curve.frames) == len(curve.distances)


@pytest.mark.parametrize(
    ("judge", "photo", "words"),
    [(None, PHOTO, "dlib's network is not here"), (ByShade(), PHOTO * 0, "no face was found in the photo")],
)
def test_what_is_not_measured_is_said(judge, photo, words):
    curve, (sentence,) = frame_distances(Frames([10, 20]), photo, judge)
    assert curve is None
    assert words in sentence


def test_a_video_without_a_face_has_no_worst_frame():
    curve = FrameDistances((0, 5), (None, None), 25.0)
    assert (curve.median, curve.worst) == (None, None)
    assert "shows a face" in curve.sentence
