"""The real picture, its reference landmarks, and the detector."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from tests.detectors import need_detector

# Marked by hand on the astronaut at eight times its size: middles of the lids, nose tip, corners of the mouth.
BY_HAND = np.array([(203.5, 101.5), (246.5, 103.5), (223.0, 128.0), (202.0, 139.0), (245.0, 140.5)], np.float32)


@pytest.fixture(scope="session")
def astronaut():
    picture = data.astronaut()
    picture.flags.writeable = False
    return picture


@pytest.fixture(scope="session")
def detector():
    need_detector()
    from facechain_ext.faces.detect.mediapipe import MediapipeDetector

    return MediapipeDetector()


@pytest.fixture(scope="session")
def face(detector, astronaut):
    return detector.detect(astronaut)[0]


def eye_distance(landmarks) -> float:
    return float(np.linalg.norm(landmarks[1] - landmarks[0]))


def warped(picture, angle: float, centre=(225, 125)):
    """The picture turned clockwise by ``angle`` degrees about ``centre``, and the warp float64 [2, 3]."""
    warp = cv2.getRotationMatrix2D(centre, -angle, 1)
    return cv2.warpAffine(picture, warp, picture.shape[1::-1]), warp
