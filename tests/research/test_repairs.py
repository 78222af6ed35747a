"""The measurement of repaired faces: small pictures are drawn, repaired and judged, and the page says what came out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from facechain_ext.identity import TransFace
from research import repairs
from research.person_lora.locator import Locator
from research.repairs import BEFORE, DENOISE, SMALL, WORLD, Found, Row, measure, page, resized


def test_a_row_has_a_face_in_each_square_at_its_place():
    locator = Locator()
    locator.head.weight.data.zero_()
    fractions = [0.3, 0.4, 0.7, 0.4, 0.5, 0.55, 0.35, 0.75, 0.65, 0.75]
    locator.head.bias.data.copy_(locator.head.bias.data.new_tensor(fractions))
    faces = Row(locator).detect(np.zeros((24, 72, 3), np.uint8))
    assert [round(float(face.landmarks[0, 0]), 3) for face in faces] == [7.2, 31.2, 55.2]
    for number, face in enumerate(faces):
        assert 24 * number <= face.centre[0] <= 24 * (number + 1)


def test_one_picture_is_drawn_repaired_and_judged(models, monkeypatch):
    class Judge:
        locator = Locator()

        def verdict(self, pixels, person, scenes):
            assert (pixels.shape, len(scenes)) == ((1, 96, 96, 3), 1)
            return SimpleNamespace(hits=np.array([person == 1]), cosines=np.array([person / 10]))

    monkeypatch.setattr(repairs, "STEPS", 1)
    kept = {}
    encoder = TransFace.from_file(models.encoder)
    found = measure(models, encoder, Judge(), 1, keep=lambda _number, ways: kept.update(ways))
    assert list(found) == list(kept) == [BEFORE, *DENOISE, WORLD]
    assert {picture.shape for picture in kept.values()} == {(SMALL, 3 * SMALL, 3)}
    assert all(one == Found((False, True, False), (0.0, 0.1, 0.2)) for one in found.values())
    for way in DENOISE:
        assert not np.array_equal(kept[way], kept[BEFORE])


def test_the_page_compares_with_what_was_asked():
    few, many = Found((True, False, False, False, False, False), (0.1,) * 6), Found((True,) * 6, (0.5,) * 6)
    text = page({BEFORE: few, **dict.fromkeys(DENOISE, many), WORLD: many}, "the command")
    assert "| 17% | 0.100 |" in text
    assert "(asked: 1.5): repaired (denoising 0.4, the default): 6.0 times" in text
    assert "2 pictures of 3 rendered people" in text
    none = Found((False,) * 6, (0.0,) * 6)
    assert "nobody was recognised before" in page({BEFORE: none, **dict.fromkeys(DENOISE, many)}, "x")


@pytest.mark.parametrize("side", [24, 96, 128])
def test_a_picture_of_one_colour_keeps_it_at_any_side(side):
    assert np.array_equal(resized(np.full((96, 96, 3), 77, np.uint8), side), np.full((side, side, 3), 77, np.uint8))
