"""The face of a picture as openpose's points, for a host without a webui."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data

from facechain_ext.errors import PhotoError
from facechain_ext.faces import detector
from facechain_ext.hosts.diffusers.controls import control_picture
from facechain_ext.recipes.job import Control


def test_the_points_lie_on_the_face_and_nowhere_else():
    photo = data.astronaut()
    drawn = np.asarray(control_picture(Control("openpose_face", Image.fromarray(photo))))
    assert drawn.shape == photo.shape
    rows, columns = np.nonzero(drawn.any(-1))
    left, top, right, bottom = detector().detect(photo)[0].box
    assert left - 15 < columns.min() < columns.max() < right + 15
    assert top - 25 < rows.min() < rows.max() < bottom + 15
    assert set(np.unique(drawn)) == {0, 255}


def test_a_picture_without_a_face_is_named():
    with pytest.raises(PhotoError, match="No face was found in the picture of the pose"):
        control_picture(Control("openpose_face", Image.new("RGB", (200, 200), "grey")))
