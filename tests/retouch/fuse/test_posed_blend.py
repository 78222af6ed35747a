"""The blend in depth: what a photo hides is taken from the other side of the face, without a line between."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.retouch.fuse.posed_blend import _in_light_of

SIDE = 160


@pytest.mark.parametrize("light", [(120, 90, 80), (240, 210, 190)])
def test_a_hidden_band_has_the_light_of_what_is_beside_it_and_the_detail_of_the_other_side(light):
    shown = np.full((SIDE, SIDE, 3), (180, 140, 120), np.uint8)
    other = np.full((SIDE, SIDE, 3), light, np.uint8)
    other[::2] = (other[::2] * 0.9).astype(np.uint8)
    share = np.ones((SIDE, SIDE), np.float32)
    share[:, 70:75] = 0
    band = _in_light_of(shown, other, share)[20:-20, 70:75]
    assert band.mean((0, 1)) == pytest.approx((180, 140, 120), abs=6)
    assert np.abs(np.diff(band[..., 0], axis=0)).mean() > 8


def test_far_from_what_is_shown_the_other_side_keeps_its_light():
    shown, other = (np.full((SIDE, SIDE, 3), value, np.uint8) for value in (60, 200))
    share = np.zeros((SIDE, SIDE), np.float32)
    share[:, :40] = 1
    found = _in_light_of(shown, other, share)
    assert np.abs(found[:, 80:] - 200).max() < 2
    assert found[:, 41:43].mean() < 90
