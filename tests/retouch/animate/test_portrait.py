"""The moved portrait: mouth, lids and head go where they are told, by a mesh fitted anew, and the rest stays."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.errors import PhotoError
from facechain_ext.faces.types import Face

pytest.importorskip("mediapipe", reason="mediapipe is not installed here")

from facechain_ext.faces.mesh import fit_mesh, mesh_angles
from facechain_ext.retouch.animate import FaceMotion, PortraitAnimator


@pytest.fixture(scope="module")
def animator(astronaut, face):
    return PortraitAnimator(astronaut, face)


@pytest.fixture(scope="module")
def measured(animator, face):
    """Opening and width of the mouth, opening of the eyes, and the head's angles of a frame."""
    centre = ((face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2)

    def measure(**motion):
        mesh = fit_mesh(animator.frame(FaceMotion(**motion)), centre, face.height, face.roll)

        def distance(a, b):
            return float(np.linalg.norm(mesh[a, :2] - mesh[b, :2]))

        mouth, eyes = distance(61, 291), distance(33, 263)
        return {
            "mouth": distance(13, 14) / eyes,
            "width": mouth / eyes,
            "eyes": (distance(159, 145) + distance(386, 374)) / eyes,
            "angles": np.array(mesh_angles(mesh)),
        }

    return measure


def test_the_mouth_opens_in_order(measured):
    openings = [measured(mouth=share)["mouth"] for share in (0, 0.3, 0.6, 1)]
    assert openings == sorted(openings)
    assert openings[-1] - openings[0] > 0.1
    assert measured(press=1)["mouth"] < openings[0]


def test_lips_round_and_widen(measured):
    narrow, rest, wide = (measured(mouth=0.3, spread=spread)["width"] for spread in (-1, 0, 1))
    assert narrow < rest * 0.95
    assert wide > rest * 1.02


def test_lids_close(measured):
    assert measured(blink=1)["eyes"] < 0.65 * measured()["eyes"]


@pytest.mark.parametrize(("name", "number"), [("yaw", 0), ("pitch", 1), ("roll", 2)])
def test_the_head_turns_as_in_face(measured, name, number):
    low, high = measured(**{name: -5})["angles"], measured(**{name: 5})["angles"]
    assert 5 < (high - low)[number] < 15


def test_at_rest_and_far_from_the_head_the_portrait_stays(animator, astronaut):
    still, moved = animator.frame(FaceMotion()), animator.frame(FaceMotion(mouth=1, blink=1, yaw=6, roll=4))
    assert np.abs(still.astype(int) - astronaut)[:60].mean() < 3
    assert np.array_equal(moved[400:], astronaut[400:])
    assert np.array_equal(moved[:, 440:], astronaut[:, 440:])
    assert not np.array_equal(moved[60:200, 150:300], astronaut[60:200, 150:300])


def test_a_closed_mouth_shows_no_seam_and_an_open_one_is_dark_inside(animator, astronaut, face):
    centre = ((face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2)
    frame = animator.frame(FaceMotion(mouth=1))
    mesh = fit_mesh(frame, centre, face.height, face.roll)
    x, y = mesh[[13, 14], :2].mean(0)
    low = mesh[14, 1]
    inside = frame[int((y + low) / 2) - 1 : int((y + low) / 2) + 2, int(x) - 3 : int(x) + 4]
    skin = astronaut[int(mesh[117, 1]), int(mesh[117, 0])]
    assert inside.mean() < 0.6 * skin.mean()


def test_what_is_no_face_is_refused():
    plain = np.full((128, 128, 3), 127, np.uint8)
    nowhere = Face((30, 30, 90, 90), np.array([(45, 50), (75, 50), (60, 65), (50, 78), (70, 78)], np.float32), 1.0)
    with pytest.raises(PhotoError, match="face mesh does not fit"):
        PortraitAnimator(plain, nowhere)
