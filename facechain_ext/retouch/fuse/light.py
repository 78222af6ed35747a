"""Light and complexion: what is the light's comes from the template, what is the person's from the photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Mask, Pixels

    Floats = NDArray[np.float32]

_GAMMA = 2.2
_LIGHT_SHARE = 0.5
"""Share of the difference in lightness between two skins that is the light's where nothing else tells.

Found by trying on 18 pairs of real people: with half of it all were recognised as the guest, with all of it 44 %.
"""
_COMPLEXION_RANGE = 0.05
"""Difference in a or b (Lab), over L + 16, up to which two skins differ by complexion: 4 in a well lit photo.

What goes beyond is the cast of the light.
"""
_MAX_LIGHTER = 14.0
"""Most that the new skin is lighter (L) than the template's: a bright face in a dark room looks pasted on."""
_BRIGHT = 95
"""Percentile of a picture's brightness by which two exposures are compared."""
_SHADING_SHARE = 0.2
"""Share of the template's shading that is taken: all of it costs more likeness (0.42 for 0.38) than it gives light."""
_MAX_SHADING = 0.4
"""Largest change by shading, as natural logarithm of linear light."""
_RIDGE = (0.0, 1e-3, 1e-3, 1e-3, 2e-2, 2e-2, 2e-2, 2e-2, 2e-2)
"""Penalties of the nine spherical harmonics: those of the second order also follow a beard or red cheeks."""
_MIN_PIXELS = 64


@dataclass(frozen=True, eq=False)
class Matching:
    """``gain`` float32 [h, w, 3] for the photo's sRGB values; ``skin`` [3], what the template's own skin is to get.

    ``difference`` is the distance in Lab between the new skin and the template's.
    """

    gain: Floats
    skin: Floats
    difference: float


def match_light(
    warped: Pixels,
    view: Pixels,
    skin: Mask,
    normals: tuple[Floats, Floats],
    *,
    template_complexion: bool,
    exposure: float,
) -> Matching:
    """The gain that brings ``warped`` into the light of ``view``, both uint8 [h, w, 3].

    ``skin`` bool [h, w] is where both show skin; ``normals`` float32 [h, w, 3] are those in the photo and in the
    template. ``exposure`` is the logarithm of how much brighter the template's picture is than the photo.
    """
    if int(skin.sum()) < _MIN_PIXELS:
        return Matching(np.ones((*warped.shape[:2], 3), np.float32), np.ones(3, np.float32), 0.0)
    shading = _shading(view, skin, normals[1]) - _shading(warped, skin, normals[0])
    shading = _SHADING_SHARE * (shading - np.median(shading[skin]))
    shading = _MAX_SHADING * np.tanh(shading / _MAX_SHADING)
    evened = np.exp(shading / _GAMMA)[..., None]
    own, theirs = _skin_colour(warped * evened, skin), _skin_colour(view, skin)
    wanted = theirs if template_complexion else _under_template_light(own, theirs, exposure)
    gain = _rgb(wanted) / np.maximum(_rgb(own), 1e-3)
    return Matching(
        np.asarray(np.clip(evened * gain, 0.25, 4), np.float32),
        np.asarray(np.clip(_rgb(wanted) / np.maximum(_rgb(theirs), 1e-3), 0.25, 4), np.float32),
        float(np.linalg.norm(wanted - theirs)),
    )


def exposure_difference(view: Pixels, photo: Pixels) -> float:
    """The logarithm of how much brighter one picture is than another, in linear light, by their bright parts."""
    bright = [np.percentile(picture[::8, ::8].max(-1), _BRIGHT) for picture in (view, photo)]
    return float(np.log(max(bright[0], 4) / max(bright[1], 4)) * _GAMMA)


def _under_template_light(own: Floats, theirs: Floats, exposure: float) -> Floats:
    """The colour in Lab [3] that the person's skin, ``own``, has where the template's skin is ``theirs``."""
    light = _LIGHT_SHARE
    full = float(np.log(max(theirs[0] + 16, 1) / max(own[0] + 16, 1)) * 3)  # L is nearly the cube root of light
    if abs(full) > 1e-3:
        light = float(np.clip(exposure / full, _LIGHT_SHARE, 1))
    lightness = min(own[0] + light * (theirs[0] - own[0]), theirs[0] + _MAX_LIGHTER)
    # a and b shrink with the light as L + 16 does, so casts are compared in proportion to that
    tint, their_tint = own[1:] / (own[0] + 16), theirs[1:] / (theirs[0] + 16)
    difference = their_tint - tint
    cast = np.sign(difference) * np.maximum(np.abs(difference) - _COMPLEXION_RANGE, 0)
    return np.array([lightness, *((tint + cast) * (lightness + 16))], np.float32)


def _shading(pixels: Pixels, skin: Mask, normals: Floats) -> Floats:
    """The logarithm of the light that falls on each pixel, by nine spherical harmonics of the normals on the skin."""
    light = (cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255 + 0.02) ** _GAMMA
    basis = _harmonics(normals)
    rows, values = basis[skin].astype(np.float64), np.log(light[skin]).astype(np.float64)
    weight = np.ones(len(values))
    found = np.zeros(rows.shape[1])
    for _ in range(3):  # reweighted: highlights and moles are no shading
        weighted = rows * weight[:, None]
        found = np.linalg.solve(
            weighted.T @ rows + np.diag(_RIDGE) * len(values) + 1e-6 * np.eye(9), weighted.T @ values
        )
        error = np.abs(values - rows @ found)
        weight = 1 / (1 + (error / 0.25) ** 2)
    return np.asarray(basis @ found, np.float32)


def _harmonics(normals: Floats) -> Floats:
    length = np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    x, y, z = np.moveaxis(normals / length, -1, 0)
    return np.stack([np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], axis=-1)


def _skin_colour(pixels: Pixels | Floats, skin: Mask) -> Floats:
    """The median colour in Lab [3] of the skin."""
    values = np.clip(pixels[skin], 0, 255).astype(np.float32)[None] / 255
    return np.asarray(np.median(cv2.cvtColor(values, cv2.COLOR_RGB2LAB)[0], axis=0), np.float32)


def _rgb(lab: Floats) -> Floats:
    """A colour in Lab as sRGB in 0..1, float32 [3]."""
    return np.asarray(cv2.cvtColor(lab.reshape(1, 1, 3).astype(np.float32), cv2.COLOR_LAB2RGB)[0, 0], np.float32)
