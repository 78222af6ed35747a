"""What a picture file may hold besides its colours: transparency, depth, profiles, texts, further pictures."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from facechain_ext.errors import PhotoError
from facechain_ext.faces import read_picture
from facechain_ext.faces.decoding import decode_picture

PHOTO = np.random.default_rng(3).integers(0, 256, (24, 32, 3), np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, body: bytes, *, crc_offset: int = 0) -> bytes:
    crc = (zlib.crc32(kind + body) + crc_offset) & 0xFFFFFFFF
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def png(colour_type: int, depth: int, size: tuple[int, int], rows: bytes, *extra: bytes) -> bytes:
    """A PNG written from the specification (W3C, third edition), without Pillow."""
    header = struct.pack(">IIBBBBB", *size, depth, colour_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + b"".join(extra) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def with_chunks(content: bytes, *extra: bytes) -> bytes:
    """The PNG with further chunks after its header."""
    return content[:33] + b"".join(extra) + content[33:]


# One row of grey values of each depth, the second one transparent by tRNS.
@pytest.mark.parametrize(
    ("depth", "row", "transparent", "expected"),
    [
        (1, b"\0\x40", 1, [0, 255]),
        (2, b"\0\x10", 1, [0, 255]),
        (4, b"\0\x05", 5, [0, 255]),
        (8, b"\0\x00\x50", 0x50, [0, 255]),
        (16, b"\0\x80\x80\x12\x34", 0x1234, [128, 255]),
    ],
)
def test_the_transparent_grey_of_a_png_of_any_depth(depth, row, transparent, expected):
    data = png(0, depth, (2, 1), row, chunk(b"tRNS", struct.pack(">H", transparent)))
    assert decode_picture(data, "x").alpha.tolist() == [[255, 0]]
    assert read_picture(data).pixels[0, :, 0].tolist() == expected


@pytest.mark.parametrize(("depth", "pack"), [(8, ">6B"), (16, ">6H")])
def test_the_transparent_colour_of_a_png(depth, pack):
    top = 2**depth - 1
    row = b"\0" + struct.pack(pack, top, 0, 0, 0, top, 0)
    data = png(2, depth, (2, 1), row, chunk(b"tRNS", struct.pack(">3H", 0, top, 0)))
    assert decode_picture(data, "x").alpha.tolist() == [[255, 0]]
    assert read_picture(data).pixels.tolist() == [[[255, 0, 0], [255, 255, 255]]]


def test_transparency_of_a_palette_and_of_a_gif():
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([255, 0, 0, 0, 0, 255])
    for data in (encoded(palette, transparency=1), encoded(palette, "GIF", transparency=1)):
        decoded = decode_picture(data, "x")
        assert decoded.mode == "P"
        assert decoded.alpha.tolist() == [[255, 0]]
        assert read_picture(data).pixels.tolist() == [[[255, 0, 0], [255, 255, 255]]]
    half = encoded(palette, transparency=bytes([255, 51]))
    assert decode_picture(half, "x").alpha.tolist() == [[255, 51]]


RAMP = np.linspace(0, 1, 256)[None]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(encoded(Image.fromarray((RAMP * 65535).astype(np.uint16))), RAMP * 255, id="16-bit PNG"),
        pytest.param(
            encoded(Image.fromarray((RAMP * 200).astype(np.uint16))), RAMP * 200 / 257, id="a very dark 16-bit PNG"
        ),
        pytest.param(encoded(Image.fromarray((RAMP * 65535).astype(np.int32)), "TIFF"), RAMP * 255, id="int TIFF"),
        pytest.param(encoded(Image.fromarray((RAMP * 2e9).astype(np.int32)), "TIFF"), RAMP * 255, id="32-bit TIFF"),
        pytest.param(encoded(Image.fromarray(RAMP.astype(np.float32)), "TIFF"), RAMP * 255, id="float TIFF to 1"),
        pytest.param(
            encoded(Image.fromarray((RAMP * 255).astype(np.float32)), "TIFF"), RAMP * 255, id="float TIFF to 255"
        ),
        pytest.param(
            encoded(Image.fromarray((RAMP * 1e6).astype(np.float32)), "TIFF"), RAMP * 255, id="float TIFF beyond"
        ),
    ],
)
def test_more_than_8_bits_are_scaled_and_not_clipped(data, expected):
    assert np.abs(read_picture(data).pixels[..., 0].astype(float) - expected).max() <= 1


def swapped_profile() -> bytes:
    """An RGB profile whose red and blue are exchanged: what is applied is seen at once."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", profile, 128)[0]
    for index in range(count):
        at = 132 + 12 * index
        if profile[at : at + 4] in (b"rXYZ", b"bXYZ"):
            profile[at : at + 4] = b"bXYZ" if profile[at : at + 4] == b"rXYZ" else b"rXYZ"
    return bytes(profile)


