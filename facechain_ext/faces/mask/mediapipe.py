"""MediaPipe's head mask: the face from the mesh, the person from selfie segmentation; CPU only."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from facechain_ext.errors import PhotoError
from facechain_ext.faces.crop import upright_crop
from facechain_ext.faces.mask.head import complete_head, segment_long_hair
from facechain_ext.faces.mediapipe_graph import load_solutions, run_graph
from facechain_ext.faces.mesh import CHEEKS, MOUTH_LEFT, MOUTH_RIGHT, OUTLINE, mesh_of
from facechain_ext.faces.skin import skin_likeness
from facechain_ext.faces.types import HeadMask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.mediapipe_graph import Graph
    from facechain_ext.faces.types import Face, Mask, Pixels, Points

_CROP = 384
"""Side in pixels of the upright square in which the person is found; the network sees 256."""
_CROP_SIDE = 4.0
"""Side of that square in heights of the face: head and shoulders, as in the pictures the network was trained on."""
_MIN_PERSON = 0.5
"""Least probability of a pixel that belongs to the person."""
_HAIR_HEIGHT, _HAIR_WIDTH = 2.1, 1.85
"""Half axes of the ellipse in which hair may lie, in half heights and half widths of the face."""


class _SegmentationOutput(Protocol):
    segmentation_mask: NDArray[np.float32]


class MediapipeMasker:
    """Head masks without a parsing network: hair is the person around the face, and what continues it below.

    The constructor raises ImportError where mediapipe is not installed.
    """

    name = "mediapipe"

    def __init__(self) -> None:
        load_solutions()

    def mask(self, pixels: Pixels, face: Face) -> HeadMask:
        """The masks of the head that ``face`` belongs to, at the size of the picture.

        Raises:
            PhotoError: the mesh finds no face there.
        """
        mesh = mesh_of(pixels, face)
        if mesh is None:
            raise PhotoError("The face cannot be made out; use a photo in which it is larger, sharper or less covered.")
        crop, warp = upright_crop(pixels, face.centre, _CROP_SIDE * max(face.width, face.height), face.roll, _CROP)
        person = _person(crop)
        back = cv2.invertAffineTransform(warp)
        outline = mesh[list(OUTLINE), :2] @ back[:, :2].T + back[:, 2]
        face_region = _fill_polygon(outline)
        hair_region = _hair_region(outline)
        height, width = pixels.shape[:2]

        def to_picture(mask: Mask) -> Mask:
            warped = cv2.warpAffine(mask.astype(np.float32), warp, (width, height), flags=cv2.INTER_LINEAR)
            return np.asarray(warped > 0.5)

        face_mask = to_picture(face_region)
        hair = person & hair_region & ~_neck(crop, outline, mesh, back)
        long_hair = segment_long_hair(crop, person, hair, outline)
        hair = to_picture(hair | long_hair | face_region)
        return HeadMask(face_mask, complete_head(face_mask, hair, to_picture(person | face_region)))


@functools.cache
def _network() -> Graph[_SegmentationOutput]:
    network: Graph[_SegmentationOutput] = load_solutions().selfie_segmentation.SelfieSegmentation(model_selection=0)
    return network


def _person(crop: Pixels) -> Mask:
    """Which pixels of an upright crop belong to a person."""
    return np.asarray(run_graph(_network(), crop).segmentation_mask > _MIN_PERSON)


def _fill_polygon(polygon: Points | NDArray[np.float64]) -> Mask:
    canvas = np.zeros((_CROP, _CROP), np.uint8)
    cv2.fillPoly(canvas, [np.round(polygon).astype(np.int32)], 1)
    return canvas.astype(np.bool_)


def _neck(crop: Pixels, outline: Points, mesh: NDArray[np.float32], back: NDArray[np.float64]) -> Mask:
    """Skin beside and below the jaw in the upright crop, which is neither face nor hair."""
    cheeks = _fill_polygon(mesh[list(CHEEKS), :2] @ back[:, :2].T + back[:, 2])
    mouth = (mesh[MOUTH_LEFT, :2] + mesh[MOUTH_RIGHT, :2]) / 2 @ back[:, :2].T + back[:, 2]
    below = np.mgrid[:_CROP, :_CROP][0] > mouth[1]
    neck = (skin_likeness(crop, cheeks) > 0.5) & below & ~_fill_polygon(outline)
    return np.asarray(cv2.morphologyEx(neck.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0)


def _hair_region(outline: Points) -> Mask:
    """Where hair may be in the upright crop: an ellipse around the face, cut off at the chin."""
    (left, top), (right, bottom) = outline.min(0), outline.max(0)
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    reach = np.array([(right - left) / 2 * _HAIR_WIDTH, (bottom - top) / 2 * _HAIR_HEIGHT])
    y, x = np.mgrid[:_CROP, :_CROP]
    ellipse = ((x - middle[0]) / reach[0]) ** 2 + ((y - middle[1]) / reach[1]) ** 2 <= 1
    return np.asarray(ellipse & (y <= bottom))
