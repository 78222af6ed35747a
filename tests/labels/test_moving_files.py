"""Labels in mp4, GIF and animated WebP: read by others, and no frame changes."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess

import numpy as np
import pytest
from PIL import Image, ImageSequence

from facechain_ext.errors import PhotoError
from facechain_ext.labels import Label, describe, labelled_packet, read_packet, write_packet
from facechain_ext.labels.label import SYNTHETIC

PACKET = labelled_packet(Label(SYNTHETIC))


def box(kind, body):
    return struct.pack(">I4s", 8 + len(body), kind) + body


MP4 = box(b"ftyp", b"isom\0\0\2\0isomiso2") + box(b"moov", b"\1" * 20) + box(b"mdat", b"\2" * 33)
"""Boxes as encoders write them; what is in them plays no part."""


def animation(kind):
    pictures = [Image.fromarray(np.full((8, 8, 3), shade, np.uint8)) for shade in (10, 120, 240)]
    file = io.BytesIO()
    pictures[0].save(file, format=kind, save_all=True, append_images=pictures[1:], duration=40)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
@pytest.mark.parametrize("times", [1, 2])
def test_an_animation_keeps_its_frames(kind, times):
    content = labelled = animation(kind)
    for _ in range(times):
        labelled = write_packet(labelled, PACKET)
    assert read_packet(labelled) == PACKET
    with Image.open(io.BytesIO(content)) as old, Image.open(io.BytesIO(labelled)) as new:
        assert [f.convert("RGB").tobytes() for f in ImageSequence.Iterator(old)] == [
            f.convert("RGB").tobytes() for f in ImageSequence.Iterator(new)
        ]
    assert labelled.count(b"xpacket begin") == 1


def test_an_mp4_keeps_every_box_where_it_was():
    labelled = write_packet(MP4, PACKET)
    assert labelled.startswith(MP4)
    assert read_packet(labelled) == PACKET
    again = write_packet(labelled, labelled_packet(Label("compositeCapture")))
    assert again.startswith(MP4)
    assert describe(read_packet(again))["source_type"] == "compositeCapture"
    assert again.count(b"xpacket begin") == 1


def test_a_packet_between_boxes_becomes_free_space():
    labelled = write_packet(MP4, PACKET) + box(b"mdat", b"\3" * 5)
    again = write_packet(labelled, PACKET)
    assert again.index(b"\3" * 5) == labelled.index(b"\3" * 5)
    assert again.count(b"xpacket begin") == 1


def test_a_damaged_mp4_is_refused():
    assert read_packet(MP4[:-4]) == ""
    with pytest.raises(PhotoError, match="mp4 file ends too early"):
        write_packet(MP4[:-4], PACKET)
    with pytest.raises(PhotoError, match="GIF file ends too early"):
        write_packet(animation("GIF")[:-1], PACKET)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="no exiftool here")
@pytest.mark.parametrize(("name", "content"), [("a.mp4", MP4), ("a.gif", animation("GIF"))], ids=["mp4", "gif"])
def test_exiftool_reads_it(tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(write_packet(content, PACKET))
    command = ["exiftool", "-j", "-n", "-XMP:all", str(file)]
    (found,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert found["DigitalSourceType"].endswith("/compositeSynthetic")


@pytest.mark.parametrize(
    ("of_portrait", "said"),
    [
        ("trainedAlgorithmicMedia", "trainedAlgorithmicMedia"),
        ("compositeWithTrainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"),
        ("digitalCapture", "compositeSynthetic"),
    ],
)
def test_a_moved_picture_says_what_the_picture_was(of_portrait, said):
    portrait = PACKET.replace("compositeSynthetic", of_portrait)
    assert describe(labelled_packet(Label(SYNTHETIC), [portrait]))["source_type"] == said
