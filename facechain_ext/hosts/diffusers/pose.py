"""A picture of a person to the skeleton that openpose ControlNets were trained on, with mediapipe's own models."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.errors import PhotoError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facechain_ext.faces.types import Pixels

    Points = Mapping[int, tuple[float, float]]

# OpenPose's 18 body points in order (CMU's COCO model) from mediapipe's 33; point 1, the neck, is between shoulders.
_BODY = {0: 0, 2: 12, 3: 14, 4: 16, 5: 11, 6: 13, 7: 15, 8: 24, 9: 26, 10: 28, 11: 23, 12: 25, 13: 27}
_HEAD = {14: 5, 15: 2, 16: 8, 17: 7}
_NECK, _SHOULDERS = 1, (2, 5)
_LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
    (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
_FINGERS = tuple(
    (0 if joint == 0 else 4 * finger + joint, 4 * finger + joint + 1) for finger in range(5) for joint in range(4)
)
_MIN_VISIBILITY = 0.5
"""Least visibility, 0..1, of a body point that is drawn (mediapipe's own threshold)."""
_LIMB_SHADE = 0.6
"""OpenPose draws limbs at this brightness, so that the joints stand out."""


def _joint_colour(index: int, count: int) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(index / count, 1.0, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)


def draw_skeleton(pixels: Pixels) -> Pixels:
    """The body and hands of the most prominent person in an RGB picture as an openpose skeleton on black, same size.

    Raises PhotoError when nobody is found.
    """
    from mediapipe.python.solutions import hands as mp_hands
    from mediapipe.python.solutions import pose as mp_pose

    height, width = pixels.shape[:2]
    with mp_pose.Pose(static_image_mode=True, model_complexity=1, min_detection_confidence=0.5) as finder:
        found = finder.process(pixels).pose_landmarks
    if found is None:
        raise PhotoError(
            "No person was found in the pose picture. Choose one that shows the upper body; if it is a skeleton "
            "already, say so."
        )
    points = {
        ours: (mark.x * width, mark.y * height)
        for ours, theirs in (_BODY | _HEAD).items()
        if (mark := found.landmark[theirs]).visibility >= _MIN_VISIBILITY
    }
    if all(shoulder in points for shoulder in _SHOULDERS):
        left, right = (points[shoulder] for shoulder in _SHOULDERS)
        points[_NECK] = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
    canvas = np.zeros_like(pixels)
    draw_body(canvas, points)
    with mp_hands.Hands(static_image_mode=True, max_num_hands=2, min_detection_confidence=0.5) as finder:
        for hand in finder.process(pixels).multi_hand_landmarks or ():
            _draw_hand(canvas, [(mark.x * width, mark.y * height) for mark in hand.landmark])
    return canvas


def draw_body(canvas: Pixels, points: Points) -> None:
    """Draw OpenPose's body points (number -> x, y in pixels) and the limbs between those that are there."""
    stick = max(round(min(canvas.shape[:2]) / 128), 2)  # 4 pixels at 512, as OpenPose draws
    for number, (first, second) in enumerate(_LIMBS):
        if first in points and second in points:
            shade = tuple(int(_LIMB_SHADE * part) for part in _joint_colour(number, 18))
            _limb(canvas, points[first], points[second], stick, shade)
    for number, (x, y) in points.items():
        cv2.circle(canvas, (round(x), round(y)), stick, _joint_colour(number, 18), thickness=-1)


def _limb(
    canvas: Pixels, first: tuple[float, float], second: tuple[float, float], stick: int, shade: Sequence[int]
) -> None:
    """A limb is an ellipse from joint to joint."""
    (x0, y0), (x1, y1) = first, second
    length = float(np.hypot(x1 - x0, y1 - y0))
    angle = float(np.degrees(np.arctan2(y1 - y0, x1 - x0)))
    middle = (round((x0 + x1) / 2), round((y0 + y1) / 2))
    outline = cv2.ellipse2Poly(middle, (round(length / 2), stick), round(angle), 0, 360, 1)
    cv2.fillConvexPoly(canvas, outline, shade)


def _draw_hand(canvas: Pixels, points: Sequence[tuple[float, float]]) -> None:
    thin = max(round(min(canvas.shape[:2]) / 256), 1)
    spots = [(round(x), round(y)) for x, y in points]
    for number, (first, second) in enumerate(_FINGERS):
        cv2.line(canvas, spots[first], spots[second], _joint_colour(number, len(_FINGERS)), thin)
    for spot in spots:
        cv2.circle(canvas, spot, 2 * thin, (0, 0, 255), thickness=-1)
