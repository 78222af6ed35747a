"""The blend in depth: one face rendered in another's pose, in its light, over ground in the person's complexion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.faces.mesh import OUTLINE
from facechain_ext.faces.skin import skin_likeness
from facechain_ext.retouch.fuse.light import Matching, exposure_difference, match_light
from facechain_ext.retouch.fuse.opacity import (
    OPENING_DIFFERENCE,
    face_side,
    fill_polygon,
    forehead_opacity,
    mouth_hole,
    mouth_opening,
    outline_opacity,
    smooth_step,
)
from facechain_ext.retouch.fuse.points import FEATURES
from facechain_ext.retouch.fuse.pose_fit import PosedFace, pose_onto
from facechain_ext.retouch.fuse.render import MeshView
from facechain_ext.retouch.fuse.topology import topology

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Mask, Pixels
    from facechain_ext.retouch.fuse.options import BlendOptions
    from facechain_ext.retouch.fuse.points import FacePoints

    Floats = NDArray[np.float32]

_FEATHER = 0.04
"""Width of the feather, in sides of the face."""
_SEEN = (0.12, 0.4)
"""Cosines between a point's normal and the camera below which its photo does not show it, and from which it does."""
_LIGHT_SIDE = 192
"""Longer side in pixels at which light is measured: it varies slowly."""
_RIM_RINGS = (2.0, 4.0)
"""Rings of points from the outline that are its rim: there only skin is taken from the photo, no hair or ear."""
_COMPLEXION_STEP = (7.5, 12.0)
"""Difference of two complexions (Lab) from which ears and neck begin to follow, and from which they do so fully.

A smaller one disappears in the feather, and nothing beside the face has to change for it.
"""
_MIRROR_LIGHT = 0.015
"""Distance over which a mirrored part takes the light of what the photo shows beside it, in sides of the window."""
_MIRROR_KNOWN = 0.005
"""Share of shown pixels at which a mirrored part has that light by half; further away it has its own."""
_DARK = 8.0
"""Added to values before their ratio is taken, so that black pixels do not decide it."""
_SURROUNDINGS = (0.05, 0.45)
"""Distances from the face, in sides of it, between which ears and neck return to the template's complexion."""


@dataclass(frozen=True, eq=False)
class PosedBlend:
    """``face`` and the ``ground`` below it, float32 [h, w, 3] in 0..255, and the face's opacity ``alpha`` [h, w]."""

    face: Floats
    alpha: Floats
    ground: Floats


