"""The mouth and the eyelids of a face mesh moved: a jaw that opens, lips that round or widen, lids that close."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.faces.mesh import LEFT_EYE, MOUTH_LEFT, MOUTH_RIGHT, OUTLINE, RIGHT_EYE
from facechain_ext.retouch.animate.head_mesh import ring_points
from facechain_ext.retouch.animate.motion import MAX_OPENING
from facechain_ext.retouch.fuse.opacity import smooth_step
from facechain_ext.retouch.fuse.points import INNER_LIPS
from facechain_ext.retouch.fuse.topology import POINTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.retouch.animate.head_mesh import HeadMesh
    from facechain_ext.retouch.animate.motion import FaceMotion

    Floats = NDArray[np.float64]

UPPER_INNER, LOWER_INNER = INNER_LIPS[:11], (*INNER_LIPS[:1], *INNER_LIPS[:9:-1])
"""The inner edges of the upper and lower lip, each from the picture's left corner to its right one."""
_REST = 0.5
"""Share of a parted mouth's opening that stays at rest: a smile with teeth stays one."""
_RAISED, _RAISED_REACH = 0.18, 0.35
"""Share of the opening by which the upper lip rises, and how far above it fades, in distances from mouth to chin."""
_CHIN = 0.85
"""How far the chin goes along with the lower lip."""
_JAW_GROWTH = 1.6
"""How much wider than the lips the moved part of the chin is, in widths of the mouth."""
_BELOW_CHIN = (0.55, 0.15)
"""How far the neck's first rings of points go along with the chin."""
_SPREAD, _SPREAD_REACH = (0.22, 0.1), 1.5
"""Change of the mouth's width when rounded or wide, and its reach, in half widths of the mouth."""
_LID_REACH = 0.5
"""How far above the eye the lid's skin stretches, in widths of the eye."""
_UPPER_SHARE = 0.9
"""Share of a closing eye's way that the upper lid goes."""


class Expression:
    """The weights of a head's points for mouth and lids, computed once for a portrait."""

    def __init__(self, head: HeadMesh) -> None:
        self._head = head
        flat = head.points[:, :2]
        corners = flat[[MOUTH_LEFT, MOUTH_RIGHT]]
        self._half = max(float(np.linalg.norm(corners[1] - corners[0])) / 2, 1e-6)
        middle = corners.mean(0)
        chin = max(float((flat[152] - middle) @ head.down), self._half)
        across = (flat - middle) @ head.across / self._half
        below = (flat - middle) @ head.down / chin
        upper, lower = list(UPPER_INNER), list(LOWER_INNER)
        lips = (below[upper] + below[lower]) / 2
        order = np.argsort(across[upper])
        below = below - np.interp(across, across[upper][order], lips[order])
        self._gap = float(np.linalg.norm(flat[UPPER_INNER[5]] - flat[LOWER_INNER[5]]))
        self._jaw = _jaw_weights(across, below)
        radius = np.hypot(across, (flat - middle) @ head.down / self._half)
        self._spread = across * np.exp(-((radius / _SPREAD_REACH) ** 2))
        self._lids = sum(_lid_shift(flat, eye, head.down) for eye in (LEFT_EYE, RIGHT_EYE))

    @property
    def mouth_width(self) -> float:
        """Pixels between the corners of the mouth at rest."""
        return 2 * self._half

    def moved(self, motion: FaceMotion) -> Floats:
        """The head's points float64 [n, 3] with mouth and lids as ``motion`` says, the head not turned."""
        points = self._head.points.copy()
        rest = _REST * self._gap * (1 - motion.press)
        opening = rest + (MAX_OPENING * self.mouth_width - rest) * float(np.clip(motion.mouth, 0, 1)) - self._gap
        points[:, :2] += opening * self._jaw[:, None] * self._head.down
        amount = _SPREAD[0] * motion.spread if motion.spread < 0 else _SPREAD[1] * motion.spread
        points[:, :2] += amount * self._half * self._spread[:, None] * self._head.across
        points[:, :2] += float(np.clip(motion.blink, 0, 1)) * self._lids
        return points


def _jaw_weights(across: Floats, below: Floats) -> Floats:
    """How far each point goes down for each pixel of opening, float64 [n]; negative for the upper lip.

    ``across`` is the place in half widths of the mouth from its middle, ``below`` that below the line between the lips
    in distances from mouth to chin.
    """
    lower = below > 0
    lower[list(UPPER_INNER)] = False
    lower[list(LOWER_INNER[1:-1])] = True
    depth = np.clip(below, 0, 1)
    reach = across / (1 + _JAW_GROWTH * depth)
    opened = np.sqrt(np.clip(1 - reach**2, 0, 1)) * (1 - (1 - _CHIN) * smooth_step(depth, 0.2, 1))
    raised = _RAISED * np.sqrt(np.clip(1 - across**2, 0, 1)) * np.exp(-((below / _RAISED_REACH) ** 2))
    weights = np.where(lower, (1 - _RAISED) * opened, -raised)
    weights[POINTS:] = 0
    chin = weights[list(OUTLINE)]
    for ring, share in enumerate(_BELOW_CHIN):
        weights[ring_points(ring)] = share * chin
    return np.asarray(weights, np.float64)


def _lid_shift(flat: Floats, eye: tuple[int, ...], down: Floats) -> Floats:
    """The way [n, 2] of each point when an eye closes; ``eye`` runs along its lower lid, then back along the upper."""
    lower, upper = list(eye[:9]), [eye[0], *eye[:7:-1]]
    ways = flat[lower] - flat[upper]
    shift = np.zeros_like(flat)
    shift[upper[1:-1]] = _UPPER_SHARE * ways[1:-1]
    shift[lower[1:-1]] = -(1 - _UPPER_SHARE) * ways[1:-1]
    axis = flat[eye[8]] - flat[eye[0]]
    width = max(float(np.linalg.norm(axis)), 1e-6)
    axis = axis / width
    place = (flat - flat[eye[0]]) @ axis
    lids = (flat[upper] - flat[eye[0]]) @ axis
    order = np.argsort(lids)
    height = (flat[upper] @ down)[order]
    above = np.interp(place, lids[order], height) - flat @ down
    inside = (place > 0) & (place < width) & (above > 0.01 * width)
    inside[list(eye)] = False
    inside[POINTS:] = False
    fade = 1 - smooth_step(above / width, 0, _LID_REACH)
    for axis_number in range(2):
        way = np.interp(place, lids[order], (_UPPER_SHARE * ways)[order, axis_number])
        shift[inside, axis_number] = (fade * way)[inside]
    return shift
