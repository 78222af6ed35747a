"""A garment put on a person's own photo: its colour and cut by the host's IP-Adapter, inside the clothes alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext.errors import Cancelled, HostError
from facechain_ext.recipes.garment.marking import check_mark
from facechain_ext.recipes.garment.recipe import GarmentResult, inpaint_job
from facechain_ext.recipes.garment.settings import GarmentSettings, check_garment_settings
from facechain_ext.recipes.job import Control, Inpaint
from facechain_ext.recipes.portrait_settings import PREFIX
from facechain_ext.recipes.shared_progress import SharedProgress
from facechain_ext.recipes.template.crop import fit_size, resized

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.faces.types import Mask, Pixels
    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.template.image import TemplateImage

WORN_LABEL = f"{PREFIX} garment worn"
_SURROUNDINGS = 1.2
"""Side of the painted part in sides of the clothes: EasyPhoto's crop of a try-on."""
_FEATHER = 3.0
"""Width of the feather inside the clothes, in painted pixels."""


def wear_garment(
    photo: TemplateImage,
    clothes: Mask,
    garment: TemplateImage,
    settings: GarmentSettings | None = None,
    *,
    host: Host,
    progress: Callable[[int, int], bool] | None = None,
) -> GarmentResult:
    """Paint ``garment`` over the ``clothes`` (bool [h, w]) of a person's ``photo``; outside them not a bit changes.

    The IP-Adapter takes colour and cut off the garment's picture, not prints and letters; pose and depth are those of
    the photo. Raises HostError where the host has no IP-Adapter, InputError for a mark of nothing or everything and
    for settings out of range, Cancelled when it was stopped before it was finished.
    """
    settings = settings or GarmentSettings()
    check_garment_settings(settings)
    check_mark(clothes)
    if "ip_adapter" not in settings.controls:
        raise HostError(
            "A garment is put on by ControlNet's IP-Adapter, which is not here. Put an IP-Adapter model for Stable "
            "Diffusion 1.5 into models/ControlNet, or keep the garment's own photo instead."
        )
    rows, columns = _part(clothes)
    before, inside = photo.pixels[rows, columns], clothes[rows, columns]
    height, width = before.shape[:2]
    size = fit_size(width, height, settings.sides)
    start = resized(before, size)
    small = np.asarray(resized(inside * np.uint8(255), size)) >= 128
    steering = (("openpose", settings.pose_weight), ("depth", settings.depth_weight))
    units = [Control("ip_adapter", Image.fromarray(garment.pixels), settings.garment_weight)]
    units += [Control(kind, start, weight) for kind, weight in steering if weight and kind in settings.controls]
    inpaint = Inpaint(start, settings.wear_denoise, Image.fromarray(small * np.uint8(255)))
    job = inpaint_job(photo, settings, size, inpaint, units)
    worn = {WORN_LABEL: f"{garment.name} ({garment.digest[:16]})"}
    job = replace(job, remarks={**job.remarks, **worn})
    shared = SharedProgress([settings.steps], progress)
    made = host.generate(job, progress=shared.part(0))
    if not made:
        raise Cancelled("It was stopped before anything was painted; nothing is kept.")
    shared.finish()
    pixels = np.array(photo.pixels)
    painted = np.asarray(resized(np.asarray(made[0].picture.convert("RGB")), (width, height)))
    pixels[rows, columns] = _inside(before, painted, inside, _FEATHER * max(width / size[0], 1.0))
    return GarmentResult(pixels, made[0].infotext, made[0].seed, (*photo.notes, *made[0].notes))


def _part(mask: Mask) -> tuple[slice, slice]:
    """The rows and columns of a mask with what is around it."""
    parts = []
    for axis, length in ((1, mask.shape[0]), (0, mask.shape[1])):
        places = np.nonzero(mask.any(axis))[0]
        grown = (places[-1] + 1 - places[0]) * (_SURROUNDINGS - 1) / 2
        parts.append(slice(max(int(places[0] - grown), 0), min(int(np.ceil(places[-1] + 1 + grown)), length)))
    return parts[0], parts[1]


def _inside(before: Pixels, painted: Pixels, mask: Mask, feather: float) -> Pixels:
    """``painted`` over ``before`` inside a mask, feathered to its inside."""
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    share = np.clip(depth / max(feather, 1.0), 0, 1)[..., None]
    mixed = np.clip(share * painted + (1 - share) * before + 0.5, 0, 255).astype(np.uint8)
    return np.where(mask[..., None], mixed, before)
