"""A picture of a person to the skeleton that openpose ControlNets were trained on, with mediapipe's own models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.errors import PhotoError
from facechain_ext.recipes.skeleton import draw_body, joint_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Pixels

# OpenPose's 18 body points in order (CMU's COCO model) from mediapipe's 33; point 1, the neck, is between shoulders.
_BODY = {0: 0, 2: 12, 3: 14, 4: 16, 5: 11, 6: 13, 7: 15, 8: 24, 9: 26, 10: 28, 11: 23, 12: 25, 13: 27}
_HEAD = {14: 5, 15: 2, 16: 8, 17: 7}
_NECK, _SHOULDERS = 1, (2, 5)
_FINGERS = tuple(
    (0 if joint == 0 else 4 * finger + joint, 4 * finger + joint + 1) for finger in range(5) for joint in range(4)
)
_MIN_VISIBILITY = 0.5
"""Least visibility, 0..1, of a body point that is drawn (mediapipe's own threshold)."""


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


def _draw_hand(canvas: Pixels, points: Sequence[tuple[float, float]]) -> None:
    thin = max(round(min(canvas.shape[:2]) / 256), 1)
    spots = [(round(x), round(y)) for x, y in points]
    for number, (first, second) in enumerate(_FINGERS):
        cv2.line(canvas, spots[first], spots[second], joint_colour(number, len(_FINGERS)), thin)
    for spot in spots:
        cv2.circle(canvas, spot, 2 * thin, (0, 0, 255), thickness=-1)
