"""Detection on the real portrait: turned, dark, burnt, blurred, large, small, cut, several at once."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from facechain_ext.faces.detect import mediapipe
from facechain_ext.faces.detect.boxes import DETECTION_SIDE, face_from_detection, intersection_over_union
from facechain_ext.faces.detect.orientation import detect_any_orientation
from facechain_ext.faces.pose import angles_from_landmarks
from research.sheets.faces import long_haired

from .conftest import BY_HAND, eye_distance, warped


def error(landmarks, expected) -> float:
    """Largest distance between two sets of landmarks, in eye distances."""
    return float(np.linalg.norm(landmarks - expected, axis=1).max()) / eye_distance(expected)


def test_landmarks_lie_where_a_person_puts_them(face):
    assert error(face.landmarks, BY_HAND) < 0.06
    assert error(face.landmarks[[0, 1, 3, 4]], BY_HAND[[0, 1, 3, 4]]) < 0.03  # a nose's tip is a matter of taste


@pytest.mark.parametrize("angle", [15, 30, 60, -45, 90, 120, 150, 180, -150, -120])
def test_turned(detector, astronaut, face, angle):
    turned, warp = warped(astronaut, angle)
    (found,) = detector.detect(turned)
    assert error(found.landmarks, face.landmarks @ warp[:, :2].T + warp[:, 2]) < 0.03
    assert (found.roll - face.roll - angle + 180) % 360 - 180 == pytest.approx(0, abs=3)
    assert found.yaw == pytest.approx(face.yaw, abs=5)


def darkened(picture):
    return (picture * 0.2).astype(np.uint8)


def overexposed(picture):
    return np.clip(picture * 1.6, 0, 255).astype(np.uint8)


def blurred(picture):
    return cv2.GaussianBlur(picture, (0, 0), 2)


@pytest.mark.parametrize(("change", "most"), [(darkened, 0.05), (overexposed, 0.05), (blurred, 0.05)])
def test_badly_taken(detector, astronaut, face, change, most):
    (found,) = detector.detect(change(astronaut))
    assert error(found.landmarks, face.landmarks) < most


@pytest.mark.parametrize("side", [64, 96, 256, 1000, 2000])
def test_sizes(detector, astronaut, face, side):
    how = cv2.INTER_AREA if side < 512 else cv2.INTER_CUBIC
    (found,) = detector.detect(cv2.resize(astronaut, (side, side), interpolation=how))
    landmarks = (found.landmarks + 0.5) * 512 / side - 0.5
    assert error(landmarks, face.landmarks) < (0.03 if side >= 256 else 0.25)  # a pixel is a tenth of the eyes at 64


def test_half_outside(detector, astronaut):
    for half in (astronaut[:, 225:], astronaut[:, :225], astronaut[120:]):
        for found in detector.detect(np.ascontiguousarray(half)):
            assert found.score > 0.3  # found or not: what is found must be usable numbers
            assert np.isfinite(found.landmarks).all()


def test_several(detector, astronaut):
    group = np.full((700, 1500, 3), 120, np.uint8)
    places = [(0, 0, 512), (560, 100, 400), (1000, 200, 300), (1240, 400, 260)]
    for x, y, side in places:
        group[y : y + side, x : x + side] = cv2.resize(astronaut, (side, side), interpolation=cv2.INTER_AREA)
    found = detector.detect(group)
    assert [face.area for face in found] == sorted((face.area for face in found), reverse=True)
    middles = [((f.box[0] + f.box[2]) / 2, (f.box[1] + f.box[3]) / 2) for f in found]
    assert len(found) == len(places)
    for (x, y), (left, top, side) in zip(middles, places, strict=True):
        assert abs(x - left - side * 0.44) < side * 0.03
        assert abs(y - top - side * 0.24) < side * 0.03


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket", "retina", "moon", "grass"])
def test_no_face_where_there_is_none(detector, name):
    picture = getattr(data, name)()
    assert detector.detect(picture if picture.ndim == 3 else np.stack([picture] * 3, -1)) == []


def test_a_turned_head(detector):
    (found,) = detector.detect(np.stack([data.camera()] * 3, -1))
    assert 35 < found.yaw < 75  # the cameraman looks to the picture's right


def test_mirrored(detector, astronaut, face):
    (found,) = detector.detect(np.ascontiguousarray(astronaut[:, ::-1]))
    expected = face.landmarks[[1, 0, 2, 4, 3]] * (-1, 1) + (511, 0)
    assert error(found.landmarks, expected) < 0.06
    assert found.roll == pytest.approx(-face.roll, abs=2)


def test_a_face_that_the_mesh_sees_in_one_direction_only(astronaut, face, monkeypatch):
    plain, seen = mediapipe.fit_mesh, np.ascontiguousarray(astronaut[:, ::-1])

    def one_sided(pixels, *where):
        return plain(pixels, *where) if np.array_equal(pixels, seen) else None

    monkeypatch.setattr(mediapipe, "fit_mesh", one_sided)
    (found,) = mediapipe.MediapipeDetector().detect(astronaut)
    assert error(found.landmarks, face.landmarks) < 0.05
    assert (found.yaw, found.roll) == pytest.approx((face.yaw, face.roll), abs=3)
    assert intersection_over_union(found.box, face.box) > 0.9
    (found,) = mediapipe.MediapipeDetector().detect(seen)
    assert found.yaw == pytest.approx(-face.yaw, abs=3)


def test_quarters_are_turned_back(astronaut, face):
    """A detector that sees upright faces only, on a picture lying on each side."""
    box, score = np.array(face.box), 0.9

    def upright_only(view):
        here = view.shape == astronaut.shape and np.array_equal(view, astronaut)
        return [face_from_detection(box, face.landmarks, score, np.ones(2))] if here else []

    for quarters in range(4):
        lying = np.rot90(astronaut, quarters)
        (found,) = detect_any_orientation(upright_only, lying)
        marks = np.zeros(astronaut.shape[:2], np.uint8)
        x, y = np.round(face.landmarks[0]).astype(int)
        marks[y, x] = 1
        expected = np.argwhere(np.rot90(marks, quarters))[0][::-1]
        assert np.abs(found.landmarks[0] - expected).max() <= 1
        assert intersection_over_union(found.box, found.box) == pytest.approx(1)


def test_angles_from_five_points_agree_with_the_mesh(detector, astronaut, face):
    assert np.allclose(angles_from_landmarks(face.landmarks), (face.yaw, face.pitch, face.roll), atol=12)
    (turned,) = detector.detect(np.stack([data.camera()] * 3, -1))
    assert angles_from_landmarks(turned.landmarks)[0] > 20


def test_the_search_size_is_one_where_small_faces_remain():
    assert DETECTION_SIDE >= 640


def test_the_head_is_hair_and_face_without_neck(astronaut, face):
    from facechain_ext.faces.mask.mediapipe import MediapipeMasker

    head = MediapipeMasker().mask(astronaut, face)
    assert not (head.face & ~head.head).any()
    # pixels that a person calls face, hair, and neither
    for x, y in ((222, 125), (200, 145), (245, 150)):
        assert head.face[y, x]
    for x, y in ((225, 40), (170, 90), (285, 90)):
        assert head.head[y, x]
        assert not head.face[y, x]
    for x, y in ((225, 215), (60, 60), (300, 200), (400, 90)):
        assert not head.head[y, x]
    count, _ = cv2.connectedComponents(head.head.astype(np.uint8))
    assert count == 2  # the background and one piece


def test_long_hair_belongs_to_the_head_and_nothing_else_below_the_chin(astronaut, face, detector):
    from facechain_ext.faces.mask.mediapipe import MediapipeMasker

    chin = face.box[3]
    pixels, painted = long_haired(astronaut, face)
    (found,) = detector.detect(pixels)
    head = MediapipeMasker().mask(pixels, found).head
    below = np.mgrid[: pixels.shape[0], : pixels.shape[1]][0] > chin + 3
    assert (painted & below).sum() > 4000
    assert (head & painted & below).sum() > 0.9 * (painted & below).sum()
    assert (head & ~painted & below).sum() < 0.1 * (painted & below).sum()
    count, _ = cv2.connectedComponents(head.astype(np.uint8))
    assert count == 2


@pytest.mark.parametrize("colour", [(62, 48, 24), (110, 90, 55)])
def test_clothes_of_the_colour_of_the_hair_are_not_hair(astronaut, face, detector, colour):
    from facechain_ext.faces.mask.mediapipe import MediapipeMasker

    dressed = np.array(astronaut)
    dressed[195:] = colour + np.random.default_rng(0).normal(0, 4, (*dressed[195:].shape[:2], 3))
    head = MediapipeMasker().mask(dressed, face).head
    assert head[:180].any()
    assert head[200:].sum() < 0.02 * head.sum()
