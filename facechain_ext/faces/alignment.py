"""Alignment of a face by the similarity warp that recognition networks are trained with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.errors import PhotoError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Mask, Pixels, Points

ARCFACE_POINTS: Points = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)],
    dtype=np.float32,
)
"""Eyes, nose tip and corners of the mouth in a 112x112 picture (ArcFace, arXiv 1801.07698; also FACT's)."""
ARCFACE_SIZE = 112


def similarity_transform(source: Points, target: Points) -> NDArray[np.float64]:
    """The rotation, scale and translation, float64 [2, 3], that maps ``source`` [n, 2] closest to ``target`` [n, 2].

    Least squares in closed form, without mirroring: Umeyama 1991, in two dimensions, where points are complex numbers.

    Raises:
        PhotoError: the source points coincide.
    """
    a = source.astype(np.float64) @ (1, 1j)
    b = target.astype(np.float64) @ (1, 1j)
    centred = a - a.mean()
    variance = float(np.vdot(centred, centred).real)
    if variance < 1e-9 or not np.isfinite(variance):
        raise PhotoError("The landmarks of the face coincide; use a photo in which the face is seen more clearly.")
    rotation_scale = np.vdot(centred, b - b.mean()) / variance  # one complex factor
    shift = b.mean() - rotation_scale * a.mean()
    return np.array(
        [
            [rotation_scale.real, -rotation_scale.imag, shift.real],
            [rotation_scale.imag, rotation_scale.real, shift.imag],
        ]
    )


def align(
    pixels: Pixels, landmarks: Points, *, mask: Mask | None = None, size: int = ARCFACE_SIZE, antialias: bool = True
) -> Pixels:
    """The face of ``landmarks`` [5, 2], warped upright to uint8 [size, size, 3], black beyond the picture.

    ``mask`` (bool [height, width]) blackens everything outside it first. ``antialias`` shrinks faces that are over
    twice the target size by area averages before the bilinear warp; without it a large photo is sampled at single
    pixels, as the published code does.

    Raises:
        PhotoError: the landmarks coincide.
    """
    warp = similarity_transform(landmarks, ARCFACE_POINTS * (size / ARCFACE_SIZE))
    # Only the part that the warp samples is processed: a 12-megapixel photo costs no more than a small one.
    inverse = cv2.invertAffineTransform(warp)
    corners = np.array([(0, 0), (size, 0), (0, size), (size, size)]) @ inverse[:, :2].T + inverse[:, 2]
    height, width = pixels.shape[:2]
    left, top = np.clip(np.floor(corners.min(0)).astype(int) - 2, 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(corners.max(0)).astype(int) + 3, (left + 1, top + 1), (width, height))
    crop = pixels[top:bottom, left:right]
    if mask is not None:
        crop = crop * mask[top:bottom, left:right, None]
    warp[:, 2] += warp[:, :2] @ (left, top)
    scale = float(np.hypot(warp[0, 0], warp[1, 0]))
    if antialias and scale < 0.5:
        shrunk = (max(round((right - left) * 2 * scale), 1), max(round((bottom - top) * 2 * scale), 1))
        ratio = np.array([shrunk[0] / (right - left), shrunk[1] / (bottom - top)])
        crop = cv2.resize(crop, shrunk, interpolation=cv2.INTER_AREA)
        # pixel centres sit at half-integers: x_small + 0.5 = (x + 0.5) * ratio
        warp[:, 2] += warp[:, :2] @ (0.5 / ratio - 0.5)
        warp[:, :2] /= ratio
    aligned: Pixels = cv2.warpAffine(np.ascontiguousarray(crop), warp, (size, size), flags=cv2.INTER_LINEAR)
    return aligned
