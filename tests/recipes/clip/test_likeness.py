"""The likeness of a clip is the median over its frames, with a curve."""

from __future__ import annotations

import numpy as np

from facechain_ext.identity.likeness_scale import Likeness
from facechain_ext.recipes.clip.likeness import ClipLikeness, clip_likeness


class ByBrightness:
    """Scores a picture by its brightness; a black one shows nobody."""

    def likeness(self, picture, identity):
        shade = np.asarray(picture).mean() / 255
        return Likeness(float(shade), "none") if shade else None


def frames(*shades):
    return [np.full((4, 4, 3), shade, np.uint8) for shade in shades]


def test_median_and_curve():
    found = clip_likeness(frames(51, 102, 0, 153, 255), None, ByBrightness())
    assert found.median == (0.4 + 0.6) / 2
    assert found.curve == "▁▃·▅█"
    assert found.sentence == "Likeness by none over the clip: median 0.50, from 0.20 to 1.00: ▁▃·▅█"


def test_long_clips_are_sampled_evenly_and_empty_ones_said():
    found = clip_likeness(frames(*range(1, 101)), None, ByBrightness())
    assert len(found.scores) == 16
    assert found.scores[0].value == 1 / 255
    assert found.scores[-1].value == 100 / 255
    assert "No frame" in clip_likeness(frames(0, 0), None, ByBrightness()).sentence
    assert ClipLikeness(()).median is None