def blend_posed(
    source: Pixels,
    source_points: FacePoints,
    target: tuple[Pixels, Pixels, NDArray[np.float64]],
    target_points: FacePoints,
    surroundings: Mask | None,
    options: BlendOptions,
) -> PosedBlend:
    """The source's face in the pose and light of the target, for the part ``view`` of its picture.

    ``target`` is the whole picture, ``view`` and the view's corner (x, y) in it.
    """
    picture, view, corner = target
    assert source_points.mesh is not None
    assert target_points.mesh is not None
    ours, theirs = mouth_opening(source_points), mouth_opening(target_points)
    # visible teeth are not squeezed into closed lips
    follows_mouth = options.template_expression and ours < theirs + OPENING_DIFFERENCE
    posed = pose_onto(source_points.mesh, target_points.mesh, mouth=follows_mouth, eyes=options.template_expression)
    moved = posed.points - (*corner, 0.0)
    mesh = MeshView(moved, (view.shape[1], view.shape[0]))
    own = _own_share(posed)
    warped, seen = _texture(source, source_points.mesh, posed, mesh, own)
    alpha = outline_opacity(target_points, corner, view.shape, _FEATHER)
    alpha = alpha * forehead_opacity(warped, view, target_points, corner) * seen
    alpha = alpha * _rim_opacity(warped, mesh, target_points, corner)
    if follows_mouth and ours < theirs - OPENING_DIFFERENCE:
        alpha = alpha * mouth_hole(target_points, corner, view.shape)
    light = _LightView(warped, view, alpha, moved, target_points, corner)
    matching = light.match(posed, own, options, exposure_difference(picture, source))
    gain = cv2.resize(matching.gain, view.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    ground = view.astype(np.float32)
    if surroundings is not None:
        ground = light.in_complexion(view, matching, surroundings)
    lit = np.multiply(warped, gain, dtype=np.float32)
    return PosedBlend(np.clip(lit, 0, 255, out=lit), alpha, ground)


def _own_share(posed: PosedFace) -> Floats:
    """For each point the share of its own texture, float32 [468]; the rest comes from the other side of the face."""
    own = smooth_step(-posed.own_normals[:, 2], *_SEEN)
    other = np.maximum(own[topology().mirror] - own, 0)  # only where the other side is seen better
    return np.asarray(np.where(own + other > 0, own / np.maximum(own + other, 1e-6), 1), np.float32)


def _texture(
    source: Pixels, points: NDArray[np.float64], posed: PosedFace, mesh: MeshView, own: Floats
) -> tuple[Pixels, Floats]:
    """The photo through the mesh, and how far it shows each pixel, 0..1; hidden parts come from the other side."""
    source, flat = _shrunk(source, points[:, :2], float(np.ptp(posed.points, axis=0)[:2].max()))
    warped = mesh.texture(source, flat)
    mirror = topology().mirror
    if bool((own < 1).any()):
        share = mesh.interpolate(own)[..., None]
        mirrored = _in_light_of(warped, mesh.texture(source, flat[mirror]), share[..., 0])
        warped = np.clip(share * warped + (1 - share) * mirrored + 0.5, 0, 255).astype(np.uint8)
    shown = smooth_step(-posed.own_normals[:, 2], *_SEEN)
    inner = smooth_step(topology().rings.astype(np.float32), *_RIM_RINGS)  # where only the nose's underside is steep
    seen = np.clip(mesh.interpolate(np.maximum(np.maximum(shown, shown[mirror]), inner)), 0, 1)
    covered = cv2.erode(mesh.covered.astype(np.float32), np.ones((3, 3), np.uint8))
    return warped, np.asarray(seen * covered, np.float32)


def _in_light_of(warped: Pixels, mirrored: Pixels, share: Floats) -> Floats:
    """``mirrored`` in the light of ``warped``, float32 [h, w, 3], near pixels that the photo shows by ``share`` [h, w].

    Otherwise the band of a nose's side that the photo hides has the light of the other side, which is seen as a line.
    """
    scale = min(1.0, _LIGHT_SIDE / max(share.shape))
    size = max(round(share.shape[1] * scale), 1), max(round(share.shape[0] * scale), 1)
    here, there, weight = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (warped, mirrored, share))
    ratio = (np.log(here.astype(np.float32) + _DARK) - np.log(there.astype(np.float32) + _DARK)) * weight[..., None]
    deviation = _MIRROR_LIGHT * max(size)
    known = cv2.GaussianBlur(weight, (0, 0), deviation)[..., None]
    gain = np.exp(cv2.GaussianBlur(ratio, (0, 0), deviation) / (known + _MIRROR_KNOWN))
    return np.asarray(mirrored * cv2.resize(gain, share.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _shrunk(source: Pixels, points: NDArray[np.float64], size: float) -> tuple[Pixels, NDArray[np.float64]]:
    """The photo and the points in it, downscaled by area averages where the face is over twice as large as needed."""
    scale = float(np.ptp(points, axis=0).max()) / max(size, 1e-6)
    if scale <= 2:
        return source, points
    small = (max(round(source.shape[1] / scale), 1), max(round(source.shape[0] / scale), 1))
    ratio = np.array([small[0] / source.shape[1], small[1] / source.shape[0]])
    return np.asarray(cv2.resize(source, small, interpolation=cv2.INTER_AREA)), (points + 0.5) * ratio - 0.5


def _rim_opacity(warped: Pixels, mesh: MeshView, target: FacePoints, corner: NDArray[np.float64]) -> Floats:
    """1 inside the face, near its outline 1 where the photo shows skin."""
    side = face_side(target)
    rim = mesh.interpolate(1 - smooth_step(topology().rings.astype(np.float32), *_RIM_RINGS))
    likeness = skin_likeness(warped, fill_polygon(target.skin - corner, warped.shape) > 0.5)
    hard = cv2.erode((likeness > 0.4).astype(np.float32), np.ones((3, 3), np.uint8))
    return np.asarray(1 - rim * (1 - cv2.GaussianBlur(hard, (0, 0), max(0.01 * side, 0.8))), np.float32)


class _LightView:
    """The window at the size at which light is measured."""

    def __init__(
        self, warped: Pixels, view: Pixels, alpha: Floats, moved: NDArray[np.float64], target: FacePoints,
        corner: NDArray[np.float64],
    ) -> None:  # fmt: skip
        height, width = view.shape[:2]
        scale = min(1.0, _LIGHT_SIDE / max(width, height))
        self._size = max(round(width * scale), 1), max(round(height * scale), 1)
        self._ratio = np.array([self._size[0] / width, self._size[1] / height])
        self._warped, self._view, opaque = (
            cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA) for picture in (warped, view, alpha)
        )
        points = np.concatenate([self._scaled(moved[:, :2]), moved[:, 2:]], axis=1)
        self._mesh = MeshView(points, self._size)
        self._outline = self._scaled(target.points[list(OUTLINE)] - corner)
        self._side = float(np.ptp(self._outline, axis=0).max())
        features = [self._scaled(part - corner) for part in target.features]
        features += [points[list(part), :2] for part in FEATURES]
        no_skin = np.any([self._fill(cv2.convexHull(part.astype(np.float32))[:, 0]) for part in features], axis=0)
        self._sample = self._fill(self._scaled(target.skin - corner)) & ~no_skin
        both = np.minimum(skin_likeness(self._warped, self._sample), skin_likeness(self._view, self._sample))
        self._skin = (opaque > 0.5) & ~no_skin & (both > 0.5)

    def match(self, posed: PosedFace, own: Floats, options: BlendOptions, exposure: float) -> Matching:
        """The gain from the photo's light into the template's."""
        own_normals = own[:, None] * posed.own_normals + (1 - own)[:, None] * posed.own_normals[topology().mirror]
        normals = self._normals(own_normals), self._normals(posed.normals)
        return match_light(
            self._warped,
            self._view,
            self._skin,
            normals,
            template_complexion=options.template_complexion,
            exposure=exposure,
        )

    def in_complexion(self, view: Pixels, matching: Matching, allowed: Mask) -> Floats:
        """``view`` with skin around the face blended towards the person's complexion where it is ``allowed``."""
        share = float(smooth_step(matching.difference, *_COMPLEXION_STEP))
        if share == 0:
            return view.astype(np.float32)
        inside = self._fill(self._outline)
        skin = ((skin_likeness(self._view, self._sample) > 0.5) | inside).astype(np.uint8)
        count, labels = cv2.connectedComponents(cv2.morphologyEx(skin, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
        touching = np.bincount(labels[inside], minlength=count) > 0
        touching[0] = False
        distance = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        weight = share * touching[labels] * (1 - smooth_step(distance / self._side, *_SURROUNDINGS))
        weight = cv2.GaussianBlur(weight.astype(np.float32), (0, 0), max(0.012 * self._side, 0.6))
        weight = cv2.resize(weight, view.shape[1::-1], interpolation=cv2.INTER_LINEAR) * allowed
        return np.asarray(np.clip(view * np.exp(weight[..., None] * np.log(matching.skin)), 0, 255), np.float32)

    def _normals(self, normals: NDArray[np.floating]) -> Floats:
        return np.stack([self._mesh.interpolate(normals[:, axis]) for axis in range(3)], axis=-1)

    def _scaled(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.asarray((points + 0.5) * self._ratio - 0.5)

    def _fill(self, polygon: NDArray[np.floating]) -> Mask:
        return np.asarray(fill_polygon(polygon, self._view.shape) > 0.5)
