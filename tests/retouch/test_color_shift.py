"""The colour shift: mean and spread within one grey level of what was wanted, without bands or division by 0."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from facechain_ext.retouch.color_shift import blend_by, box_blur, shift_color

ASTRONAUT = data.astronaut()[:230, 110:340]
ALL = np.ones(ASTRONAUT.shape[:2], bool)
SKIN = np.zeros_like(ALL)
SKIN[60:180, 75:155] = True
LEVEL = 100 / 255
"""One grey level in L of Lab."""


def lab(pixels, region):
    return cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[region]


def noisy(colour, spread, seed):
    made = np.random.default_rng(seed).normal(colour, spread, ASTRONAUT.shape)
    return np.clip(made + 0.5, 0, 255).astype(np.uint8)


CASES = {
    "flat to flat": (noisy((90, 60, 50), 0, 1), noisy((200, 160, 140), 0, 2), ALL),
    "flat to a real face": (noisy((90, 60, 50), 0, 1), ASTRONAUT, SKIN),
    "noise to noise": (noisy((90, 60, 50), 9, 1), noisy((180, 140, 120), 20, 2), ALL),
    "a real face in warm light": (np.clip(ASTRONAUT * (1.2, 1, 0.7), 0, 255).astype(np.uint8), ASTRONAUT, SKIN),
    "a real face made dark": (np.clip(ASTRONAUT * 0.5, 0, 255).astype(np.uint8), ASTRONAUT, SKIN),
}


@pytest.mark.parametrize("case", CASES)
def test_mean_and_spread_are_within_a_grey_level(case):
    pixels, reference, region = CASES[case]
    made = lab(shift_color(pixels, region, reference, region), region)
    wanted = lab(reference, region)
    assert np.abs(made.mean(0) - wanted.mean(0)).max() < LEVEL
    if lab(pixels, region).std(0).min() > 0.3:  # a region of one colour is moved and not spread
        assert np.abs(made.std(0) - wanted.std(0)).max() < LEVEL


def test_of_one_colour_it_is_moved_and_finite():
    flat = np.full((40, 40, 3), 128, np.uint8)
    made = shift_color(flat, ALL[:40, :40], ASTRONAUT, ALL)
    assert len(np.unique(made.reshape(-1, 3), axis=0)) == 1
    back = shift_color(ASTRONAUT, ALL, flat, ALL[:40, :40])
    assert np.abs(back.astype(int) - 128).max() <= 1


def test_a_gradient_has_no_bands_as_8_bit_lab_gives_it():
    ramp = np.linspace(40, 200, 1024).round().astype(np.uint8)
    pixels = np.repeat(ramp[None, :, None], 8, 0).repeat(3, 2)
    warm = np.clip(pixels * (1.02, 1.0, 0.96) + (2, 0, 0), 0, 255).astype(np.uint8)
    region = np.ones(pixels.shape[:2], bool)
    made = shift_color(pixels, region, warm, region)

    def reinhard_8_bit(source, target):
        s, t = (cv2.cvtColor(one, cv2.COLOR_RGB2LAB).astype(np.float64) for one in (source, target))
        moved = (s - s.mean((0, 1))) * (t.std((0, 1)) / np.maximum(s.std((0, 1)), 1e-9)) + t.mean((0, 1))
        return cv2.cvtColor(np.clip(moved, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)

    def bands(picture):
        """Steps of more than a level between neighbours, and steps back."""
        steps = np.diff(picture[0].astype(int), axis=0)
        return int((steps < 0).sum() + (steps > 1).sum())

    assert bands(made) <= bands(warm) <= 6, "a ramp that grows longer has as many steps of two as what it is given"
    assert bands(reinhard_8_bit(pixels, warm)) > 5 * bands(made), "what it is compared with has them, in every OpenCV"


def test_without_a_region_nothing_changes():
    empty = np.zeros_like(ALL)
    for region, other in ((empty, ALL), (ALL, empty)):
        assert shift_color(ASTRONAUT, region, 255 - ASTRONAUT, other) is ASTRONAUT


def test_a_blend_leaves_what_has_no_share_bit_by_bit():
    share = box_blur(SKIN, 15)
    made = blend_by(share, 255 - ASTRONAUT, ASTRONAUT)
    assert np.array_equal(made[share == 0], ASTRONAUT[share == 0])
    assert np.array_equal(made[share == 1], 255 - ASTRONAUT[share == 1])
    assert 0 < (share == 0).mean() < 1
