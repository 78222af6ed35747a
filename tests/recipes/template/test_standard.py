"""The standard quality: each face is painted once, and the most like of several tries is taken."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from facechain_ext.errors import PhotoError
from facechain_ext.recipes.template import Settings, find_template_faces, make, read_template
from facechain_ext.recipes.template.crop import match_color
from facechain_ext.recipes.template.qualities import QUALITIES
from facechain_ext.recipes.template.settings import QUALITY_NAMES
from tests.recipes.template.painters import Painter
from tests.recipes.template.portraits import HEAD, SOURCE, Bluest, png, relit, somebody, standard


def test_standard_paints_each_face_once_at_a_size_that_fits_it(three, targets):
    host = Painter()
    done = make(three, {1: somebody(), 3: somebody()}, standard(), host=host, targets=targets)
    assert [(job.width, job.count, job.inpaint.denoise, job.people[0].strength) for job in host.jobs] == [
        (512, 1, 0.6, 0.55)
    ] * 2
    assert all(job.people[0].region.max() == 1 for job in host.jobs)
    assert not done.changed[targets[1].mask].any()
    large = read_template(png(np.repeat(np.repeat(HEAD, 8, 0), 8, 1)), name="large.png")
    make(large, {1: somebody()}, standard(), host=host)
    assert host.jobs[-1].width == 1024


@pytest.mark.parametrize("quality", ["standard", "faithful", "studio"])
def test_every_pass_of_every_quality_uses_the_method_that_was_chosen(three, targets, quality):
    host = Painter()
    own = {"adapter": "film"}
    settings = Settings(quality=quality, method="FACT + LoRA", method_settings=own)
    make(three, {1: somebody()}, settings, host=host, targets=targets)
    assert host.jobs
    assert {job.method for job in host.jobs} == {"FACT + LoRA"}
    assert all(job.method_settings == own for job in host.jobs)


def test_the_mask_grows_as_asked_and_takes_the_hair_along(three):
    def changed(hair, growth):
        found = find_template_faces(three.pixels, hair=hair)
        done = make(three, {2: somebody()}, standard(growth=growth), host=Painter(), targets=found)
        assert not done.changed[found[0].mask | found[2].mask].any()
        return done.changed.sum()

    assert changed(hair=False, growth=0.2) > 1.2 * changed(hair=False, growth=0.02)
    assert changed(hair=True, growth=0.02) > 1.2 * changed(hair=False, growth=0.02)


@pytest.mark.parametrize("quality", ["standard", "faithful"])
def test_of_several_tries_the_most_like_is_taken(three, targets, quality):
    settings = Settings(quality=quality, match=False, count=3, seed=10)
    host = Painter()
    done = make(three, {1: somebody()}, settings, host=host, targets=targets, scorer=Bluest())
    if quality == "standard":
        assert [job.count for job in host.jobs] == [3]
    else:
        assert [job.seed for job in host.jobs] == [11] * 3 + [12] * 3 + [13] * 3
    assert any(note.startswith("Face 1: the most like of 3, likeness") for note in done.notes)
    middle = done.pixels[targets[0].mask & done.changed]
    assert np.median(middle[:, 2]) == 40 + 13


class White:
    """A tool that paints everything white."""

    name = "White"

    def __call__(self, picture, photo):
        return Image.new("RGB", picture.size, "white")


class Fails(White):
    name = "Broken tool"

    def __call__(self, picture, photo):
        raise PhotoError("it is broken.")


def test_tools_finish_a_new_face_inside_its_mask_and_one_that_fails_is_named(three, targets):
    done = make(three, {2: SOURCE}, targets=targets, tools=[Fails(), White()])
    assert done.notes == ("Face 2: Broken tool left it as it is: it is broken.",)
    assert (done.pixels[targets[1].mask] == 255).all(-1).mean() > 0.95
    assert not done.changed[~targets[1].mask].any()


def test_colours_are_matched_within_bounds():
    mask = np.zeros(HEAD.shape[:2], bool)
    mask[60:180, 60:170] = True
    cast = relit(HEAD, 1.05, 0.93)
    near = match_color(cast, HEAD, mask)
    off = [np.abs(one[mask].astype(float).mean(0) - HEAD[mask].mean(0)).max() for one in (cast, near)]
    assert off[1] < 0.25 * off[0]
    dark = relit(HEAD, light=0.4)
    kept = match_color(dark, HEAD, mask)[mask].mean()
    assert dark[mask].mean() < kept < 0.75 * HEAD[mask].mean(), "the complexion stays"
    assert np.array_equal(match_color(cast, HEAD, np.zeros_like(mask)), cast)


def test_the_names_of_the_qualities_are_those_of_their_table():
    assert tuple(QUALITIES) == QUALITY_NAMES
