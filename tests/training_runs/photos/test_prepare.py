"""Photos into squares, a table and a report; decisions that can be taken back."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from facechain_ext.errors import PhotoError
from facechain_ext.faces.types import Face, HeadMask
from facechain_ext.training_runs.photos.crop import cut_square, face_square, person_mask, with_background
from facechain_ext.training_runs.photos.decision import MASKS, PreparationOptions, decision_words, read_report
from facechain_ext.training_runs.photos.prepare import prepare_photos
from facechain_ext.training_runs.photos.things import prepare_thing
from facechain_ext.training_runs.pictures import read_table, write_table

COLOURS = {"me": (200, 60, 60), "other": (60, 60, 200)}
SIZE, BOX = 120, (50.0, 30.0, 80.0, 60.0)


def photo(path, who="me", shade=0):
    """A picture with a square of a person's colour where its face is."""
    pixels = np.full((SIZE, SIZE + 40, 3), (30, 120, 30), np.uint8)
    if who:
        pixels[30:60, 50:80] = np.clip(np.array(COLOURS[who]) - shade, 0, 255)
    Image.fromarray(pixels).save(path)
    return path


class Finder:
    """Finds the square."""

    name = "finder"

    def detect(self, pixels):
        if pixels[40, 60, 1] > 100:
            return []
        landmarks = np.array([(58, 40), (72, 40), (65, 46), (60, 53), (70, 53)], np.float32)
        return [Face(BOX, landmarks, 1.0)]

    def mask(self, pixels, face):
        mask = np.zeros(pixels.shape[:2], bool)
        mask[30:60, 50:80] = True
        return HeadMask(mask, mask)


class ByColour:
    name = "colour"
    same = 0.9

    def embed(self, pixels, face):
        return pixels[45, 65].astype(np.float32)

    def similarity(self, one, other):
        return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


@pytest.fixture
def prepare(tmp_path):
    def run(photos, **options):
        finder = Finder()
        return prepare_photos(
            photos, tmp_path / "out", "ohwx person", ByColour(), detector=finder, masker=finder,
            options=PreparationOptions(**options),
        )  # fmt: skip

    return run


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "twin").mkdir()
    (tmp_path / "broken.png").write_bytes(b"no picture")
    return [
        photo(tmp_path / "a.png"),
        photo(tmp_path / "twin" / "a.png", shade=20),  # a twin of the name
        photo(tmp_path / "b.png", shade=10),
        photo(tmp_path / "copy.png"),  # the same picture as the first
        photo(tmp_path / "friend.png", "other"),
        photo(tmp_path / "wall.png", ""),
        tmp_path / "broken.png",
    ]


def test_every_decision_is_told_and_can_be_taken_back(prepare, photos, tmp_path):
    decisions = prepare(photos)
    assert [decision.use for decision in decisions] == [True, True, True, False, False, False, False]
    assert [decision.file for decision in decisions[:3]] == ["a.png", "a-2.png", "b.png"]
    words = [decision_words(decision) for decision in decisions]
    for number, part in ((3, "same picture as a.png"), (4, "someone else"), (5, "no face"), (6, "not a picture")):
        assert part in words[number]
    rows = {row.file: row for row in read_table(tmp_path / "out")}
    assert rows["friend.png"].problem
    assert not rows["friend.png"].use
    assert rows["a.png"].caption == "ohwx person, head and shoulders, photo"
    assert all((tmp_path / "out" / file).is_file() for file in rows)  # left-out ones too
    write_table(
        tmp_path / "out",
        [replace(row, use=True, caption="mine") if file == "friend.png" else row for file, row in rows.items()],
    )
    assert prepare(photos) == decisions
    again = {row.file: row for row in read_table(tmp_path / "out")}
    assert (again["friend.png"].use, again["friend.png"].caption) == (True, "mine")
    prepare(photos, background="white")  # prepared anew: the user's word stays, what was automatic is decided again
    again = {row.file: row for row in read_table(tmp_path / "out")}
    assert (again["friend.png"].use, again["a.png"].use, again["wall.png"].use) == (True, True, False)


