"""Photos that do not show a face whole: sentences on what will suffer, and none on a good photo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facechain_ext.retouch import photo_doubts as module
from facechain_ext.retouch.fuse.points import mesh_points
from facechain_ext.retouch.photo_doubts import eye_opening, photo_doubts


def boxed(pixels, left, top, right, bottom):
    pixels = np.array(pixels)
    pixels[top:bottom, left:right] = 20
    return pixels


def test_a_good_photo_has_none(astronaut, face):
    assert photo_doubts(astronaut, face) == ()


@pytest.mark.parametrize(
    ("box", "words"), [((178, 88, 275, 118), "dark glasses"), ((190, 130, 260, 170), "a mask")], ids=["eyes", "mouth"]
)
def test_what_covers_eyes_or_mouth_is_named(astronaut, face, box, words):
    (found,) = photo_doubts(boxed(astronaut, *box), face)
    assert words in found
    assert "cannot be known" in found


def test_a_face_from_the_side_is_named(astronaut, face):
    assert photo_doubts(astronaut, replace(face, yaw=39.0)) == ()
    (found,) = photo_doubts(astronaut, replace(face, yaw=-41.0))
    assert "from the side" in found


def test_closed_eyes_are_named(astronaut, face, monkeypatch):
    points = mesh_points(astronaut, face)
    assert eye_opening(points.mesh) > 0.3
    closed = points.mesh.copy()
    for up, low in ((159, 145), (386, 374)):
        closed[up] = closed[low] + 0.12 * (closed[up] - closed[low])
    assert eye_opening(closed) < 0.1
    monkeypatch.setattr(module, "mesh_points", lambda *_: replace(points, mesh=closed))
    (found,) = photo_doubts(astronaut, face)
    assert "closed" in found
