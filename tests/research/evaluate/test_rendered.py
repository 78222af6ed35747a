"""Rendered people as photos: which pictures stand for a user's photo."""

from __future__ import annotations

import numpy as np

from research.evaluate.rendered import RenderedPeople
from research.synthetic_world import person, render


def test_the_other_pictures_are_photos_where_there_are_some():
    people = RenderedPeople(8, 4)
    styles = [portrait.scene.style for portrait in people.portraits]
    for number in range(len(people)):
        same = [n for n in range(len(people)) if n // 4 == number // 4 and n != number]
        photos = [n for n in same if styles[n] == "photo"]
        assert people.other_photos(number) == (photos or same)
    assert {"photo"} < set(styles)


def test_a_picture_drawn_again_as_a_photo_differs_in_its_style_alone():
    people = RenderedPeople(3, 4, first=200)
    number = next(n for n, one in enumerate(people.portraits) if one.scene.style == "sketch")
    before, photo = people.portraits[number], people.render_as_photo(number)
    assert not np.array_equal(photo.pixels, before.rendered.pixels)
    assert np.array_equal(photo.mask > 0, before.rendered.face)
    assert photo.caption == people.photo(number).caption.replace("sketch", "photo")
    plain = next(n for n, one in enumerate(people.portraits) if one.scene.style == "photo")
    who = person(200 + plain // 4)
    portrait = people.portraits[plain]
    again = render(who, portrait.scene, portrait.nuisance).pixels
    assert np.array_equal(people.render_as_photo(plain).pixels, again)
