"""The face mesh with rings of points around it for hair, ears and neck, and how the head turns."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.mesh import OUTLINE
from facechain_ext.retouch.fuse.opacity import smooth_step
from facechain_ext.retouch.fuse.topology import POINTS, topology

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.retouch.animate.motion import FaceMotion

    Points3 = NDArray[np.float64]

_RINGS = (1.14, 1.4, 1.75, 2.2)
"""Sizes of the rings, in sizes of the face's outline; on the last nothing moves."""
_ABOVE, _BELOW = (1.45, 2.2), (1.05, 1.75)
"""Ring sizes up to which points turn with the head, and from which they stay, above the face and below it."""
_BEHIND = 0.6
"""Depth of a ring's points behind the outline, in widths of the face, for each size of the outline beyond it."""
_PIVOT = (0.25, 0.3)
"""Where the head turns: below the chin and behind the outline, in heights and widths of the face (the upper neck)."""


@dataclass(frozen=True, eq=False)
class HeadMesh:
    """The points of a head at rest.

    ``points`` float64 [n, 3], the first 468 are the face's; ``triangles`` int [m, 3]; ``rigid`` float64 [n], 1 where a
    point turns with the head and 0 where it stays; ``pivot`` [3], the point about which it turns; ``across`` and
    ``down`` [2] are the face's own axes in the picture, of unit length.
    """

    points: Points3
    triangles: NDArray[np.int64]
    rigid: NDArray[np.float64]
    pivot: NDArray[np.float64]
    across: NDArray[np.float64]
    down: NDArray[np.float64]

    def turned(self, points: Points3, motion: FaceMotion) -> Points3:
        """``points`` [n, 3] of this head with the head turned by ``motion``."""
        yaw, pitch, roll = np.radians([motion.yaw, motion.pitch, motion.roll])
        rotation = _rotation(yaw, pitch, roll, self.across, self.down)
        turned = (points - self.pivot) @ rotation.T + self.pivot
        return np.asarray(points + self.rigid[:, None] * (turned - points))


def head_mesh(mesh: Points3) -> HeadMesh:
    """The head around a face mesh float64 [468, 3]."""
    outline = mesh[list(OUTLINE)]
    centre = outline.mean(0)
    width, height = (float(np.linalg.norm(mesh[a, :2] - mesh[b, :2])) for a, b in ((234, 454), (10, 152)))
    across = _unit(mesh[[263, 454, 356], :2].mean(0) - mesh[[33, 234, 127], :2].mean(0))
    down = _unit(mesh[[152, 175, 199], :2].mean(0) - mesh[[10, 151, 9], :2].mean(0))
    below = np.clip(((outline - centre)[:, :2] @ down) / max(0.5 * height, 1e-6), 0, 1)
    rings, weights = [], []
    for size in _RINGS:
        ring = centre + size * (outline - centre)
        ring[:, 2] = outline[:, 2].mean() + _BEHIND * width * (size - 1)
        above = 1 - float(smooth_step(size, *_ABOVE))
        beneath = 1 - float(smooth_step(size, *_BELOW))
        rings.append(ring)
        weights.append(above + below * (beneath - above))
    points = np.concatenate([mesh, *rings])
    depth = float(outline[:, 2].mean())
    foot = mesh[152, :2] + _PIVOT[0] * height * down
    pivot = np.array([*foot, depth + _PIVOT[1] * width])
    triangles = np.concatenate([topology().triangles, _between_rings()])
    return HeadMesh(points, triangles, np.concatenate([np.ones(POINTS), *weights]), pivot, across, down)


def ring_points(ring: int) -> slice:
    """The points of ring number ``ring``, 0 the innermost, in the order of OUTLINE."""
    start = POINTS + ring * len(OUTLINE)
    return slice(start, start + len(OUTLINE))


def _between_rings() -> NDArray[np.int64]:
    count = len(OUTLINE)
    loops = [np.array(OUTLINE), *(np.arange(count) + POINTS + ring * count for ring in range(len(_RINGS)))]
    found = []
    for inner, outer in itertools.pairwise(loops):
        for k in range(count):
            after = (k + 1) % count
            found += [(inner[k], outer[k], outer[after]), (inner[k], outer[after], inner[after])]
    return np.array(found, np.int64)


def _rotation(
    yaw: float, pitch: float, roll: float, across: NDArray[np.float64], down: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The rotation [3, 3] about the face's own axes; z points away from the camera."""
    turns = (
        np.array([*across, 0.0]) * -pitch,  # the face looks up: its front, at negative z, moves up (negative y)
        np.array([*down, 0.0]) * -yaw,
        np.array([0.0, 0.0, 1.0]) * roll,
    )
    rotation = np.eye(3)
    for turn in turns:
        rotation = np.asarray(cv2.Rodrigues(turn)[0]) @ rotation
    return rotation


def _unit(vector: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float64)
