"""Light and complexion: shading found again on a ball, and what two colours of skin become."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facechain_ext.retouch.fuse.light import exposure_difference, match_light

SIDE = 96
Y, X = (np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5) / (0.45 * SIDE)
BALL = X**2 + Y**2 < 0.9
NORMALS = np.stack([X, Y, -np.sqrt(np.clip(1 - X**2 - Y**2, 0, 1))], -1).astype(np.float32)
PALE, DARK = (225, 180, 160), (110, 72, 55)


def ball(colour, light=(0.0, 0.0, -1.0), exposure=1.0):
    """A ball of one colour under one lamp, as sRGB by a power of 2.2."""
    shading = 0.45 + 0.55 * np.clip(NORMALS @ np.array(light, np.float32), 0, 1)
    linear = (np.array(colour) / 255) ** 2.2 * shading[..., None] * exposure
    return np.clip(255 * linear ** (1 / 2.2) + 0.5, 0, 255).astype(np.uint8)


def lab(pixels):
    return np.median(cv2.cvtColor(pixels[BALL][None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0], 0)


def relit(photo, view, *, complexion=False, exposure=0.0):
    found = match_light(photo, view, BALL, (NORMALS, NORMALS), template_complexion=complexion, exposure=exposure)
    return np.clip(photo * found.gain + 0.5, 0, 255).astype(np.uint8), found


def slope(pixels):
    """How much brighter the right half is than the left one."""
    grey = pixels.astype(float).mean(-1)
    return grey[BALL & (X > 0.3)].mean() - grey[BALL & (X < -0.3)].mean()


def test_the_same_skin_in_the_same_light_stays():
    new, found = relit(ball(PALE), ball(PALE))
    assert np.abs(new.astype(int) - ball(PALE))[BALL].max() <= 1
    assert found.difference == pytest.approx(0, abs=0.1)
    assert np.allclose(found.skin, 1, atol=0.01)


def test_light_from_one_side_is_taken_over_in_part():
    photo, view = ball(PALE, (-0.8, 0, -0.6)), ball(PALE, (0.8, 0, -0.6))
    new, _ = relit(photo, view)
    taken = (slope(new) - slope(photo)) / (slope(view) - slope(photo))
    assert slope(photo) < -20 < 20 < slope(view)
    assert 0.1 < taken < 0.5


@pytest.mark.parametrize(("own", "theirs"), [(DARK, PALE), (PALE, DARK)])
def test_a_complexion_stays_the_persons_unless_the_templates_is_asked_for(own, theirs):
    photo, view = ball(own), ball(theirs)
    kept, found = relit(photo, view)
    assert abs(lab(kept)[0] - lab(view)[0]) > 10
    assert np.sign(lab(kept)[0] - lab(view)[0]) == np.sign(lab(photo)[0] - lab(view)[0])
    assert found.difference > 10
    taken, found = relit(photo, view, complexion=True)
    assert np.abs(lab(taken) - lab(view)).max() < 1.5
    assert found.difference == pytest.approx(0, abs=0.1)


def test_a_darker_exposure_is_light_and_no_complexion():
    photo, view = ball(PALE), ball(PALE, exposure=0.25)
    new, _ = relit(photo, view, exposure=float(np.log(0.25)))
    assert abs(lab(new)[0] - lab(view)[0]) < 2


def test_a_strong_cast_is_light_and_a_slight_one_complexion():
    blue, sallow = ball((130, 150, 250)), ball((222, 182, 150))
    assert abs(lab(relit(ball(PALE), blue)[0])[2] - lab(blue)[2]) < 8
    assert abs(lab(relit(ball(PALE), sallow)[0])[2] - lab(ball(PALE))[2]) < 1.5


def test_exposures_are_compared_by_bright_parts():
    picture = np.random.default_rng(0).integers(0, 255, (160, 160, 3), np.uint8)
    half = (255 * (picture / 255 * 0.5 ** (1 / 2.2))).astype(np.uint8)
    assert exposure_difference(half, picture) == pytest.approx(np.log(0.5), abs=0.05)


def test_without_skin_nothing_is_matched():
    found = match_light(
        ball(PALE), ball(DARK), np.zeros_like(BALL), (NORMALS, NORMALS), template_complexion=False, exposure=0.0
    )
    assert (found.gain == 1).all()
    assert found.difference == 0
