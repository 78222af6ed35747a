"""A picture is decoded and searched once, however often it is asked for, and what is kept is bounded and forgotten."""

from __future__ import annotations

import io
import logging

import numpy as np
import pytest
from PIL import Image

from facechain_ext.faces import availability, clear_detections, picture, read_picture, selection
from facechain_ext.faces.detect.cached import CachedDetector, content_digest
from facechain_ext.faces.types import Face


class Counting:
    """A detector that counts: one face as large as the picture's first pixel is red."""

    name = "counting"

    def __init__(self):
        self.calls = 0

    def detect(self, pixels):
        self.calls += 1
        side = float(pixels[0, 0, 0])
        return [Face((0.0, 0.0, side, side), np.zeros((5, 2), np.float32), 0.9)]


def jpeg(width, height, colour):
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture(autouse=True)
def _nothing_kept():
    clear_detections()
    yield
    clear_detections()


def test_twenty_detections_of_12_megapixels_cost_one_decode_and_one_detection(monkeypatch):
    decodes = []
    real = picture.decode_picture
    monkeypatch.setattr(picture, "decode_picture", lambda *arguments: decodes.append(arguments) or real(*arguments))
    counting = Counting()
    detector = CachedDetector(counting)
    file = jpeg(4000, 3000, (90, 60, 40))
    found = [detector.detect(read_picture(file).pixels) for _ in range(20)]
    assert (len(decodes), counting.calls) == (1, 1)
    assert all(faces[0] is found[0][0] for faces in found)


def test_equal_pixels_are_the_same_picture_and_others_are_not():
    counting = Counting()
    detector = CachedDetector(counting)
    grey = np.full((6, 4, 3), 90, np.uint8)
    assert detector.detect(grey)[0].width == 90
    assert detector.detect(grey.copy())[0].width == 90
    assert detector.detect(np.asfortranarray(grey))[0].width == 90
    assert detector.detect(np.concatenate([grey, grey])[::2])[0].width == 90  # a view of another array
    assert counting.calls == 1
    grey[0, 0, 0] = 91  # the same array, changed
    assert detector.detect(grey)[0].width == 91
    assert detector.detect(grey.reshape(4, 6, 3))[0].width == 91  # the same bytes, another size
    assert counting.calls == 3


def test_a_new_array_at_the_address_of_an_old_one_is_a_new_picture():
    seen = set()
    for number in range(200):
        pixels = np.full((50, 50, 3), number, np.uint8)
        pixels.flags.writeable = False
        seen.add(content_digest(pixels))
        del pixels
    assert len(seen) == 200


def test_what_is_given_out_cannot_be_spoilt():
    detector = CachedDetector(Counting())
    pixels = np.full((6, 4, 3), 90, np.uint8)
    detector.detect(pixels).clear()
    assert len(detector.detect(pixels)) == 1
    with pytest.raises(ValueError, match="read-only"):
        detector.detect(pixels)[0].landmarks[0] = 1


def test_the_least_used_go_first_and_all_go_when_asked():
    counting = Counting()
    detector = CachedDetector(counting)

    def look(number):
        detector.detect(np.full((2, 2, 3), (number % 256, number // 256, 0), np.uint8))

    for number in range(256):
        look(number)
    look(0)
    look(256)  # number 1 has to go
    assert counting.calls == 257
    look(0)
    assert counting.calls == 257
    look(1)
    assert counting.calls == 258
    clear_detections()
    look(0)
    assert counting.calls == 259


def test_the_table_is_in_the_log_once(caplog, monkeypatch):
    selection._log_availability.cache_clear()
    caplog.set_level(logging.INFO)
    for _ in range(2):
        with pytest.raises(Exception, match="choose auto"):
            selection.head_masker("nobody")
    said = [record.getMessage() for record in caplog.records if "what can work here" in record.getMessage()]
    assert len(said) == 1
    for row in availability():
        (line,) = [line for line in said[0].splitlines() if line.startswith(f"  {row.ability}: {row.name} (")]
        assert line.endswith("ready") if row.ready else line.endswith(f"not ready. {row.remedy}")
