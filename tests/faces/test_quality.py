"""Quality of a photo of a face: each defect is named, and side light costs nothing."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from facechain_ext.faces import assess_quality
from facechain_ext.faces.types import HeadMask

DEFECTS = {
    "too dark": lambda p: (p * 0.15).astype(np.uint8),
    "overexposed": lambda p: np.clip(p * 1.8, 0, 255).astype(np.uint8),
    "blurred": lambda p: cv2.GaussianBlur(p, (0, 0), 4),
}


@pytest.mark.parametrize("reason", DEFECTS)
def test_the_description_names_the_defect(astronaut, face, reason):
    good, bad = assess_quality(astronaut, face), assess_quality(DEFECTS[reason](astronaut), face)
    assert good.reasons == ()
    assert good.description == "good"
    assert reason in bad.description
    assert bad.score < 0.6 * good.score


def test_quality_of_pose_size_and_cover(astronaut, face):
    assert assess_quality(astronaut, replace(face, yaw=41.0)).description == "turned 41° away"
    small = cv2.resize(astronaut, (200, 200), interpolation=cv2.INTER_AREA)
    scaled = replace(face, box=tuple(v * 200 / 512 for v in face.box), landmarks=face.landmarks * 200 / 512)
    assert "only 42 pixels" in assess_quality(small, scaled).description
    moved = replace(face, box=(-50, *face.box[1:]))
    assert "cut off" in assess_quality(astronaut, moved).description
    hidden = np.zeros(astronaut.shape[:2], np.bool_)
    hidden[70:110, 180:270] = True  # a mask over nose and mouth
    assert "partly covered" in assess_quality(astronaut, face, HeadMask(hidden, hidden)).description


def test_light_from_one_side_does_not_lower_the_quality(astronaut, face):
    middle = int(face.landmarks[2, 0])
    for half in (slice(None, middle), slice(middle, None)):
        lit = astronaut.astype(float)
        lit[:, half] *= 0.15
        assert assess_quality(lit.astype(np.uint8), face).reasons == ()
