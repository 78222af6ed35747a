"""The painter of the styles' pictures: the same words give the same picture, and the files are what it paints."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from facechain_ext.styles import catalogue
from facechain_ext.styles.catalogue import PICTURES
from research.style_pictures import air, city, land, media, paint, rooms, stages
from research.style_pictures.painter import SIDE, layers


@pytest.mark.parametrize("key", ["lunar-new-year", "headshot"])
def test_shipped_pictures_equal_the_painters(key):
    painted = paint(catalogue()[key])
    assert painted.size == (SIDE, SIDE)
    assert painted.tobytes() == paint(catalogue()[key]).tobytes()
    with Image.open(PICTURES / f"{key}.webp") as opened:
        kept = np.asarray(opened.convert("RGB"), np.float32)
    assert np.abs(np.asarray(painted, np.float32) - kept).mean() < 6  # what WebP loses


@pytest.mark.parametrize(
    ("key", "part", "drawn"),
    [
        ("lunar-new-year", "motifs", stages.lanterns),
        ("dunes", "motifs", land.dunes),
        ("librarian", "motifs", rooms.books),
        ("rooftop-dusk", "motifs", city.skyline),
        ("northern-lights", "sky", air.aurora),
        ("first-snow", "air", air.snow),
        ("tintype", "medium", media.sepia),
        ("headshot", "motifs", rooms.studio),
    ],
)
def test_words_of_a_style_choose_its_motifs(key, part, drawn):
    assert drawn in layers(catalogue()[key])[part]
