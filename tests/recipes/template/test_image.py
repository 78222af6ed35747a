"""Template files: every size and kind is kept, bad ones are refused, nothing is overwritten."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from facechain_ext.errors import PhotoError
from facechain_ext.faces import read_picture
from facechain_ext.identity import PhotoFact
from facechain_ext.recipes.template import FaceSource, find_template_faces, make, read_template
from facechain_ext.recipes.template.image import image_of_pixels
from tests.recipes.template.painters import Painter
from tests.recipes.template.portraits import ASTRONAUT, HEAD, SOURCE, png, row, small, somebody, standard


@pytest.mark.parametrize("size", [(256, 256), (256, 1500), (1500, 256), (3000, 2000)])
def test_templates_of_every_size_stay_as_they_are_outside(tmp_path, size):
    face = small(HEAD, round(0.8 * min(size)))
    pixels = np.full((*size, 3), 120, np.uint8)
    pixels[: len(face), : len(face)] = face
    canvas = read_template(png(pixels), name="sized.png")
    targets = find_template_faces(canvas.pixels)
    done = make(canvas, {1: SOURCE}, targets=targets)
    canvas.save(done.pixels, tmp_path / "out.png")
    out = np.asarray(Image.open(tmp_path / "out.png"))
    assert out.shape == pixels.shape
    assert np.array_equal(out[~targets[0].mask], pixels[~targets[0].mask])
    assert not np.array_equal(out[targets[0].mask], pixels[targets[0].mask])


LARGE = """
import resource, sys
import numpy as np
from PIL import Image, ImageCms
from skimage import data
from facechain_ext.recipes.template import FaceSource, find_template_faces, make, read_template
portrait = data.astronaut()
folder = sys.argv[1]
find_template_faces(portrait)  # the models are loaded, and what they need at their first use
make(read_template(open(folder + "/small.png", "rb").read()), {1: FaceSource(photo=portrait[:, ::-1])})
before = int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1])
template = read_template(open(folder + "/large.png", "rb").read())
targets = find_template_faces(template.pixels)
done = make(template, {target.number: FaceSource(photo=portrait[:, ::-1]) for target in targets}, targets=targets)
outside = ~np.any([target.mask for target in targets], axis=0)
same = bool(np.array_equal(done.pixels[outside], template.pixels[outside])) and bool(done.changed.any())
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(len(targets), same, (peak - before) / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read as Linux tells it")
def test_the_largest_template_takes_less_than_two_gigabytes(tmp_path):
    big = np.full((6000, 6000, 3), 120, np.uint8)
    for x, y in ((200, 300), (3100, 300), (1600, 3200)):
        big[y : y + 2600, x : x + 2600] = small(HEAD, 2600)
    Image.fromarray(big).save(tmp_path / "large.png", compress_level=1)
    Image.fromarray(small(ASTRONAUT, 400)).save(tmp_path / "small.png")
    done = subprocess.run([sys.executable, "-c", LARGE, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    count, same, megabytes = done.stdout.split()[-3:]
    assert (count, same) == ("3", "True")
    assert float(megabytes) < 2048


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_size_alpha_profile_and_orientation_are_kept(tmp_path, orientation):
    stored = row(HEAD)
    upright_to_stored = {1: 0, 3: 2, 6: 1, 8: 3}[orientation]
    stored = np.ascontiguousarray(np.rot90(stored, upright_to_stored))
    alpha = np.random.default_rng(0).integers(1, 255, stored.shape[:2], np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "a template"
    file = io.BytesIO()
    picture = Image.fromarray(np.dstack([stored, alpha]))
    picture.save(file, "PNG", exif=exif.tobytes(), icc_profile=b"a profile")
    canvas = read_template(file.getvalue(), name="template.png")
    targets = find_template_faces(canvas.pixels)
    done = make(canvas, {1: "pixelate"}, targets=targets)
    canvas.save(done.pixels, tmp_path / "out.png")
    back = Image.open(tmp_path / "out.png")
    assert back.info["icc_profile"] == b"a profile"
    assert back.getexif()[0x0112] == orientation
    assert back.getexif()[0x010E] == "a template"
    pixels = np.asarray(back)
    assert pixels.shape == (*stored.shape[:2], 4)
    assert np.array_equal(pixels[..., 3], alpha)
    differs = (pixels[..., :3] != stored).any(-1)
    assert 0 < differs.mean() < 0.5
    canvas.save(canvas.pixels, tmp_path / "same.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "same.png"))[..., :3], stored)


def test_nothing_is_overwritten(three, tmp_path):
    path = tmp_path / "out.png"
    path.write_bytes(b"mine")
    with pytest.raises(PhotoError, match="not overwritten"):
        three.save(three.pixels, path)
    assert path.read_bytes() == b"mine"


def gif():
    frames = [Image.new("RGB", (100, 100), colour) for colour in ("red", "blue")]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gif(), "animated"),
        (png(np.zeros((1, 1, 3), np.uint8)), "1x1"),
        (b"no picture", "picture"),
    ],
)
def test_bad_templates_are_refused(content, message):
    with pytest.raises(PhotoError, match=message):
        read_template(content, name="bad")


def encoded(mode: str, profile: bytes | None = None) -> bytes:
    pixels = Image.fromarray(np.random.default_rng(2).integers(0, 256, (300, 260, 4), np.uint8), "RGBA").convert(mode)
    file = io.BytesIO()
    pixels.save(file, "TIFF" if mode == "CMYK" else "PNG", icc_profile=profile)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK"])
@pytest.mark.parametrize("profile", ["none", "sRGB", "XYZ"])
def test_the_digest_is_that_of_the_same_file_as_a_photo(mode, profile):
    made = None if profile == "none" else ImageCms.ImageCmsProfile(ImageCms.createProfile(profile)).tobytes()
    content = encoded(mode, made)
    assert read_template(content).digest == read_picture(content).digest


def test_a_template_of_pixels_has_the_digest_of_the_same_picture_as_a_file():
    assert image_of_pixels(HEAD, "scene.png").digest == read_template(png(HEAD)).digest


def test_the_persons_own_photo_is_no_template_in_any_file(three, targets):
    fact = PhotoFact("a.png", three.digest, 1, (0.0, 0.0, 9.0, 9.0), "none", "none")
    other = replace(somebody().identity, photos=(fact,))
    with pytest.raises(PhotoError, match="own photo"):
        make(three, {1: FaceSource(other)}, standard(), host=Painter(), targets=targets)


def test_an_orientation_that_exif_does_not_hold_is_not_lost(tmp_path):
    """XMP says that the file is turned; what is written has no such XMP, and is upright itself."""
    upright = np.random.default_rng(1).integers(0, 256, (80, 120, 3), np.uint8)
    turned = PngInfo()
    turned.add_itxt("XML:com.adobe.xmp", '<rdf:Description tiff:Orientation="6"/>')
    file = io.BytesIO()
    Image.fromarray(np.rot90(upright)).save(file, "PNG", pnginfo=turned)
    canvas = read_template(file.getvalue(), name="turned.png")
    assert np.array_equal(canvas.pixels, upright)
    canvas.save(canvas.pixels, tmp_path / "out.png")
    assert np.array_equal(read_template(tmp_path / "out.png").pixels, upright)
