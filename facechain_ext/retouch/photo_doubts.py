"""What a photo of a person does not show, as sentences that say what will suffer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.faces.quality import assess_quality, further_reasons
from facechain_ext.retouch.fuse.occlusion import occlusion_mask
from facechain_ext.retouch.fuse.points import mesh_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, Pixels

_LIDS = ((159, 145, 33, 133), (386, 374, 263, 362))
"""Upper and lower lid, outer and inner corner of each eye, as indices into the mesh."""
_OPEN = 0.18
"""Height of an opening between the lids in widths of the eye below which it is closed: 0.12 to 0.16 on closed eyes and
0.20 to 0.46 on open ones of 23 real faces, in the mean of both."""
_SIDE_VIEW = 40.0
"""Yaw in degrees from which the far half of a face is not shown."""


def photo_doubts(pixels: Pixels, face: Face) -> tuple[str, ...]:
    """Sentences on closed eyes, covered eyes, a covered mouth and a face from the side; empty where all is seen."""
    found = []
    covered = occlusion_mask(pixels, face)
    eyes, mouth = _covered(covered, face.landmarks[:2]), _covered(covered, face.landmarks[3:].mean(0, keepdims=True))
    if eyes:
        found.append("Something covers the eyes, such as dark glasses: it comes along, and the eyes cannot be known.")
    elif _eyes_closed(pixels, face):
        found.append("The eyes are closed: they are closed in the result too, and likeness suffers.")
    if mouth:
        found.append("Something covers the mouth, such as a mask: it comes along, and mouth and chin cannot be known.")
    if abs(face.yaw) > _SIDE_VIEW:
        found.append("The face is seen from the side: its other half is mirrored, and likeness suffers.")
    return tuple(found)


def moving_doubts(pixels: Pixels, face: Face, notes: Sequence[str] = ()) -> tuple[str, ...]:
    """``notes`` about a photo of which no card is made, what else makes its face a poor one, and ``photo_doubts``."""
    reasons = further_reasons(assess_quality(pixels, face), notes)
    said = (f"The face is {reason}; a better photo gives a better likeness." for reason in reasons)
    return (*notes, *said, *photo_doubts(pixels, face))


def eye_opening(mesh: NDArray[np.floating]) -> float:
    """The mean opening of both eyes of a mesh [468 or more, 3], in widths of the eye."""
    return float(
        np.mean(
            [
                np.linalg.norm(mesh[up] - mesh[low]) / max(float(np.linalg.norm(mesh[outer] - mesh[inner])), 1e-6)
                for up, low, outer, inner in _LIDS
            ]
        )
    )


def _eyes_closed(pixels: Pixels, face: Face) -> bool:
    try:
        points = mesh_points(pixels, face)
    except ImportError:  # five landmarks do not tell
        return False
    return points is not None and points.mesh is not None and eye_opening(points.mesh) < _OPEN


def _covered(mask: NDArray[np.bool_], points: NDArray[np.floating]) -> bool:
    """Whether any of the points [n, 2] lies in the mask."""
    height, width = mask.shape
    columns, rows = np.round(points).astype(int).T
    return bool(mask[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)].any())
