"""Every way a photo can come in, and every way it can be broken."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from facechain_ext.errors import PhotoError
from facechain_ext.faces import read_picture

SMALL = np.array(
    [[[250, 10, 20], [10, 240, 30], [20, 30, 230]], [[0, 0, 0], [128, 128, 128], [255, 255, 255]]], np.uint8
)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def header_only_png(width: int, height: int) -> bytes:
    """A PNG that claims a size and has next to no data: what a decompression bomb looks like."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def test_the_same_picture_is_the_same_from_anywhere(tmp_path):
    path = tmp_path / "me.png"
    Image.fromarray(SMALL).save(path)
    for source in (path, str(path), path.read_bytes(), Image.fromarray(SMALL), SMALL, SMALL / 255.0):
        picture = read_picture(source)
        assert np.array_equal(picture.pixels, SMALL)
        assert picture.digest == read_picture(SMALL).digest
        assert not picture.pixels.flags.writeable
    assert read_picture(path).name == "me.png"
    assert read_picture(SMALL[:, ::-1]).digest != read_picture(SMALL).digest


def test_a_file_is_decoded_once(tmp_path):
    path = tmp_path / "big.png"
    Image.fromarray(np.tile(SMALL, (100, 100, 1))).save(path)
    assert read_picture(path).pixels is read_picture(path.read_bytes()).pixels


GREY = np.array([[0, 64, 255]], np.uint8)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param(Image.fromarray(GREY), np.stack([GREY] * 3, -1), id="greyscale"),
        pytest.param(Image.fromarray(GREY.astype(np.uint16) * 257), np.stack([GREY] * 3, -1), id="16-bit"),
        pytest.param(Image.fromarray(GREY > 32), np.array([[[0] * 3, [255] * 3, [255] * 3]]), id="one bit"),
        pytest.param(Image.fromarray(SMALL).quantize(8), SMALL, id="palette"),
        pytest.param(
            Image.fromarray(np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 51]]], np.uint8)),
            np.array([[[255, 0, 0], [255] * 3, [204] * 3]]),
            id="RGBA over white",
        ),
        pytest.param(Image.fromarray(np.array([[[0, 255], [0, 0]]], np.uint8)), [[[0] * 3, [255] * 3]], id="LA"),
    ],
)
def test_modes(image, expected):
    expected = np.asarray(expected)
    for source in (image, encoded(image)):
        assert np.abs(read_picture(source).pixels.astype(int) - expected).max() <= 2


def test_cmyk_is_neither_inverted_nor_refused():
    source = Image.fromarray(np.full((8, 8, 3), (200, 50, 40), np.uint8)).convert("CMYK")
    assert np.abs(read_picture(encoded(source, "JPEG")).pixels.reshape(-1, 3).mean(0) - (200, 50, 40)).max() < 12


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [(1, lambda p: p), (3, lambda p: p[::-1, ::-1]), (6, lambda p: np.rot90(p, -1)), (8, np.rot90)],
)
def test_exif_rotation(orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(SMALL), exif=exif)
    assert np.array_equal(read_picture(data).pixels, turn(SMALL))


def test_a_broken_profile_is_said_and_survived():
    picture = read_picture(encoded(Image.fromarray(SMALL), icc_profile=b"no profile at all"))
    assert np.array_equal(picture.pixels, SMALL)
    assert "colour profile" in picture.notes[0]


def test_the_first_frame_of_an_animation_is_used():
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    picture = read_picture(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), name="wave.gif")
    assert picture.pixels[0, 0].tolist() == [255, 0, 0]
    assert picture.notes == ("wave.gif has several frames; the first one is used.",)


PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"Dear Sir or Madam, this is no photo", "not a picture", id="a text file"),
        pytest.param(encoded(PHOTO, "JPEG")[:1500], "cut short", id="truncated JPEG"),
        pytest.param(encoded(PHOTO, "PNG")[:5000], "cut short", id="truncated PNG"),
        pytest.param(header_only_png(20000, 10000), "megapixels", id="200-megapixel bomb"),
        pytest.param(header_only_png(8000, 8000), "64 megapixels", id="64 megapixels"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture", id="a program (EPS)"),
        pytest.param(b"\0\0\0\x18ftypheic" + bytes(64), "HEIC", id="HEIC without a decoder"),
        pytest.param(np.zeros((0, 5, 3), np.uint8), "no pixels", id="no pixels"),
        pytest.param(np.zeros((5, 5, 2), np.uint8), "shape", id="two channels"),
        pytest.param(np.full((5, 5), np.nan), "0..1", id="not a number"),
        pytest.param(np.zeros((5, 5), np.int64), "int64", id="64-bit integers"),
        pytest.param(42, "int", id="not a picture at all"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(source, words, monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # some hosts set it
    with pytest.raises(PhotoError, match=words) as caught:
        read_picture(source, name="me.jpg")
    assert str(caught.value).startswith("me.jpg ")
    assert "\n" not in str(caught.value)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_paths_that_are_none(tmp_path):
    for path, words in ((tmp_path / "gone.jpg", "no file"), (tmp_path, "folder"), ("a\0b", "cannot be read")):
        with pytest.raises(PhotoError, match=words):
            read_picture(path)


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"BM"]),
)
def test_no_bytes_raise_anything_but_photo_error(data, magic):
    with contextlib.suppress(PhotoError):
        read_picture(magic + data)


def test_notes_name_the_file_that_was_given(tmp_path):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "green")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    read_picture(data, name="a.gif")
    assert read_picture(data, name="b.gif").notes == ("b.gif has several frames; the first one is used.",)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_refused_without_waiting(tmp_path):
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    link = tmp_path / "link.jpg"
    link.symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(PhotoError, match="is a named pipe"):
            read_picture(path)
    with pytest.raises(PhotoError, match="is a device"):
        read_picture("/dev/zero")
