"""MediaPipe: the face from the mesh, the person from selfie segmentation, the head from both. CPU only."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from facechain_ext.errors import PhotoError
from facechain_ext.faces.crop import upright_crop
from facechain_ext.faces.mask.head import complete_head, hair_below
from facechain_ext.faces.mesh import CHEEKS, MOUTH_LEFT, MOUTH_RIGHT, OUTLINE, fit_mesh, run, solutions
from facechain_ext.faces.skin import skin_likeness
from facechain_ext.faces.types import HeadMask

if TYPE_CHECKING:
    from facechain_ext.faces.types import Face, Mask, Pixels

_CROP = 384
"""Side in pixels of the upright square in which the person is found; the network sees 256."""
_CROP_SIDE = 4.0
"""Side of that square in heights of the face: head and shoulders, which is what the network knows best."""
_PERSON = 0.5
"""Segmentation above this is the person."""
_HEAD_ABOVE, _HEAD_BESIDE = 2.1, 1.85
"""How far the head may reach beyond the face, in half heights and half widths of it: room for hair."""


class MediapipeMasker:
    """Head masks without a parsing network: hair is what belongs to the person around the face, and what hangs from it.

    Raises ImportError when made where mediapipe is not installed.
    """

    name = "mediapipe"

    def __init__(self) -> None:
        solutions()

    def mask(self, pixels: Pixels, face: Face) -> HeadMask:
        """The masks of the head that ``face`` belongs to, at the size of the picture.

        Raises:
            PhotoError: the face is no longer seen when looked at closely.
        """
        centre = ((face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2)
        size = max(face.width, face.height)
        mesh = fit_mesh(pixels, centre, size, face.roll)
        if mesh is None:
            raise PhotoError("The face cannot be made out; use a photo in which it is larger, sharper or less covered.")
        crop, warp = upright_crop(pixels, centre, _CROP_SIDE * size, face.roll, _CROP)
        person = _person(crop)
        back = cv2.invertAffineTransform(warp)
        outline = mesh[list(OUTLINE), :2] @ back[:, :2].T + back[:, 2]
        inside = _filled(outline)
        around = _head_room(outline)
        height, width = pixels.shape[:2]

        def to_picture(part: Mask) -> Mask:
            whole = cv2.warpAffine(part.astype(np.float32), warp, (width, height), flags=cv2.INTER_LINEAR)
            return np.asarray(whole > 0.5)

        face_mask = to_picture(inside)
        hair = person & around & ~_neck(crop, outline, mesh, back)
        long = hair_below(crop, person, hair, outline)
        hair = to_picture(hair | long | inside)
        return HeadMask(face_mask, complete_head(face_mask, hair, to_picture(person | inside)))


@functools.cache
def _network() -> Any:
    return solutions().selfie_segmentation.SelfieSegmentation(model_selection=0)


def _person(crop: Pixels) -> Mask:
    """Which pixels of an upright crop belong to a person."""
    return np.asarray(run(_network(), crop).segmentation_mask > _PERSON)


def _filled(outline: Any) -> Mask:
    canvas = np.zeros((_CROP, _CROP), np.uint8)
    cv2.fillPoly(canvas, [np.round(outline).astype(np.int32)], 1)
    return canvas.astype(np.bool_)


def _neck(crop: Pixels, outline: Any, mesh: Any, back: Any) -> Mask:
    """Skin beside and below the jaw in the upright crop, which is neither face nor hair."""
    cheeks = _filled(mesh[list(CHEEKS), :2] @ back[:, :2].T + back[:, 2])
    mouth = (mesh[MOUTH_LEFT, :2] + mesh[MOUTH_RIGHT, :2]) / 2 @ back[:, :2].T + back[:, 2]
    below = np.mgrid[:_CROP, :_CROP][0] > mouth[1]
    neck = (skin_likeness(crop, cheeks) > 0.5) & below & ~_filled(outline)
    return np.asarray(cv2.morphologyEx(neck.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0)


def _head_room(outline: Any) -> Mask:
    """Where hair may be in the upright crop: an ellipse around the face, cut off at the chin."""
    (left, top), (right, bottom) = outline.min(0), outline.max(0)
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    reach = np.array([(right - left) / 2 * _HEAD_BESIDE, (bottom - top) / 2 * _HEAD_ABOVE])
    y, x = np.mgrid[:_CROP, :_CROP]
    ellipse = ((x - middle[0]) / reach[0]) ** 2 + ((y - middle[1]) / reach[1]) ** 2 <= 1
    return np.asarray(ellipse & (y <= bottom))
