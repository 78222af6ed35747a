"""The Template page without a browser: orders become files, what is wrong is named, nothing is overwritten."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data

from facechain_ext.errors import FaceChainError
from facechain_ext.page.host import Offers
from facechain_ext.page.template.seating import KEEP, PIXELATE, Order, batch, choices_for, seat, show
from facechain_ext.weights import set_models_folder

HEAD = data.astronaut()[:230, 110:340]


class Host:
    """What the Template page needs of a host that paints nothing."""

    name = "none"

    def __init__(self, folder):
        self.folder = folder

    def offers(self):
        return Offers()

    def output_folder(self):
        return self.folder / "out"


@pytest.fixture
def host(tmp_path):
    set_models_folder(tmp_path / "models")
    yield Host(tmp_path)
    set_models_folder(None)


@pytest.fixture
def files(tmp_path):
    pair, guest, plain = (tmp_path / name for name in ("pair.png", "guest.png", "plain.png"))
    Image.fromarray(np.concatenate([HEAD, HEAD[:, ::-1]], 1)).save(pair)
    Image.fromarray(data.astronaut()[:, ::-1]).save(guest)
    Image.new("RGB", (200, 200), "grey").save(plain)
    return pair, guest, plain


def going(_done, _total):
    return True


def test_faces_are_shown_with_their_numbers(host, files):
    picture, count = show(files[0])
    assert count == 2
    assert picture.size == (460, 230)
    assert choices_for(["1 guest.png"]) == [KEEP, PIXELATE, "photo: 1 guest.png"]


def test_an_order_becomes_a_file_and_the_kept_face_is_the_templates(host, files):
    order = Order(files[0], (KEEP, "photo: 1 guest.png"), {"1 guest.png": files[1]})
    path, picture, notes = seat(host, order, going)
    again, _, _ = seat(host, order, going)
    assert notes == ()
    assert path != again
    assert path.parent == host.output_folder()
    before, after = np.asarray(Image.open(files[0])), np.asarray(Image.open(path))
    assert np.array_equal(after, np.asarray(picture))
    assert np.array_equal(before[:, :200], after[:, :200])
    assert not np.array_equal(before[:, 260:], after[:, 260:])


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ((KEEP, KEEP), "Every face is kept"),
        (("photo: 2 other.png",), "no photo called 2 other.png"),
        (("card: Nobody",), "no card called Nobody"),
        (("card: ../x",), "name"),
    ],
)
def test_an_order_that_cannot_be_done_writes_nothing(host, files, choices, message):
    with pytest.raises(FaceChainError, match=message):
        seat(host, Order(files[0], choices, {}), going)
    assert not host.output_folder().exists()


def test_a_bad_template_is_named_and_the_others_go_on(host, files):
    orders = [Order(path, (PIXELATE,), {}) for path in (files[2], files[0])]
    made, notes = batch(host, orders, going)
    assert [one.infotext for one in made] == ["template-0001.png"]
    assert "plain.png: No face was found" in notes[0]


def test_a_stopped_batch_says_how_far_it_came(host, files):
    made, notes = batch(host, [Order(files[0], (PIXELATE,), {})] * 2, lambda done, _total: done < 1)
    assert len(made) == 1
    assert notes == ["Stopped after 1 of 2 templates."]
