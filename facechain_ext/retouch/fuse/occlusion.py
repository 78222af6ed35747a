"""Occlusions of the eyes or the mouth of a face: masks, boxes, dark glasses, hair, objects.

Without a network, and conservative: see ``occluder_search`` for what counts as an occluder. Those with texture and the
colour of skin, such as hands, are not detected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.skin import skin_likeness
from facechain_ext.retouch.fuse.occluder_search import FeatureView, connected_components
from facechain_ext.retouch.fuse.points import face_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, Mask, Pixels, Points

    Lab = NDArray[np.float32]

_MIN_FACE = 40
"""Side in pixels of the smallest face that is examined: in smaller ones an eye is a few pixels."""
_MAX_FACE = 640
"""Side in pixels to which a larger face is downscaled: occluders are no finer, and the time grows with its cube."""
_MARGIN = 0.6
"""Margin of the examined window surroundings the face, in sides of the face."""
_MIN_PIXELS = 16
"""Pixels of the smallest feature or ring that is examined."""
_RING = (0.06, 0.12)
"""Inner and outer distance of the ring surroundings an eye or the mouth, in sides of the face."""
_MIN_RING_SHARE = 0.5
"""Least share of the ring surroundings a feature without the colour of skin when an occluder covers both."""
_FEATURE_CONTRAST = 4.0
"""Difference in lightness, or redness, between an eye or lips and their surroundings."""
_EYE_DEVIATION = 12.0
"""Standard deviation of lightness from which a region always counts as a visible eye."""
_MAX_SHARE = 0.6
"""Largest share of a face that an occluder covers; a larger region is a face in unusual light."""


def occlusion_mask(pixels: Pixels, face: Face) -> Mask:
    """The pixels of an occluder in front of ``face``: bool [height, width], with a margin of some pixels.

    All False where both eyes and the mouth are wholly visible, and for faces under 40 pixels.
    """
    found = np.zeros(pixels.shape[:2], np.bool_)
    side = max(face.width, face.height)
    if side < _MIN_FACE:
        return found
    points = face_points(pixels, face)
    left, top, right, bottom = _window(face, pixels.shape)
    view = pixels[top:bottom, left:right]
    scale = min(_MAX_FACE / side, 1.0)
    size = max(round((right - left) * scale), 1), max(round((bottom - top) * scale), 1)
    small = np.ascontiguousarray(view) if scale == 1 else cv2.resize(view, size, interpolation=cv2.INTER_AREA)
    ratio = np.array([size[0] / (right - left), size[1] / (bottom - top)], np.float32)
    outline, skin, landmarks = (
        ((polygon - (left, top) + 0.5) * ratio - 0.5).astype(np.float32)
        for polygon in (points.outline, points.skin, face.landmarks)
    )
    occluder = _occluder_in_window(np.asarray(small), landmarks, outline, skin, side * scale)
    if scale < 1:
        occluder = cv2.resize(occluder.astype(np.float32), view.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    found[top:bottom, left:right] = occluder
    return found


def _occluder_in_window(view: Pixels, landmarks: Points, outline: Points, skin: Points, side: float) -> Mask:
    """``occlusion_mask`` for the part of a picture around a face, whose points are those in that part."""
    lab = cv2.cvtColor(view.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    inside = _fill_polygon(outline, view.shape)
    non_skin = _non_skin(view, _fill_polygon(skin, view.shape), side)
    colour = np.median(lab[inside], axis=0) if inside.any() and _is_drawing(lab, inside) else None
    occluder = np.zeros(view.shape[:2], np.bool_)
    for number, region in enumerate(_feature_regions(landmarks, view.shape)):
        eye, feature = number < 2, FeatureView(lab, region, inside, side)
        if region.sum() < _MIN_PIXELS or not feature.is_inside:
            continue
        covers = feature.uniform_occluder(colour)
        if not covers.any():
            covers = _surrounding_occluder(lab, region, inside, non_skin, side, eye=eye)
        if not covers.any() and colour is None:
            covers = feature.textured_occluder(non_skin, eye=eye)
        occluder |= covers
    if not occluder.any() or (occluder & inside).sum() > _MAX_SHARE * inside.sum():
        return np.zeros_like(occluder)
    margin = max(round(0.015 * side), 2)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    closed = cv2.morphologyEx(occluder.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    return np.asarray(cv2.dilate(closed, kernel) > 0)


def _feature_regions(landmarks: Points, shape: tuple[int, ...]) -> list[Mask]:
    """Ellipses inside the two eyes and the mouth, from the landmarks: three masks bool [height, width]."""
    eyes, mouth = landmarks[1] - landmarks[0], landmarks[4] - landmarks[3]
    angle = float(np.degrees(np.arctan2(eyes[1], eyes[0])))
    eye_distance, mouth_width = float(np.linalg.norm(eyes)), float(np.linalg.norm(mouth))
    middles = (landmarks[0], landmarks[1], (landmarks[3] + landmarks[4]) / 2)
    axes = ((0.16 * eye_distance, 0.07 * eye_distance),) * 2 + ((0.4 * mouth_width, 0.18 * mouth_width),)
    found = []
    for middle, (across, down) in zip(middles, axes, strict=True):
        canvas = np.zeros(shape[:2], np.uint8)
        centre = (float(middle[0]), float(middle[1]))
        cv2.ellipse(canvas, (centre, (2 * across, 2 * down), angle), 1, cv2.FILLED)
        found.append(canvas > 0)
    return found


def _surrounding_occluder(lab: Lab, region: Mask, outline: Mask, non_skin: Mask, side: float, *, eye: bool) -> Mask:
    """What has no colour of skin in and around an eye or the mouth; all False where the feature is seen in it."""
    values = lab[region]
    deviation = values.std(axis=0)
    inner, outer = (_dilated(region, distance * side) for distance in _RING)
    ring = outer & ~inner & outline
    if ring.sum() < _MIN_PIXELS or non_skin[ring].mean() < _MIN_RING_SHARE:
        return np.zeros_like(region)
    surroundings = lab[ring & non_skin]
    lightness_contrast, redness_contrast = (
        surroundings[:, 0].mean() - values[:, 0].mean(),
        values[:, 1].mean() - surroundings[:, 1].mean(),
    )
    if eye:
        visible = lightness_contrast > _FEATURE_CONTRAST or deviation[0] > min(
            max(1.4 * float(surroundings[:, 0].std()), 5.0), _EYE_DEVIATION
        )
    else:
        is_colored = float(np.abs(lab[outline & ~non_skin][:, 1:].mean(axis=0)).max(initial=0.0)) > 3
        visible = (
            redness_contrast > _FEATURE_CONTRAST / 2 if is_colored else abs(lightness_contrast) > _FEATURE_CONTRAST
        )
    return np.zeros_like(region) if visible else connected_components(non_skin, region)


def _is_drawing(lab: Lab, face: Mask) -> bool:
    """Whether the pixels of ``face`` belong to a drawing, in which most pixels equal their neighbours."""
    light = np.ascontiguousarray(lab[..., 0])
    steps = np.abs(np.diff(light, axis=0, prepend=light[:1])) + np.abs(np.diff(light, axis=1, prepend=light[:, :1]))
    return bool((steps[face] < 0.2).mean() > 0.5)


def _non_skin(view: Pixels, sample: Mask, side: float) -> Mask:
    """Pixels without the colour of the cheeks, except for thin lines such as frames of glasses and folds."""
    likeness = skin_likeness(view, sample)
    width = max(round(0.03 * side), 1) | 1
    other = cv2.morphologyEx((likeness < 0.5).astype(np.uint8), cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
    return np.asarray(other > 0)


def _window(face: Face, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    margin = _MARGIN * max(face.width, face.height)
    height, width = shape[:2]
    left, top = (max(int(value - margin), 0) for value in face.box[:2])
    return left, top, min(int(face.box[2] + margin), width), min(int(face.box[3] + margin), height)


def _fill_polygon(points: NDArray[np.floating] | NDArray[np.int32], shape: tuple[int, ...]) -> Mask:
    canvas = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], 1)
    return canvas.astype(np.bool_)


def _dilated(mask: Mask, reach: float) -> Mask:
    """The pixels within ``reach`` of ``mask``; by distances, since a kernel of that radius costs its area."""
    pixels = max(round(reach), 1)
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray((distance <= pixels) & bool(mask.any()))
