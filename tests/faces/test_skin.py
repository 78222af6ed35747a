"""Likeness to skin: the formula in plain form, over pictures of more pixels than are compared at once."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from facechain_ext.faces.skin import skin_likeness

CHEEK = np.s_[120:150, 200:215]


def plainly(pixels, sample):
    """1 / (1 + (d / 3.5)^6), d the root mean square of deviations from the sample's median in Lab."""
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).astype(np.float64)
    lab[..., 0] *= 0.35
    median = np.median(lab[sample], axis=0)
    away = np.sqrt(((lab[sample] - median) ** 2).sum(-1))
    spread = np.maximum(lab[sample][away <= np.quantile(away, 0.9)].std(0), 2)
    distance = np.sqrt((((lab - median) / spread) ** 2).sum(-1) / 3)
    return 1 / (1 + (distance / 3.5) ** 6)


@pytest.mark.parametrize("times", [1, 4])
def test_the_likeness_is_the_formula(times):
    pixels = np.kron(data.astronaut(), np.ones((times, times, 1), np.uint8))
    sample = np.zeros(pixels.shape[:2], bool)
    sample[tuple(slice(part.start * times, part.stop * times) for part in CHEEK)] = True
    found = skin_likeness(pixels, sample)
    assert found.dtype == np.float32
    assert found.shape == pixels.shape[:2]
    assert np.abs(found - plainly(pixels, sample)).max() < 1e-3
    assert found[sample].mean() > 0.9
    assert found[: 20 * times, : 20 * times].mean() < 0.5


def test_a_sample_too_small_says_nothing():
    sample = np.zeros((8, 8), bool)
    sample[0] = True
    assert (skin_likeness(np.zeros((8, 8, 3), np.uint8), sample) == 1).all()
