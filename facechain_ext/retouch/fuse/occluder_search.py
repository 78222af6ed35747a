"""What covers an eye or the mouth, whole or in part: found by what an object before a face has and a face has not.

A uniform object is accepted with three pieces of evidence: it covers some of the feature, goes on beyond the feature,
and ends in a sharp edge on the face. Lips, an open mouth, lashes and shadows lack the second or the third. An object
with texture needs another colour than the cheeks besides, and nothing of the feature is seen in it: a beard has an
edge, but lips are seen in it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Mask

    Floats = NDArray[np.float32]

_UNIFORM_DEVIATIONS = (3.0, 2.0)
"""Standard deviations of lightness and colour (Lab) below which a region shows no eye or mouth."""
_UNIFORM_DISTANCE = 6.0
"""Largest distance in Lab of a pixel of a uniform occluder from its median."""
_MIN_SKIN_DISTANCE = 15.0
"""Least distance in Lab of a uniform occluder from the uniform skin of a drawing."""
_MIN_PIXELS = 8
"""Pixels of the smallest part of a feature that is examined."""
_PARTS = (0.12, 0.45)
"""Distances from the middle of a feature, in halves of its width, beyond which its outer parts lie."""
_MIN_INSIDE = 0.5
"""Least share of a feature that lies within the outline of the face: in profile, the far eye is the background."""
_MIN_COVERED = 0.2
"""Least share of the feature that an occluder covers."""
_NEAR, _BEYOND = 0.03, 0.14
"""Distances from the feature, in sides of the face, between which an occluder has to go on."""
_MIN_BEYOND = 0.5
"""Least area of it there, in areas of the feature."""
_WHOLE_EDGE, _PART_EDGE, _TEXTURED_EDGE = 3.2, 6.0, 15.0
"""Least difference in Lab of neighbouring pixels along three quarters of the occluder's edge on the face.