def test_the_square_is_wide_and_the_mask_fits_it(prepare, photos, tmp_path):
    prepare(photos)
    square = np.array(Image.open(tmp_path / "out" / "a.png"))
    mask = np.array(Image.open(tmp_path / "out" / MASKS / "a.png")) > 0
    assert square.shape[:2] == mask.shape == (90, 90)  # three faces of 30 pixels
    assert (square[mask][:, 0] == 200).all()
    assert not (square[~mask][:, 0] == 200).any()


def test_nobody_in_any_photo_is_an_error(prepare, tmp_path):
    with pytest.raises(PhotoError, match="No face was found in any of the photos"):
        prepare([photo(tmp_path / "wall.png", "")])
    assert read_report(tmp_path / "out") is None


@pytest.mark.parametrize("box", [(0, 0, 20, 20), (100, 100, 119, 119), (0, 0, 119, 119)])
def test_a_square_lies_in_the_picture(box):
    pixels = np.zeros((120, 160, 3), np.uint8)
    left, top, side = face_square(pixels, Face(tuple(map(float, box)), np.zeros((5, 2), np.float32), 1.0))
    assert 0 <= left <= left + side <= 160
    assert 0 <= top <= top + side <= 120
    assert cut_square(pixels, (left, top, side)).shape == (side, side, 3)


def test_the_person_is_separated_from_what_is_behind():
    pixels = np.full((128, 128, 3), (40, 160, 40), np.uint8)
    person = np.zeros((128, 128), np.uint8)
    cv2.ellipse(person, (64, 45), (20, 26), 0, 0, 360, 1, -1)
    head = person > 0
    person[70:, 34:94] = 1
    pixels[person > 0] = (190, 120, 90)
    found = person_mask(pixels, head)
    overlap = (found & (person > 0)).sum() / (found | (person > 0)).sum()
    assert overlap > 0.9
    white = with_background(pixels, found, "white")
    assert white[5, 5].tolist() == [255, 255, 255]
    assert white[45, 64].tolist() == [190, 120, 90]
    assert np.array_equal(with_background(pixels, found, "keep"), pixels)


def test_things_are_prepared_without_faces(photos, tmp_path):
    decisions = prepare_thing(photos, tmp_path / "bag", "ohwx bag")
    assert [decision.use for decision in decisions] == [True, True, True, False, True, True, False]
    assert {row.caption for row in read_table(tmp_path / "bag")} == {"ohwx bag, photo"}
    with pytest.raises(PhotoError, match="None of the photos"):
        prepare_thing([tmp_path / "broken.png"], tmp_path / "none", "x")


def test_a_thing_is_described_only_where_there_are_no_words_yet(tmp_path):
    seen = []

    def caption(pixels):
        seen.append(pixels)
        return "red"

    one, two = photo(tmp_path / "a.png"), photo(tmp_path / "b.png", shade=5)
    prepare_thing([one], tmp_path / "bag", "ohwx bag", caption=caption)
    prepare_thing([one, two], tmp_path / "bag", "ohwx bag", caption=caption)
    assert [row.caption for row in read_table(tmp_path / "bag")] == ["ohwx bag, red"] * 2
    assert len(seen) == 2


def test_no_two_photos_get_one_file(tmp_path):
    """The second "a" is called a-2, as another photo is."""
    photos = []
    for number, name in enumerate(["x/a.png", "y/a.png", "x/a-2.png", "y/A 2.png", "z/a.png"]):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        photos.append(photo(tmp_path / name, shade=number))
    decisions = prepare_thing(photos, tmp_path / "out", "thing")
    assert (
        len({decision.file for decision in decisions}) == len({path.name for path in tmp_path.glob("out/*.png")}) == 5
    )
