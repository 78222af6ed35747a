"""Leaning faces are looked at again: a network made here that is right about upright faces only."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.faces.detect.boxes import face_from_detection
from facechain_ext.faces.detect.orientation import refine_rotated

DOTS = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255)])
UPRIGHT = np.array([(-30, -20), (30, -20), (0, 12), (-22, 40), (22, 40)], np.float64)
CENTRE = np.array([150.0, 140.0])


def points(lean: float):
    angle = np.radians(lean)
    return UPRIGHT @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + CENTRE


def picture(lean: float):
    """Five coloured dots where the landmarks of a face with that lean are."""
    pixels = np.zeros((300, 300, 3), np.uint8)
    y, x = np.mgrid[:300, :300]
    for colour, (across, down) in zip(DOTS, points(lean), strict=True):
        pixels[(x - across) ** 2 + (y - down) ** 2 < 16] = colour
    return pixels


def network(view):
    """Where the dots are, in the order of the picture; a leaning face is given with every landmark astray."""
    found = []
    for colour in DOTS:
        rows, columns = np.nonzero(np.abs(view.astype(int) - colour).sum(axis=2) < 120)
        if not len(rows):
            return []
        found.append((columns.mean(), rows.mean()))
    found = np.array(found)
    if found[0, 0] > found[1, 0]:  # a mirrored picture: the eye on the left is the other one
        found = found[[1, 0, 2, 4, 3]]
    across = found[1] - found[0]
    lean = np.degrees(np.arctan2(across[1], across[0]))
    found = found + np.sin(np.radians(lean)) * np.array([[12, 0], [-12, 4], [9, -9], [0, 12], [-8, 0]])
    box = np.concatenate([found.min(0) - 20, found.max(0) + 20])
    return [face_from_detection(box, found, 0.9, np.ones(2))]


@pytest.mark.parametrize("lean", [25, 45, 70, -30, -60])
def test_landmarks_of_a_leaning_face_are_those_of_the_upright_look(lean):
    pixels = picture(lean)
    (first,) = network(pixels)
    assert np.abs(first.landmarks - points(lean)).max() > 3
    (again,) = refine_rotated(network, pixels, [first])
    assert np.abs(again.landmarks - points(lean)).max() < 1
    assert again.roll == pytest.approx(lean, abs=3)
    assert again.box == first.box


def test_upright_faces_and_those_not_found_again_stay():
    (upright,) = network(picture(5))
    assert refine_rotated(network, picture(5), [upright]) == [upright]
    (leaning,) = network(picture(45))
    assert refine_rotated(lambda _: [], picture(45), [leaning]) == [leaning]
    assert refine_rotated(network, picture(45), []) == []


def test_another_face_in_the_crop_is_not_taken_for_it():
    (leaning,) = network(picture(45))

    def neighbour(view):
        corner = np.array(UPRIGHT * 0.3 + 25)
        return [face_from_detection(np.array([5, 5, 45, 45]), corner, 0.9, np.ones(2))]

    assert refine_rotated(neighbour, picture(45), [leaning]) == [leaning]
