"""The pictures that steer ControlNets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from PIL import Image

from facechain_ext.errors import HostError
from facechain_ext.hosts.diffusers.face_points import draw_face_pose

if TYPE_CHECKING:
    from torch import Tensor

    from facechain_ext.recipes.job import Control

CANNY = (100, 200)
"""Thresholds of the published template recipe."""


def control_picture(unit: Control) -> Image.Image:
    """The skeleton or edges of a unit's picture; the picture itself when it is prepared already.

    Raises PhotoError when a pose is wanted and nobody is found, HostError for a kind that cannot be prepared here.
    """
    picture = unit.picture.convert("RGB")
    if unit.prepared:
        return picture
    if unit.kind == "canny":
        edges = cv2.Canny(np.asarray(picture), *CANNY)
        return Image.fromarray(edges).convert("RGB")
    if unit.kind == "tile":  # its ControlNet restores detail of the picture itself
        return picture
    if unit.kind == "openpose":
        from facechain_ext.hosts.diffusers.pose import draw_skeleton

        return Image.fromarray(draw_skeleton(np.asarray(picture)))
    if unit.kind == "openpose_face":
        return Image.fromarray(draw_face_pose(np.asarray(picture)))
    raise HostError(f"A picture for {unit.kind} cannot be prepared here; give one that is prepared already.")


def prepare_control(unit: Control, width: int, height: int) -> Tensor:
    """The unit's picture as a ControlNet wants it: float [1, 3, height, width] in 0..1, fitted in, black beside it."""
    picture = control_picture(unit)
    scale = min(width / picture.width, height / picture.height)
    size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
    canvas = Image.new("RGB", (width, height))
    canvas.paste(picture.resize(size, Image.Resampling.LANCZOS), ((width - size[0]) // 2, (height - size[1]) // 2))
    pixels = torch.from_numpy(np.array(canvas, np.float32) / 255.0)
    return pixels.permute(2, 0, 1)[None].contiguous()