def colourful(mode: str) -> Image.Image:
    """Red pixels in a mode."""
    red = Image.new("RGB", (8, 8), (255, 0, 0))
    return red.quantize(2) if mode == "P" else red.convert(mode)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_profile_acts_in_every_mode(mode, kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    profile = swapped_profile()  # once, since it holds the time at which it was made
    data = encoded(colourful(mode), kind, icc_profile=profile, **options)
    assert np.abs(read_picture(data).pixels.astype(int) - (0, 0, 255)).max() <= 3
    decoded = decode_picture(data, "x")
    assert decoded.icc_profile == profile
    assert np.abs(decoded.pixels.astype(int) - (255, 0, 0)).max() <= 1


def grey_profile(gamma: float) -> bytes:
    """A grey profile of one gamma, written from the ICC specification (version 2.1)."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1.0, 0.8249)))
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    words = b"desc\0\0\0\0" + struct.pack(">I", 2) + b"g\0" + bytes(78)
    words += bytes(-len(words) % 4)
    at, table, body = 128 + 4 + 3 * 12, b"", b""
    for tag, content in ((b"wtpt", white), (b"kTRC", curve), (b"desc", words)):
        table += tag + struct.pack(">II", at + len(body), len(content))
        body += content
    size = at + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02100000, b"mntr", b"GRAY", b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    return header + struct.pack(">I", 3) + table + body


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_a_grey_profile_acts_in_every_grey_mode(mode):
    level = 128
    if mode == "I;16":
        image = Image.fromarray(np.full((4, 4), level * 257, np.uint16))
    else:
        image = Image.new("L", (4, 4), level).convert(mode)
    data = encoded(image, icc_profile=grey_profile(1.0))
    linear = level / 255  # gamma 1: the value is the light; sRGB's own curve (IEC 61966-2-1) gives the code for it
    expected = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(read_picture(data).pixels.astype(float) - expected).max() <= 2
    assert decode_picture(data, "x").icc_profile is None


def test_a_profile_of_another_kind_is_said_and_survived():
    data = encoded(Image.fromarray(PHOTO), icc_profile=grey_profile(1.0))
    picture = read_picture(data)
    assert np.array_equal(picture.pixels, PHOTO)
    assert "colour profile" in picture.notes[0]


def test_an_srgb_profile_changes_nothing():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(read_picture(encoded(Image.fromarray(PHOTO), icc_profile=srgb)).pixels, PHOTO)


def test_lab_pictures_are_read():
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    source = ImageCms.profileToProfile(Image.new("RGB", (8, 8), (200, 60, 40)), srgb, lab, outputMode="LAB")
    assert np.abs(read_picture(encoded(source, "TIFF")).pixels.astype(int) - (200, 60, 40)).max() <= 4


LONG = b"A" * 3_000_000


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param([chunk(b"zTXt", b"prompt\0\0" + zlib.compress(LONG))], id="a long zTXt"),
        pytest.param([chunk(b"iTXt", b"workflow\0\1\0\0\0" + zlib.compress(LONG))], id="a long iTXt"),
        pytest.param([chunk(b"zTXt", b"n\0\0" + zlib.compress(LONG[:1_000_000]))] * 80, id="80 MB of texts"),
        pytest.param([chunk(b"zTXt", b"n\0\0no zlib")], id="a damaged text"),
        pytest.param([chunk(b"tEXt", b"a\0b", crc_offset=1)], id="a text of a wrong checksum"),
        pytest.param([chunk(b"gAMA", b"\0\0\0\0", crc_offset=1)], id="another extra of a wrong checksum"),
    ],
)
def test_what_stands_beside_the_pixels_of_a_png_never_costs_the_picture(extra):
    picture = read_picture(with_chunks(encoded(Image.fromarray(PHOTO)), *extra))
    assert np.array_equal(picture.pixels, PHOTO)
    assert picture.notes == ()


def test_a_profile_of_megabytes_acts_and_a_damaged_one_is_said():
    profile = bytearray(swapped_profile())
    profile += bytes((2 << 20) - len(profile))
    profile[:4] = struct.pack(">I", len(profile))
    data = with_chunks(encoded(colourful("RGB")), chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(profile))))
    assert np.abs(read_picture(data).pixels.astype(int) - (0, 0, 255)).max() <= 3
    broken = read_picture(with_chunks(encoded(colourful("RGB")), chunk(b"iCCP", b"p\0\0no zlib")))
    assert broken.pixels[0, 0].tolist() == [255, 0, 0]
    assert "colour profile" in broken.notes[0]


def test_the_orientation_that_imagemagick_writes_is_kept():
    exif = Image.Exif()
    exif[0x0112] = 6
    body = exif.tobytes()
    text = f"\nexif\n{len(body):8}\n".encode() + body.hex().encode() + b"\n"
    data = with_chunks(
        encoded(Image.fromarray(PHOTO)), chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))
    )
    assert np.array_equal(read_picture(data).pixels, np.rot90(PHOTO, -1))
    assert decode_picture(data, "x").orientation == 6


def test_alpha_is_turned_with_the_picture():
    exif = Image.Exif()
    exif[0x0112] = 6
    rgba = np.dstack([PHOTO, np.arange(24 * 32, dtype=np.int64).reshape(24, 32) % 256]).astype(np.uint8)
    decoded = decode_picture(encoded(Image.fromarray(rgba), exif=exif), "x")
    assert np.array_equal(decoded.pixels, np.rot90(PHOTO, -1))
    assert np.array_equal(decoded.alpha, np.rot90(rgba[..., 3], -1))


def test_the_second_picture_of_a_phone_is_no_animation():
    other = Image.fromarray(PHOTO[::-1].copy())
    data = encoded(Image.fromarray(PHOTO), "MPO", save_all=True, append_images=[other], quality=95)
    decoded = decode_picture(data, "me.jpg")
    assert (decoded.frames, decoded.notes) == (1, ())
    assert decode_picture(encoded(Image.fromarray(PHOTO), "GIF", save_all=True, append_images=[other]), "x").frames == 2


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_avif_is_read_whatever_brand_comes_first():
    data = encoded(Image.fromarray(np.full((32, 32, 3), 90, np.uint8)), "AVIF")
    for brand in (b"avif", b"mif1", b"msf1"):
        picture = read_picture(data[:8] + brand + data[12:])
        assert np.abs(picture.pixels.astype(int) - 90).max() <= 4


@pytest.mark.parametrize(
    ("brands", "word"),
    [((b"heic",), "HEIC"), ((b"mif1", b"heic"), "HEIC"), ((b"msf1", b"hevc"), "HEIC"), ((b"mif1", b"avif"), "AVIF")],
)
def test_photos_of_phones_that_cannot_be_read_are_called_by_their_name(brands, word):
    body = b"ftyp" + brands[0] + bytes(4) + b"".join(brands)
    with pytest.raises(PhotoError, match=f"^me is an? {word} photo"):
        read_picture(struct.pack(">I", len(body) + 4) + body + bytes(64), name="me")


def planar_tiff(bits: int) -> bytes:
    """PHOTO as a TIFF with each colour apart (PlanarConfiguration 2), written from the specification (TIFF 6.0)."""
    height, width = PHOTO.shape[:2]
    planes = PHOTO.transpose(2, 0, 1)
    data = (planes.astype("<u2") * 257 if bits == 16 else planes).tobytes()
    size, end = len(data) // 3, 8 + 2 + 10 * 12 + 4
    arrays = struct.pack("<3H", bits, bits, bits), struct.pack("<3I", *(end + 30 + size * k for k in range(3)))
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, end), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 3, end + 6),
        (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 3, end + 18), (284, 3, 1, 2),
    ]  # fmt: skip
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    counts = struct.pack("<3I", size, size, size)
    return b"II*\0" + struct.pack("<IH", 8, 10) + directory + bytes(4) + b"".join(arrays) + counts + data


def test_separate_colours_are_read_in_8_bits_and_refused_in_16():
    """Of 16 bits Pillow takes the bytes of half a picture as pixels, without a word."""
    assert np.array_equal(decode_picture(planar_tiff(8), "a.tif").pixels, PHOTO)
    with pytest.raises(PhotoError, match="save it as PNG"):
        decode_picture(planar_tiff(16), "a.tif")
