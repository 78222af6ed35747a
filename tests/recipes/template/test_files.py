"""A template comes out as it went in, whatever kind of file it is: pixels, transparency, greyscale, profiles."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms, features
from skimage import data

from facechain_ext.errors import PhotoError
from facechain_ext.recipes.template import find_template_faces, make, read_template

HEAD = np.ascontiguousarray(data.astronaut()[:230, 110:340])
GREY = np.asarray(Image.fromarray(HEAD).convert("L"))
HIDDEN = np.zeros(GREY.shape, bool)
HIDDEN[:40, :60] = True
ALPHA = np.where(HIDDEN, 0, 255).astype(np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def grey_profile():
    """A profile for greyscale with a gamma of 1.8, put together by hand as the ICC's specification has it."""
    white = b"XYZ \0\0\0\0" + b"".join(round(v * 65536).to_bytes(4, "big") for v in (0.9642, 1, 0.8249))
    curve = b"curv\0\0\0\0\0\0\0\1" + round(1.8 * 256).to_bytes(2, "big") + b"\0\0"
    text = b"text\0\0\0\0public\0\0"
    description = b"desc\0\0\0\0\0\0\0\5grey\0" + bytes(79)
    tags, offset, body = b"", 128 + 4 + 12 * 4, b""
    for name, value in ((b"wtpt", white), (b"kTRC", curve), (b"cprt", text), (b"desc", description)):
        content = value + bytes(-len(value) % 4)
        tags += name + offset.to_bytes(4, "big") + len(content).to_bytes(4, "big")
        offset, body = offset + len(content), body + content
    head = bytes(4) + b"lcms" + b"\2\x40\0\0" + b"mntrGRAYXYZ " + bytes(12) + b"acsp" + bytes(28)
    head += b"".join(round(v * 65536).to_bytes(4, "big") for v in (0.9642, 1, 0.8249)) + bytes(48)
    profile = head + (4).to_bytes(4, "big") + tags + body
    return len(profile).to_bytes(4, "big") + profile[4:]


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def keyed_colours():
    """RGB in which one colour stands for nothing."""
    pixels = HEAD.copy()
    pixels[HIDDEN] = (1, 254, 3)
    return saved(Image.fromarray(pixels), "PNG", transparency=(1, 254, 3)), pixels


def palette(kind, **options):
    """A picture of 63 colours and one that stands for nothing."""
    image = Image.fromarray(HEAD).quantize(63)
    index = np.asarray(image).copy()
    index[HIDDEN] = 63
    hidden = Image.fromarray(index, "P")
    hidden.putpalette([*image.getpalette()[: 63 * 3], 0, 0, 0])
    return saved(hidden, kind, transparency=63, **options), np.asarray(hidden.convert("RGB"))


def case(name):
    """Content of a file, then mode, colours (None: not compared), opacity and profile of what has to come out."""
    grey = np.repeat(GREY[..., None], 3, 2)
    plain, in_grey = Image.fromarray(HEAD), Image.fromarray(GREY)
    profile = grey_profile()
    if name.startswith("palette"):
        gif = "gif" in name
        content, colours = palette("GIF") if gif else palette("PNG", icc_profile=SRGB)
        return content, "RGBA", colours, ALPHA, None if gif else SRGB
    if name == "RGB with a colour for nothing":
        content, colours = keyed_colours()
        return content, "RGBA", colours, ALPHA, None
    deep = GREY.astype(np.uint16) * 257
    return {
        "RGB": (saved(plain, "PNG"), "RGB", HEAD, None, None),
        "RGBA with a profile": (
            saved(Image.fromarray(np.dstack([HEAD, ALPHA])), "PNG", icc_profile=SRGB), "RGBA", HEAD, ALPHA, SRGB,
        ),
        "grey": (saved(in_grey, "PNG"), "L", grey, None, None),
        "grey with opacity": (saved(Image.fromarray(np.dstack([GREY, ALPHA])), "PNG"), "LA", grey, ALPHA, None),
        "grey with its own profile": (saved(in_grey, "PNG", icc_profile=profile), "L", grey, None, profile),
        "grey of 16 bits": (saved(Image.fromarray(deep), "PNG"), "L", grey, None, None),
        "grey of floats": (saved(Image.fromarray(GREY.astype(np.float32) / 255), "TIFF"), "L", grey, None, None),
        "CMYK": (saved(plain.convert("CMYK"), "TIFF"), "RGB", HEAD, None, None),
        "a phone's two pictures": (
            saved(plain, "MPO", save_all=True, append_images=[Image.fromarray(HEAD[:, ::-1])], quality=95),
            "RGB", None, None, None,
        ),
        "two pages": (
            saved(plain, "TIFF", save_all=True, append_images=[Image.new("RGB", plain.size)]), "RGB", HEAD, None, None,
        ),
    }[name]  # fmt: skip


CASES = (
    "RGB", "RGB with a colour for nothing", "RGBA with a profile", "palette", "palette, gif", "grey",
    "grey with opacity", "grey with its own profile", "grey of 16 bits", "grey of floats", "CMYK",
    "a phone's two pictures", "two pages",
)  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_everything_beside_the_face_comes_out_as_it_went_in(name):
    content, mode, colours, opacity, profile = case(name)
    template = read_template(content, name="template")
    targets = find_template_faces(template.pixels)
    assert len(targets) == 1, "the face is found"
    done = make(template, {1: "pixelate"}, targets=targets)
    out = Image.open(io.BytesIO(template.encoded(done.pixels)))
    assert (out.mode, out.size) == (mode, (HEAD.shape[1], HEAD.shape[0]))
    assert out.info.get("icc_profile") == profile
    assert template.picture(done.pixels).mode == mode
    kept = ~done.changed
    assert 0.5 < kept.mean() < 0.97
    got = np.asarray(out.convert("RGB"))
    if colours is None:
        colours = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert np.array_equal(got[kept], colours[kept])
    if opacity is not None:
        assert np.array_equal(np.asarray(out.getchannel("A")), opacity)
    if mode in ("L", "LA"):
        assert (got[..., 0] == got[..., 2]).all()
    lost = name in ("grey of 16 bits", "grey of floats", "CMYK")
    assert any("becomes" in note for note in template.notes) == lost


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_an_avif_is_read_as_a_template():
    content = saved(Image.fromarray(HEAD), "AVIF", quality=95)
    marked = content[:8] + b"mif1" + content[12:]
    for one in (content, marked):
        assert len(find_template_faces(read_template(one, name="photo.avif").pixels)) == 1


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_animations_are_refused(kind):
    frames = [Image.new("RGB", (100, 100), colour) for colour in ("red", "blue")]
    with pytest.raises(PhotoError, match="animated"):
        read_template(saved(frames[0], kind, save_all=True, append_images=frames[1:]), name="moving")
