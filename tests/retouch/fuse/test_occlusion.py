"""What lies before a face: found where it hides an eye or the mouth, and never seen in faces that show both."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import cbook
from PIL import Image
from skimage import data

from facechain_ext import faces
from facechain_ext.recipes.template import FaceSource, find_template_faces, make, read_template
from facechain_ext.retouch.fuse import points
from facechain_ext.retouch.fuse.occlusion import occlusion_mask

COLLINS = data.astronaut()
HOPPER = np.asarray(Image.open(cbook.get_sample_data("grace_hopper.jpg")).convert("RGB"))
BOXES = {
    "mouth of Collins": (COLLINS, (190, 130, 260, 170)),
    "eye of Collins": (COLLINS, (178, 80, 222, 118)),
    "mouth of Hopper": (HOPPER, (220, 255, 312, 310)),
    "eye of Hopper": (HOPPER, (180, 160, 258, 222)),
}
"""Left, top, right and bottom of a box over a part of a face."""
COLOURS = {"brown": (92, 61, 43), "black": (0, 0, 0), "white": (255, 255, 255), "green": (20, 160, 40),
           "nearly skin": (215, 170, 140)}  # fmt: skip


def covered(pixels):
    return occlusion_mask(pixels, faces.choose_face(faces.detector().detect(pixels)))


def boxed(name, colour):
    """A portrait with a box before a part of it, and where the box is."""
    pixels, (left, top, right, bottom) = BOXES[name]
    pixels, where = pixels.copy(), np.zeros(pixels.shape[:2], bool)
    where[top:bottom, left:right] = True
    pixels[where] = COLOURS[colour]
    return pixels, where


@pytest.fixture(params=["mesh", "five landmarks"])
def by(request, monkeypatch):
    """With the face mesh, and without it as in a webui."""
    if request.param == "five landmarks":
        monkeypatch.setattr(points, "mesh_points", lambda *_: None)


@pytest.mark.usefixtures("by")
@pytest.mark.parametrize("name", BOXES)
@pytest.mark.parametrize("colour", COLOURS)
def test_a_box_before_mouth_or_eye_is_found_whole_and_little_else(name, colour):
    pixels, where = boxed(name, colour)
    found = covered(pixels)
    assert found[where].all()
    beyond = 0.5 if colour == "nearly skin" else 0.3  # its edge to skin of its colour is not seen
    assert (found & ~where).sum() < beyond * where.sum()


PARTS = {
    "left half of Collins' mouth": (COLLINS, (186, 132, 225, 172)),
    "right half of Collins' mouth": (COLLINS, (225, 132, 264, 172)),
    "lower half of Collins' mouth": (COLLINS, (190, 143, 260, 178)),
    "half of Collins' eye": (COLLINS, (246, 88, 276, 116)),
    "left half of Hopper's mouth": (HOPPER, (212, 255, 264, 312)),
    "right half of Hopper's mouth": (HOPPER, (264, 255, 316, 312)),
    "lower half of Hopper's mouth": (HOPPER, (212, 279, 316, 318)),
    "half of Hopper's eye": (HOPPER, (301, 170, 345, 210)),
}
"""Left, top, right and bottom of a box over a part of a mouth or an eye, the rest of which is seen."""
FACES = {id(COLLINS): (180, 70, 270, 178), id(HOPPER): (170, 120, 350, 330)}
"""Left, top, right and bottom of the faces."""


@pytest.mark.usefixtures("by")
@pytest.mark.parametrize(
    ("name", "look"),
    [(name, look) for name in PARTS for look in ("brown", "blue", "woven") if "eye" not in name or look != "woven"],
)
def test_what_covers_half_a_mouth_or_eye_is_found_whole_and_little_else(name, look):
    pixels, (left, top, right, bottom) = PARTS[name]
    pixels, where = pixels.copy(), np.zeros(pixels.shape[:2], bool)
    where[top:bottom, left:right] = True
    rows, columns = np.nonzero(where)
    threads = np.where((rows // 2 + columns // 2) % 2, 12, -12)[:, None]
    pixels[where] = {"brown": (92, 61, 43), "blue": (60, 110, 190), "woven": np.array((50, 70, 130)) + threads}[look]
    found = covered(pixels)
    assert found[where].mean() > 0.97
    left, top, right, bottom = (round(side) for side in FACES[id(PARTS[name][0])])
    beyond = (found & ~where)[top:bottom, left:right]
    # by its colour alone, a dark collar that it touches belongs to the woven one
    assert beyond.sum() < (0.75 if look == "woven" else 0.5) * where.sum()


def test_a_box_before_a_face_of_many_pixels_is_found_as_in_a_small_one():
    pixels, where = boxed("mouth of Hopper", "brown")
    large, inside = (np.kron(part, np.ones((4, 4, 1)[: part.ndim], part.dtype)) for part in (pixels, where))
    found = covered(large)
    assert found.shape == inside.shape
    assert found[inside].all()
    assert (found & ~inside).sum() < 0.3 * inside.sum()


def half_dark(pixels, factor):
    dark = pixels.copy()
    dark[:, : pixels.shape[1] // 2 - 30] = (dark[:, : pixels.shape[1] // 2 - 30] * factor).astype(np.uint8)
    return dark


SEEN = {
    "Collins": COLLINS,
    "Hopper, who wears glasses": HOPPER,
    "in grey": np.repeat(np.asarray(Image.fromarray(COLLINS).convert("L"))[..., None], 3, 2),
    "dim": (COLLINS * 0.4).astype(np.uint8),
    "half in the shadow": half_dark(COLLINS, 0.3),
    "small": np.asarray(Image.fromarray(COLLINS).resize((256, 256))),
    "mirrored": np.ascontiguousarray(HOPPER[:, ::-1]),
    "leaning": np.asarray(Image.fromarray(HOPPER).rotate(25)),
}


@pytest.mark.usefixtures("by")
@pytest.mark.parametrize("name", SEEN)
def test_nothing_is_found_before_a_face_that_shows_its_eyes_and_mouth(name):
    assert not covered(SEEN[name]).any()


@pytest.mark.parametrize("name", BOXES)
def test_a_template_keeps_what_lies_before_a_face_pixel_by_pixel(name, tmp_path):
    pixels, where = boxed(name, "brown")
    Image.fromarray(pixels).save(tmp_path / "template.png")
    template = read_template(tmp_path / "template.png")
    targets = find_template_faces(template.pixels)
    done = make(template, {1: FaceSource(photo=HOPPER if "Collins" in name else COLLINS)}, targets=targets)
    assert np.array_equal(done.pixels[where], pixels[where])
    assert done.changed[targets[0].mask].mean() > 0.3
    assert done.notes == ("Face 1: what covers a part of it stays before the new face.",)
    assert done.left_out == ()
    mosaic = make(template, {1: "pixelate"}, targets=targets)
    assert mosaic.changed[where].any(), "a mosaic hides all of the face"
