"""What lies before a face and hides an eye or the mouth: a mask, a box, dark glasses, hair, something held up.

Told without a network, and with care: an eye or a mouth counts as hidden only where its place shows nothing of it.
Something that has structure of its own and the colour of skin, such as a hand, is not told from a face.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.skin import skin_likeness
from facechain_ext.retouch.fuse.points import face_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, Mask, Pixels

    Lab = NDArray[np.float32]

_SMALLEST = 40
"""Side in pixels of the smallest face that is looked at: in smaller ones an eye is a few pixels."""
_MARGIN = 0.6
"""What is looked at around the face, in sides of it."""
_FEWEST = 16
"""Pixels of the smallest place that is looked at."""
_RING = (0.06, 0.12)
"""What is around an eye or the mouth: from and to so far from its place, in sides of the face."""
_FLAT = (3.0, 2.0)
"""Standard deviations of lightness and colour (Lab) of a place so even that no eye or mouth can be in it."""
_SAME = 6.0
"""Most that a pixel of an even thing differs from its middle, in Lab."""
_COVERED = 0.5
"""Least share of the skin around a feature that has another colour when something covers both."""
_STANDS_OUT = 4.0
"""Difference of lightness, or of redness, by which an eye or lips stand out from what is around them."""
_OTHER = 15.0
"""Least difference of an even thing's colour from a drawing's even skin, in Lab."""
_RICH = 12.0
"""Standard deviation of lightness that only an eye has, or something that is not told from one."""
_MOST = 0.6
"""Largest share of a face that something before it covers: more is a face in another light."""


def occlusion_mask(pixels: Pixels, face: Face) -> Mask:
    """Which pixels show something that lies before ``face``: bool [height, width], with a margin of some pixels.

    All False where both eyes and the mouth are seen, and for faces too small to tell.
    """
    found = np.zeros(pixels.shape[:2], np.bool_)
    side = max(face.width, face.height)
    if side < _SMALLEST:
        return found
    points = face_points(pixels, face)
    left, top, right, bottom = _window(face, pixels.shape)
    view = np.ascontiguousarray(pixels[top:bottom, left:right])
    corner = np.array([left, top], np.float32)
    lab = cv2.cvtColor(view.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    outline = _filled(points.outline - corner, view.shape)
    sample = _filled(points.skin - corner, view.shape)
    alien = _no_skin(view, sample, side)
    skin = np.median(lab[outline], axis=0) if outline.any() and _drawn(lab, outline) else None
    part = np.zeros(view.shape[:2], np.bool_)
    for number, place in enumerate(_places(face, corner, view.shape)):
        if place.sum() >= _FEWEST:
            part |= _before(lab, place, outline, alien, side, eye=number < 2, skin=skin)
    if not part.any() or (part & outline).sum() > _MOST * outline.sum():
        return found
    grow = max(round(0.015 * side), 2)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow + 1, 2 * grow + 1))
    closed = cv2.morphologyEx(part.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    found[top:bottom, left:right] = cv2.dilate(closed, kernel) > 0
    return found


def _places(face: Face, corner: NDArray[np.float32], shape: tuple[int, ...]) -> list[Mask]:
    """Where the two eyes and the mouth are: ellipses well inside of them, by the landmarks."""
    marks = face.landmarks - corner
    eyes, mouth = marks[1] - marks[0], marks[4] - marks[3]
    angle = float(np.degrees(np.arctan2(eyes[1], eyes[0])))
    apart, wide = float(np.linalg.norm(eyes)), float(np.linalg.norm(mouth))
    middles = (marks[0], marks[1], (marks[3] + marks[4]) / 2)
    axes = ((0.16 * apart, 0.07 * apart),) * 2 + ((0.4 * wide, 0.18 * wide),)
    found = []
    for middle, (across, down) in zip(middles, axes, strict=True):
        canvas = np.zeros(shape[:2], np.uint8)
        centre = (float(middle[0]), float(middle[1]))
        cv2.ellipse(canvas, (centre, (2 * across, 2 * down), angle), 1, cv2.FILLED)
        found.append(canvas > 0)
    return found


def _before(
    lab: Lab, place: Mask, outline: Mask, alien: Mask, side: float, *, eye: bool, skin: NDArray[np.float32] | None
) -> Mask:
    """What hides the eye or the mouth in ``place``; all False where that is seen.

    ``skin`` is the colour of a drawing's skin, which is as even as a thing can be.
    """
    inner = lab[place]
    spread = inner.std(axis=0)
    if spread[0] < _FLAT[0] and max(spread[1:]) < _FLAT[1]:
        middle = np.median(inner, axis=0)
        if skin is not None and float(np.linalg.norm(middle - skin)) < _OTHER:
            return np.zeros_like(place)
        return _touching(np.linalg.norm(lab - middle, axis=2) < _SAME, place)
    near, far = (_dilated(place, reach * side) for reach in _RING)
    ring = far & ~near & outline
    if ring.sum() < _FEWEST or alien[ring].mean() < _COVERED:
        return np.zeros_like(place)
    around = lab[ring & alien]
    lighter, redder = around[:, 0].mean() - inner[:, 0].mean(), inner[:, 1].mean() - around[:, 1].mean()
    if eye:
        seen = lighter > _STANDS_OUT or spread[0] > min(max(1.4 * float(around[:, 0].std()), 5.0), _RICH)
    else:
        coloured = float(np.abs(lab[outline & ~alien][:, 1:].mean(axis=0)).max(initial=0.0)) > 3
        seen = redder > _STANDS_OUT / 2 if coloured else abs(lighter) > _STANDS_OUT
    return np.zeros_like(place) if seen else _touching(alien, place)


def _drawn(lab: Lab, face: Mask) -> bool:
    """Whether the pixels of ``face`` are those of a drawing: most pixels equal their neighbours."""
    light = np.ascontiguousarray(lab[..., 0])
    steps = np.abs(np.diff(light, axis=0, prepend=light[:1])) + np.abs(np.diff(light, axis=1, prepend=light[:, :1]))
    return bool((steps[face] < 0.2).mean() > 0.5)


def _no_skin(view: Pixels, sample: Mask, side: float) -> Mask:
    """What has not the colour of the cheeks, without lines as thin as frames of glasses and folds."""
    likeness = skin_likeness(view, sample)
    width = max(round(0.03 * side), 1) | 1
    other = cv2.morphologyEx((likeness < 0.5).astype(np.uint8), cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
    return np.asarray(other > 0)


def _touching(mask: Mask, place: Mask) -> Mask:
    """The connected pieces of ``mask`` that have pixels in ``place``."""
    count, pieces = cv2.connectedComponents(mask.astype(np.uint8))
    inside = np.bincount(pieces[place], minlength=count) > 0
    inside[0] = False
    return np.asarray(inside[pieces])


def _window(face: Face, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    margin = _MARGIN * max(face.width, face.height)
    height, width = shape[:2]
    left, top = (max(int(value - margin), 0) for value in face.box[:2])
    return left, top, min(int(face.box[2] + margin), width), min(int(face.box[3] + margin), height)


def _filled(points: NDArray[np.floating] | NDArray[np.int32], shape: tuple[int, ...]) -> Mask:
    canvas = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], 1)
    return canvas.astype(np.bool_)


def _dilated(mask: Mask, reach: float) -> Mask:
    pixels = max(round(reach), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)
