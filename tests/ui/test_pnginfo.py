"""The webui's settings text: from files, and taken apart."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from facechain_ext.errors import PhotoError
from facechain_ext.ui.pnginfo import parse_infotext, read_infotext

TEXT = (
    "a woman, by the sea <lora:ink:0.5>\nsecond line\nNegative prompt: bad, worse\n"
    'Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, FaceChain prompt: "a hat, red: very"'
)


def test_parse_infotext():
    parsed = parse_infotext(TEXT)
    assert parsed.prompt == "a woman, by the sea\nsecond line"
    assert parsed.negative == "bad, worse"
    assert parsed.values["Sampler"] == "DPM++ 2M"
    assert parsed.values["FaceChain prompt"] == "a hat, red: very"


@pytest.mark.parametrize("text", ["", "\n\n", "a woman, by the sea", "Steps: 3, Seed: 1", '"', "a: " * 10000])
def test_a_text_without_settings(text):
    assert parse_infotext(text).values == {}


@given(st.dictionaries(st.sampled_from(["FaceChain prompt", "FaceChain words", "Model"]), st.text(max_size=60)))
def test_any_quoted_value_comes_back(values):
    line = ", ".join(f"{label}: {json.dumps(value, ensure_ascii=True)}" for label, value in values.items())
    parsed = parse_infotext(f"prompt\nSteps: 1, Seed: 2, CFG scale: 3{', ' if line else ''}{line}")
    assert {label: parsed.values[label] for label in values} == values


def test_png_jpeg_and_webp_files(tmp_path):
    picture, inside = Image.new("RGB", (8, 8)), PngInfo()
    inside.add_itxt("parameters", TEXT)
    picture.save(tmp_path / "a.png", pnginfo=inside)
    exif = Image.Exif()
    exif[0x8769] = {0x9286: b"UNICODE\0" + TEXT.encode("utf-16-be")}  # so that Pillow 9.5 writes it too
    for name in ("a.jpg", "a.webp"):
        picture.save(tmp_path / name, exif=exif)
    for name in ("a.png", "a.jpg", "a.webp"):
        assert read_infotext(tmp_path / name) == TEXT, name
    picture.save(tmp_path / "bare.png")
    assert read_infotext(tmp_path / "bare.png") == ""


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\nhalf"])
def test_a_file_that_is_no_picture(tmp_path, content):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(PhotoError, match=r"x\.png"):
        read_infotext(tmp_path / "x.png")
