"""The square that is cut around a face, and what is behind the person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

if TYPE_CHECKING:
    from facechain_ext.faces.types import Face, Mask, Pixels

Background = Literal["keep", "white", "blur"]
WIDE = 3.0
"""Side of the square in sides of the face's box (EasyPhoto's preprocess.py cuts three)."""
_FACE_AT = 0.38
"""Height of the face's middle in the square: below the head there are shoulders."""
MAX_SIDE = 1024
"""Largest side in pixels of a square that is kept: SDXL learns at this size."""
_GRABCUT_SIDE = 256
"""Side in pixels at which the person is separated: GrabCut at 1024 takes seconds."""


def face_square(pixels: Pixels, face: Face, wide: float = WIDE) -> tuple[int, int, int]:
    """Left, top and side in pixels of the square around a face that lies in the picture, as wide as it allows."""
    height, width = pixels.shape[:2]
    side = round(min(wide * max(face.width, face.height), height, width))
    x, y = face.centre
    left = int(np.clip(round(x - side / 2), 0, width - side))
    top = int(np.clip(round(y - _FACE_AT * side), 0, height - side))
    return left, top, side


def cut_square(pixels: Pixels, square: tuple[int, int, int]) -> Pixels:
    """The square [s, s, 3] of a picture, made smaller where it is over 1024 pixels."""
    left, top, side = square
    part = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    if side <= MAX_SIDE:
        return part
    return np.asarray(cv2.resize(part, (MAX_SIDE, MAX_SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def cut_mask(mask: Mask, square: tuple[int, int, int], side: int) -> Mask:
    """The square of a mask at ``side`` pixels."""
    left, top, size = square
    part = mask[top : top + size, left : left + size].astype(np.uint8) * 255
    return np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA) >= 128)


def person_mask(pixels: Pixels, head: Mask) -> Mask:
    """The person in a square uint8 [s, s, 3], from the mask of the head on: GrabCut (Rother et al. 2004).

    What is under the head is the person as a rule, what touches the upper edge beside it is not.
    """
    side = len(pixels)
    small = cv2.resize(pixels, (_GRABCUT_SIDE, _GRABCUT_SIDE), interpolation=cv2.INTER_AREA)
    inner = cv2.resize(head.astype(np.uint8), (_GRABCUT_SIDE, _GRABCUT_SIDE), interpolation=cv2.INTER_AREA) > 0
    rows, columns = np.where(inner.any(1))[0], np.where(inner.any(0))[0]
    if not len(rows):
        return np.ones((side, side), bool)
    labels = np.full(inner.shape, cv2.GC_PR_BGD, np.uint8)
    left, right, bottom = columns[0], columns[-1] + 1, rows[-1] + 1
    half = (right - left) // 2
    labels[bottom:, max(left - half, 0) : right + half] = cv2.GC_PR_FGD
    labels[: rows[0]] = cv2.GC_BGD
    labels[:bottom, : max(left - half, 0)] = cv2.GC_BGD
    labels[:bottom, right + half :] = cv2.GC_BGD
    labels[inner] = cv2.GC_FGD
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)  # GrabCut clusters colours from random starts
    cv2.grabCut(np.ascontiguousarray(small[..., ::-1]), labels, None, *models, 3, cv2.GC_INIT_WITH_MASK)
    person = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8) * 255
    return np.asarray(cv2.resize(person, (side, side), interpolation=cv2.INTER_LINEAR) >= 128)


def with_background(pixels: Pixels, person: Mask, background: Background) -> Pixels:
    """The square with what is behind the ``person`` kept, white, or blurred; the edge is soft."""
    if background == "keep":
        return pixels
    side = len(pixels)
    behind = np.full_like(pixels, 255) if background == "white" else cv2.GaussianBlur(pixels, (0, 0), side / 25)
    soft = cv2.GaussianBlur(person.astype(np.float32), (0, 0), max(side / 256, 0.5))[..., None]
    return np.asarray(np.round(soft * pixels + (1 - soft) * behind), np.uint8)
