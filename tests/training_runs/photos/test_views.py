"""Views of a photo that is the only one: what each shows, that it is told, taken back, and gone with a second photo."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from facechain_ext.training_runs.photos.decision import MASKS, PreparationOptions, decision_words, read_report
from facechain_ext.training_runs.photos.drawn_views import DrawnView, drawn_views
from facechain_ext.training_runs.photos.prepare import prepare_photos
from facechain_ext.training_runs.photos.views import photo_views, view_caption
from facechain_ext.training_runs.pictures import read_table, write_table
from tests.training_runs.photos.test_prepare import ByColour, Finder, photo

NAMES = ["mirrored", "closer", "tilted", "darker", "brighter", "warmer", "lit from a side"]


def prepared(photos, out, **more):
    finder = Finder()
    return prepare_photos(photos, out, "ohwx person", ByColour(), detector=finder, masker=finder, **more)


def test_every_view_is_another_picture_of_the_same_size_with_its_mask():
    rng = np.random.default_rng(0)
    pixels = rng.integers(60, 190, (64, 64, 3), np.uint8)
    mask = np.zeros((64, 64), bool)
    mask[20:40, 10:30] = True
    views = {view.name: view for view in photo_views(pixels, mask)}
    assert list(views) == NAMES
    assert all(view.pixels.shape == pixels.shape and view.mask.shape == mask.shape for view in views.values())
    assert np.array_equal(views["mirrored"].pixels[:, ::-1], pixels)
    assert np.array_equal(views["mirrored"].mask[:, ::-1], mask)
    assert views["closer"].mask.sum() > 1.3 * mask.sum()
    assert views["darker"].pixels.mean() < pixels.mean() - 10 < views["brighter"].pixels.mean() - 20
    warmer = views["warmer"].pixels.mean((0, 1)) - pixels.mean((0, 1))
    assert warmer[0] > 5 > -5 > warmer[2]
    assert abs(int(views["tilted"].mask.sum()) - int(mask.sum())) < 0.1 * mask.sum()


@pytest.mark.parametrize(
    ("name", "caption", "wanted"),
    [
        ("mirrored", "ohwx person, looking to the left, photo", "ohwx person, looking to the right, photo"),
        ("mirrored", "ohwx person, photo", "ohwx person, photo"),
        ("darker", "ohwx person, looking to the left", "ohwx person, looking to the left"),
    ],
)
def test_a_mirrored_person_looks_to_the_other_side(name, caption, wanted):
    assert view_caption(name, caption) == wanted


def test_a_single_photo_gets_views_that_are_told_and_can_be_taken_back(tmp_path):
    only, out = photo(tmp_path / "a.png"), tmp_path / "out"
    decisions = prepared([only], out)
    assert [one.view for one in decisions] == ["", *NAMES]
    assert "a view made of this photo: closer" in decision_words(decisions[2])
    rows = read_table(out)
    assert [row.use for row in rows] == [True] * 8
    assert all((out / MASKS / row.file).is_file() for row in rows)
    write_table(out, [replace(row, use=row.file != decisions[2].file) for row in rows])
    assert prepared([only], out) == decisions  # nothing is done again
    again = prepared([only], out, options=PreparationOptions(background="white"))
    assert [row.file for row in read_table(out) if not row.use] == [again[2].file]


def pictures_and_masks(out):
    return [sorted(path.name for path in folder.glob("*.png")) for folder in (out, out / MASKS)]


def test_views_and_their_masks_are_gone_without_the_option(tmp_path):
    only, out = photo(tmp_path / "a.png"), tmp_path / "out"
    assert len(prepared([only], out)) == 8
    decisions = prepared([only], out, options=PreparationOptions(views=False))
    assert [(one.file, one.view) for one in decisions] == [("a.png", "")]
    assert pictures_and_masks(out) == [["a.png"]] * 2


def test_views_and_their_masks_are_gone_with_a_second_photo(tmp_path):
    only, out = photo(tmp_path / "a.png"), tmp_path / "out"
    assert len(prepared([only], out)) == 8
    decisions = prepared([only, photo(tmp_path / "b.png", shade=5)], out)
    assert [(one.file, one.view) for one in decisions] == [("a.png", ""), ("b.png", "")]
    assert pictures_and_masks(out) == [["a.png", "b.png"]] * 2


def test_what_fact_draws_is_used_where_it_is_like_the_person(tmp_path):
    def draw(pixels):
        other = pixels.copy()
        other[30:60, 50:80] = (60, 60, 200)
        wall = np.full_like(pixels, 120)
        wall[40, 60, 1] = 255  # where the finder looks
        return [
            DrawnView("smiling", "smiling, photo", pixels[:120, :120]), DrawnView("street", "street", other),
            DrawnView("wall", "wall", wall),
        ]  # fmt: skip

    out = tmp_path / "out"
    options = PreparationOptions(views=False, drawn=True)
    decisions = prepared([photo(tmp_path / "a.png")], out, draw=draw, options=options)
    uses = {one.view: one.use for one in decisions}
    assert uses == {"": True, "fact smiling": True, "fact street": False, "fact wall": False}
    assert "FACT drew someone else" in decisions[2].reason
    assert decisions[3].reason == "no face was found in what FACT drew"
    assert [row.caption for row in read_table(out)][1:3] == ["ohwx person, smiling, photo", "ohwx person, street"]


def test_other_captions_replace_those_that_nobody_touched(tmp_path):
    photos, out = [photo(tmp_path / "a.png"), photo(tmp_path / "b.png", shade=5)], tmp_path / "out"
    prepared(photos, out)
    rows = read_table(out)
    write_table(out, [replace(rows[0], caption="my own words"), rows[1]])
    prepared(photos, out, caption=lambda _: "a red square", options=PreparationOptions(captioner="BLIP"))
    assert [row.caption for row in read_table(out)] == ["my own words", "ohwx person, a red square"]
    report = read_report(out)
    assert report is not None
    assert [one.caption for one in report[0]] == ["ohwx person, a red square"] * 2


def test_fact_draws_one_person_in_four_scenes():
    jobs = []

    class Host:
        def generate(self, job):
            jobs.append(job)
            return [SimpleNamespace(picture=Image.new("RGB", (64, 64)))]

    views = drawn_views(Host(), "the identity", "woman", 64)
    assert [view.name for view in views] == ["looking to the left", "looking to the right", "smiling", "in the street"]
    assert {job.method for job in jobs} == {"FACT"}
    assert all(job.people[0].identity == "the identity" and "a woman" in job.prompt for job in jobs)
    assert len({job.seed for job in jobs}) == 4
