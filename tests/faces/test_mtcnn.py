"""MTCNN by facenet-pytorch with its own weights, on the real portrait."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("facenet_pytorch", reason="facenet-pytorch is not installed here", exc_type=ImportError)

from facechain_ext.faces.detect.mtcnn import MtcnnDetector

from .conftest import BY_HAND, eye_distance, warped


@pytest.fixture(scope="module")
def mtcnn():
    return MtcnnDetector()


def error(landmarks, expected) -> float:
    return float(np.linalg.norm(landmarks - expected, axis=1).max()) / eye_distance(expected)


def test_one_face_within_a_tenth_of_the_eye_distance(mtcnn, astronaut):
    (found,) = mtcnn.detect(astronaut)
    assert error(found.landmarks, BY_HAND) < 0.1
    assert found.score > 0.99


@pytest.mark.parametrize("angle", [15, 30, 60])
def test_turned(mtcnn, astronaut, angle):
    turned, warp = warped(astronaut, angle)
    (found,) = mtcnn.detect(turned)
    assert error(found.landmarks, BY_HAND @ warp[:, :2].T + warp[:, 2]) < 0.12


def test_large_several_none_and_tiny(mtcnn, astronaut):
    (found,) = mtcnn.detect(cv2.resize(astronaut, (2000, 2000)))
    assert error((found.landmarks + 0.5) * 512 / 2000 - 0.5, BY_HAND) < 0.1
    assert len(mtcnn.detect(np.concatenate([astronaut[:300], astronaut[:300]], axis=1))) == 2
    assert mtcnn.detect(np.full((200, 200, 3), 90, np.uint8)) == []
    assert mtcnn.detect(np.zeros((10, 10, 3), np.uint8)) == []
