"""Skin retouching on a portrait with added noise."""

from __future__ import annotations

import cv2
import numpy as np

from facechain_ext.retouch import retouch_skin


def test_retouching_smooths_skin_and_touches_nothing_else(astronaut, face):
    noise = np.random.default_rng(0).normal(0, 8, astronaut.shape)
    rough = np.clip(astronaut + noise, 0, 255).astype(np.uint8)
    smooth = retouch_skin(rough, [face], strength=1)
    cheek = (slice(116, 130), slice(190, 206))

    def grain(picture) -> float:
        part = picture.astype(np.float32)
        return float((part - cv2.GaussianBlur(part, (0, 0), 2))[cheek].std())

    assert grain(smooth) < 0.85 * grain(rough)
    for untouched in (
        (slice(95, 105), slice(198, 208)),
        (slice(20, 60), slice(170, 280)),
        (slice(250, 512), slice(0, 512)),
    ):
        assert np.array_equal(smooth[untouched], rough[untouched])  # an eye, hair, suit
    assert np.array_equal(retouch_skin(rough, [face], strength=0), rough)
    assert np.array_equal(retouch_skin(rough, []), rough)
