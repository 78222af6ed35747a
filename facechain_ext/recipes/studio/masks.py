"""The masks of the studio's stages, on a painted crop: published in pixels of a crop 512 pixels wide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext.faces.mesh import LEFT_EYE, RIGHT_EYE
from facechain_ext.recipes.template.crop import dilate, square
from facechain_ext.retouch.fuse.points import face_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Mask, Pixels
    from facechain_ext.recipes.template.faces import TemplateFace

_PUBLISHED_SIDE = 512
_FUSION_GROWTH, _FUSION_EROSION, _EYES_GROWTH, _FUSION_BLUR = 8, 16, 16, 8
"""Kernels in pixels: the fused skin grown, eroded; the eyes grown; the blur."""
_RIM_GROWTH, _RIM_EROSION = 32, 16
SKIN_BLUR = 32
"""Width in pixels of the blur with which a colour shift is pasted."""
_SEAM_GROWTH, _SEAM_EROSION = 64, 32
_GROWTH = 0.1
"""What may change beyond the face's own mask, in sides of the face: the kernel of the published input mask."""


@dataclass(frozen=True, eq=False)
class CropFace:
    """A template's face in the crop that is painted: ``target`` in the crop's coordinates, its eyes and its lips."""

    target: TemplateFace
    eyes: Mask
    lips: Mask

    @property
    def skin(self) -> Mask:
        """The face's own pixels."""
        return self.target.mask

    def scaled(self, pixels: float) -> int:
        """A published number of pixels at this crop's side, at least 1."""
        return max(round(pixels * len(self.skin) / _PUBLISHED_SIDE), 1)


def crop_square(target: TemplateFace, share: float) -> tuple[int, int, int]:
    """Left, top and side of the crop in which the face has ``share`` of the side."""
    side = int(np.ceil(max(target.face.width, target.face.height) / share))
    x, y = target.face.centre
    return round(x - side / 2), round(y - side / 2), side


def crop_face(pixels: Pixels, target: TemplateFace, place: tuple[int, int, int], size: int) -> tuple[Pixels, CropFace]:
    """The crop at ``place`` painted ``size`` pixels wide, and the face in it."""
    left, top, side = place
    scale = size / side
    crop = np.asarray(Image.fromarray(square(pixels, *place)).resize((size, size), Image.Resampling.LANCZOS))
    x0, y0, x1, y1 = target.face.box
    box = ((x0 - left) * scale, (y0 - top) * scale, (x1 - left) * scale, (y1 - top) * scale)
    marks = ((target.face.landmarks - np.array([left, top])) * scale).astype(np.float32)
    inside = replace(
        target, face=replace(target.face, box=box, landmarks=marks), mask=crop_mask(target.mask, place, size),
        covered=crop_mask(target.covered, place, size),
    )  # fmt: skip
    eyes, lips = _features(crop, inside)
    return crop, CropFace(inside, eyes & inside.mask, lips & inside.mask)


def crop_mask(mask: Mask, place: tuple[int, int, int], size: int) -> Mask:
    """A mask bool [h, w] of the picture in a crop ``size`` pixels wide."""
    small = cv2.resize(square(mask[..., None] * np.uint8(255), *place), (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(small >= 128)


def changeable(target: TemplateFace) -> Mask:
    """What of a template may change around a face, without what lies before it."""
    return dilate(target.mask, _GROWTH * max(target.face.width, target.face.height)) & ~target.covered


def input_mask(face: CropFace) -> Mask:
    """The skin closed and grown by a tenth of the face's width, which the first diffusion paints."""
    kernel = np.ones((max(round(face.target.face.width / 10), 1),) * 2, np.uint8)
    closed = cv2.morphologyEx(face.skin.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    return np.asarray(cv2.dilate(closed, kernel) > 0)


def fusion_share(face: CropFace, ratio: float) -> NDArray[np.float32]:
    """How much of a photo's face is taken, [h, w] in 0..1: ``ratio`` of the skin, all of the eyes, none of the lips."""
    grown = cv2.dilate(face.skin.astype(np.uint8), _kernel(face, _FUSION_GROWTH))
    inner = cv2.erode(grown, _kernel(face, _FUSION_EROSION)).astype(np.float32) * ratio
    inner[cv2.dilate(face.eyes.astype(np.uint8), _kernel(face, _EYES_GROWTH)) > 0] = 1.0
    inner[face.lips] = 0.0
    width = face.scaled(_FUSION_BLUR)
    return np.asarray(cv2.blur(inner, (width, width)), np.float32)


def second_mask(face: CropFace, parts: tuple[str, ...]) -> Mask:
    """What the second diffusion paints: the rim of the face, its eyes, its lips."""
    found = np.zeros_like(face.skin)
    if "rim" in parts:
        skin = face.skin.astype(np.uint8)
        found |= (cv2.dilate(skin, _kernel(face, _RIM_GROWTH)) > 0) & ~(
            cv2.erode(skin, _kernel(face, _RIM_EROSION)) > 0
        )
    found |= face.eyes if "eyes" in parts else False
    found |= face.lips if "lips" in parts else False
    return found


def seam_mask(people: Mask, side: int) -> Mask:
    """The ring around what was painted, in a picture whose painted ``side`` has the published number of pixels."""
    scale = side / _PUBLISHED_SIDE
    grown, eroded = (np.ones((max(round(size * scale), 1),) * 2, np.uint8) for size in (_SEAM_GROWTH, _SEAM_EROSION))
    mask = people.astype(np.uint8)
    return np.asarray((cv2.dilate(mask, grown) > 0) & ~(cv2.erode(mask, eroded) > 0))


def _kernel(face: CropFace, pixels: int) -> NDArray[np.uint8]:
    return np.ones((face.scaled(pixels),) * 2, np.uint8)


def _features(crop: Pixels, target: TemplateFace) -> tuple[Mask, Mask]:
    """Eyes and lips of a face."""
    points = face_points(crop, target.face)
    left, right, lips = points.features[:3]
    if points.mesh is not None:  # without the brows that a feature holds
        left, right = points.points[list(LEFT_EYE)], points.points[list(RIGHT_EYE)]
    shape = crop.shape[:2]
    return _filled(shape, left) | _filled(shape, right), _filled(shape, lips)


def _filled(shape: tuple[int, ...], polygon: NDArray[np.floating]) -> Mask:
    canvas = np.zeros(shape[:2], np.uint8)
    hull = cv2.convexHull(polygon.astype(np.float32))[:, 0]
    cv2.fillPoly(canvas, [np.round(hull).astype(np.int32)], 1)
    return canvas > 0