Of an object that hides the feature wholly, of one that hides a part of it, and of one with texture. On 54 clean real
faces, each also mirrored, in grey, compressed, dark and half in the shadow, what looks like such an object reaches 2.9,
5.1 and 14; hair that does hide both eyes of another one has 3.5.
"""
_VISIBLE_CONTRAST = (4.0, 2.0)
"""Difference in lightness or redness to its surroundings from which lips or an eye are seen in an object."""
_VISIBLE_DEVIATION = 1.4
"""Ratio of the standard deviation of lightness in an eye to that around it from which the eye is seen in an object."""


class FeatureView:
    """The picture around one eye or the mouth of a face, in which occluders are looked for.

    ``lab`` float32 [h, w, 3] is the window around the face, ``region`` bool [h, w] the inside of the feature, ``face``
    bool [h, w] what the outline of the face bounds, ``side`` that of the face in pixels.
    """

    def __init__(self, lab: Floats, region: Mask, face: Mask, side: float) -> None:
        self._window_lab, self._window_region = lab, region
        self._crop = _bounding_box(face | region)
        self._lab, self._region, self._face = lab[self._crop], region[self._crop], face[self._crop]
        self._side, self._area = side, max(int(region.sum()), 1)

    @property
    def is_inside(self) -> bool:
        """Whether the feature lies on the visible side of the face."""
        return int((self._region & self._face).sum()) >= _MIN_INSIDE * self._area

    def uniform_occluder(self, skin: NDArray[np.float32] | None) -> Mask:
        """The pixels [h, w] of a uniform occluder of the feature or a part of it; all False where there is none.

        ``skin`` is the colour [3] (Lab) of the uniform skin of a drawing, None for photos. In a drawing everything is
        uniform and has sharp edges: there, only what covers the whole feature is an occluder.
        """
        found = np.zeros_like(self._window_region)
        for number, part in enumerate(self._parts() if skin is None else (self._region,)):
            values = self._lab[part]
            deviation = values.std(axis=0)
            if deviation[0] >= _UNIFORM_DEVIATIONS[0] or max(deviation[1:]) >= _UNIFORM_DEVIATIONS[1]:
                continue
            median = np.median(values, axis=0)
            if skin is not None and float(np.linalg.norm(median - skin)) < _MIN_SKIN_DISTANCE:
                continue
            alike = np.linalg.norm(self._lab - median, axis=2) < _UNIFORM_DISTANCE
            min_edge = _PART_EDGE if number else _WHOLE_EDGE
            if skin is not None or self._is_covered_by(connected_components(alike, part), min_edge):
                start = np.zeros_like(self._window_region)
                start[self._crop] = part
                alike = np.linalg.norm(self._window_lab - median, axis=2) < _UNIFORM_DISTANCE
                found |= connected_components(alike, start)
        return found

    def textured_occluder(self, non_skin: Mask, *, eye: bool) -> Mask:
        """The pixels [h, w] of an occluder among those of another colour than the cheeks; all False without one."""
        object_ = connected_components(non_skin[self._crop], self._region)
        if not self._is_covered_by(object_, _TEXTURED_EDGE):
            return np.zeros_like(self._window_region)
        inner, outer = self._lab[object_ & self._region], self._lab[object_ & self._ring]
        lightness, redness = np.abs(inner.mean(0) - outer.mean(0))[:2]
        visible = lightness > _VISIBLE_CONTRAST[0] or (
            inner[:, 0].std() > _VISIBLE_DEVIATION * outer[:, 0].std() if eye else redness > _VISIBLE_CONTRAST[1]
        )
        return np.zeros_like(self._window_region) if visible else connected_components(non_skin, self._window_region)

    def _parts(self) -> Iterator[Mask]:
        """The feature, then its left, right, lower and upper part and its outer quarters, where they have pixels."""
        rows, columns = np.nonzero(self._region)
        points = np.stack([columns, rows], axis=1).astype(np.float64)
        points -= points.mean(0)
        along = np.linalg.eigh(points.T @ points)[1][:, 1]
        x, y = points @ along, points @ np.array([-along[1], along[0]])
        half = max(float(np.abs(x).max()), 1e-6)
        near, far = (share * half for share in _PARTS)
        for chosen in (x < np.inf, x < -near, x > near, y > 0, y < 0, x < -far, x > far):
            if int(chosen.sum()) >= _MIN_PIXELS:
                part = np.zeros_like(self._region)
                part[rows[chosen], columns[chosen]] = True
                yield part

    def _is_covered_by(self, object_: Mask, min_edge: float) -> bool:
        """Whether an object covers some of the feature, goes on beyond it and ends in a sharp edge on the face."""
        if int((object_ & self._region).sum()) < _MIN_COVERED * self._area:
            return False
        if int((object_ & self._ring).sum()) < _MIN_BEYOND * self._area:
            return False
        kernel, own = np.ones((3, 3), np.uint8), object_.astype(np.uint8)
        rim = (cv2.dilate(own, kernel) > cv2.erode(own, kernel)) & self._face
        return bool(rim.any()) and float(np.percentile(self._edges[rim], 25)) >= min_edge

    @cached_property
    def _ring(self) -> Mask:
        away = cv2.distanceTransform((~self._region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        return np.asarray((away > _NEAR * self._side) & (away <= _BEYOND * self._side) & self._face)

    @cached_property
    def _edges(self) -> Floats:
        """The largest difference of neighbouring pixels within a pixel of each, in Lab."""
        steps = [np.linalg.norm(np.diff(self._lab, axis=k, prepend=self._lab.take([0], k)), axis=2) for k in (0, 1)]
        return np.asarray(cv2.dilate(np.maximum(*steps).astype(np.float32), np.ones((3, 3), np.uint8)))


def connected_components(mask: Mask, region: Mask) -> Mask:
    """The connected components of ``mask`` with pixels in ``region``."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8))
    inside = np.bincount(labels[region], minlength=count) > 0
    inside[0] = False
    return np.asarray(inside[labels])


def _bounding_box(mask: Mask) -> tuple[slice, slice]:
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
