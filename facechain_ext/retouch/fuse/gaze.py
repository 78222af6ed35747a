"""Where the eyes look: a photo's irises moved within its eyes, to where those of another face are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.mesh import LEFT_EYE, RIGHT_EYE
from facechain_ext.retouch.fuse.opacity import fill_polygon
from facechain_ext.retouch.fuse.pose_fit import RIGID, similarity_3d

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels
    from facechain_ext.retouch.fuse.points import FacePoints

    Floats = NDArray[np.float64]

_EYES = ((33, 133, 159, 145, 0), (362, 263, 386, 374, 5))
"""Left and right corner, upper and lower lid of each eye in the mesh, and the first of its five points of the iris."""
_OUTLINES = tuple((*eye[:9], *eye[:8:-1]) for eye in (LEFT_EYE, RIGHT_EYE))
"""The outline of each eye in order: lower lid from corner to corner, then the upper lid back."""
_OPEN = 0.15
"""Opening between the lids, in widths of the eye, below which no iris is moved: nothing of it would be seen."""
_MAX_SHIFT = (0.22, 0.12)
"""Furthest an iris is moved along and across the eye, in its widths: from the middle to a corner are 0.3."""
_CORNER = 0.04
"""Widths of the eye between an iris and the corner, which keep some white there."""


def follow_gaze(pixels: Pixels, source: FacePoints, target: FacePoints) -> Pixels:
    """The photo ``pixels`` uint8 [h, w, 3] of ``source`` with its eyes looking as those of ``target`` do.

    Both eyes move alike, by the mean of what each would need once the head is turned as the target's. The photo comes
    back as it is where ``gaze_doubts`` has something to say.
    """
    shift = gaze_shift(source, target)
    if shift is None:
        return pixels
    assert source.mesh is not None
    assert source.irises is not None
    result = np.array(pixels)
    for (left, right, *_, iris), outline in zip(_EYES, _OUTLINES, strict=True):
        ring = source.irises[iris : iris + 5, :2]
        _move_iris(result, pixels, source.mesh[[left, right], :2], source.mesh[list(outline), :2], ring, shift)
    return result


def gaze_shift(source: FacePoints, target: FacePoints) -> Floats | None:
    """How far the irises of ``source`` move along and across the eyes, float64 [2] in widths of the eye.

    None where the irises of either face are not known, or neither has both eyes open.
    """
    if source.mesh is None or target.mesh is None or source.irises is None or target.irises is None:
        return None
    rotation, scale, shift = similarity_3d(source.mesh[list(RIGID)], target.mesh[list(RIGID)])
    posed = [scale * points @ rotation.T + shift for points in (source.mesh, source.irises)]
    shifts = [
        there - here
        for here, there in zip(_places(posed[0], posed[1]), _places(target.mesh, target.irises), strict=True)
        if here is not None and there is not None
    ]
    return np.clip(np.mean(shifts, axis=0), np.negative(_MAX_SHIFT), _MAX_SHIFT) if shifts else None


def gaze_doubts(source: FacePoints, target: FacePoints) -> list[str]:
    """Why the eyes of ``source`` cannot look as those of ``target`` do, as a sentence; empty where they can."""
    if any(points.mesh is None or points.irises is None for points in (source, target)):
        return ["the eyes look as in the photo; the template's gaze needs MediaPipe's irises."]
    if gaze_shift(source, target) is None:
        return ["the eyes look as in the photo; they are closed in it or in the template, which hides a gaze."]
    return []


def _places(mesh: Floats, irises: Floats) -> Iterator[Floats | None]:
    """Where the iris of each eye lies, along and across it from the middle of its corners, in widths of the eye."""
    for left, right, up, low, iris in _EYES:
        axes, width = _axes(mesh[[left, right], :2])
        if float(np.linalg.norm(mesh[up, :2] - mesh[low, :2])) < _OPEN * width:
            yield None
        else:
            yield axes @ (irises[iris, :2] - mesh[[left, right], :2].mean(0)) / width


def _axes(corners: Floats) -> tuple[Floats, float]:
    """Unit vectors along and across an eye [2, 2], and its width in pixels."""
    along = corners[1] - corners[0]
    width = max(float(np.linalg.norm(along)), 1e-6)
    along = along / width
    return np.array([along, (-along[1], along[0])]), width


def _move_iris(
    result: Pixels, pixels: Pixels, corners: Floats, outline: Floats, iris: Floats, shift: Floats
) -> None:  # fmt: skip
    """Draw one eye of ``pixels`` into ``result`` with its iris moved: the white beside it is stretched and squeezed."""
    axes, width = _axes(corners)
    margin = int(np.ceil(0.4 * width)) + 2
    left, top = np.maximum(np.floor(outline.min(0)).astype(int) - margin, 0)
    right, bottom = np.ceil(outline.max(0)).astype(int) + margin
    view = pixels[top:bottom, left:right]
    opening = fill_polygon(outline - (left, top), view.shape)
    if not (opening > 0.5).any():
        return
    rows, columns = np.mgrid[: view.shape[0], : view.shape[1]]
    u, v = np.einsum("ij,jhw->ihw", axes / width, np.stack([columns + left, rows + top]) - corners[0][:, None, None])
    centre = float(axes[0] @ (iris[0] - corners[0]) / width)
    radius = float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean() / width)
    reach = _CORNER + radius
    moved = float(np.clip(centre + shift[0], min(reach, centre), max(1 - reach, centre)))
    places = np.array([0.0, max(moved - radius, 0.01), min(moved + radius, 0.99), 1.0])
    before = np.array([0.0, max(centre - radius, 0.01), min(centre + radius, 0.99), 1.0])
    from_u = np.interp(u, places, before)
    from_v = v - shift[1] * np.interp(u, places, (0.0, 1.0, 1.0, 0.0))
    found = np.einsum("ij,ihw->jhw", axes * width, np.stack([from_u, from_v])) + corners[0][:, None, None]
    x, y = (found - np.array([left, top])[:, None, None]).astype(np.float32)
    eye = cv2.remap(_without_lids(view, opening), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mix = cv2.GaussianBlur(opening, (0, 0), max(0.02 * width, 0.6))[..., None] * opening[..., None]
    result[top:bottom, left:right] = np.clip(mix * eye + (1 - mix) * view + 0.5, 0, 255).astype(np.uint8)


def _without_lids(view: Pixels, opening: NDArray[np.float32]) -> Pixels:
    """``view`` with the colours inside the opening continued over the lids, so that none of them comes along."""
    outside = (opening < 0.9).astype(np.uint8)
    if outside.all():
        return view
    _, labels = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((int(labels.max()) + 1, 3), np.uint8)
    inside = outside == 0
    colours[labels[inside]] = view[inside]
    return np.asarray(colours[labels])
