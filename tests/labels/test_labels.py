"""Labels: what is written is read by others, pixels and metadata stay, marks of input pictures are kept."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import shutil
import struct
import subprocess
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from facechain_ext.errors import InputError, PhotoError
from facechain_ext.labels import Label, describe, kept_marks, labelled_packet, read_packet, write_packet
from facechain_ext.labels.visible import draw_label
from tests.labels.pictures import PIXELS, encoded, pixels

KINDS = ("PNG", "JPEG", "WEBP", "AVIF")
LABEL = Label(
    "trainedAlgorithmicMedia",
    "FaceChain for SD WebUI 1.2.3",
    dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.timezone.utc),
    "0123456789abcdef0123456789abcdef",
    "某公司",
)
FIRST_FILE = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def packet_of(kind, **properties):
    """An input picture's packet, written by hand as an editor would."""
    attributes = "".join(f' {name.replace("__", ":")}="{value}"' for name, value in properties.items())
    return (
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        "<rdf:Description xmlns:Iptc4xmpExt='http://iptc.org/std/Iptc4xmpExt/2008-02-29/'"
        " xmlns:exif='http://ns.adobe.com/exif/1.0/' xmlns:xmpMM='http://ns.adobe.com/xap/1.0/mm/'"
        " xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:TC260='http://www.tc260.org.cn/ns/AIGC/1.0/'"
        f" Iptc4xmpExt:DigitalSourceType='{FIRST_FILE}{kind}'{attributes}>"
        "<dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>Anna, all rights</rdf:li></rdf:Alt></dc:rights>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("times", [1, 2])
def test_a_label_is_written_and_read_and_no_pixel_changes(kind, times):
    content, packet = encoded(kind), labelled_packet(LABEL)
    labelled = content
    for number in range(times):
        labelled = write_packet(labelled, packet if number == times - 1 else labelled_packet(Label("compositeCapture")))
    assert read_packet(labelled) == packet
    assert np.array_equal(pixels(labelled), pixels(content))
    assert labelled.count(b"FaceChain for SD WebUI") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_pillow_and_exiftool_read_it(kind, tmp_path):
    content = write_packet(encoded(kind), labelled_packet(LABEL))
    if kind != "AVIF":
        info = Image.open(io.BytesIO(content)).info
        seen = info.get("XML:com.adobe.xmp") if kind == "PNG" else info.get("xmp", b"").decode()
        assert seen == labelled_packet(LABEL) or (kind == "JPEG" and not seen)  # Pillow before 11 keeps it elsewhere
    if shutil.which("exiftool") is None:
        pytest.skip("no exiftool here")
    file = tmp_path / f"a.{kind.lower()}"
    file.write_bytes(content)
    command = ["exiftool", "-j", "-n", "-validate", "-XMP:all", str(file)]
    (found,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert found["DigitalSourceType"] == f"{FIRST_FILE}trainedAlgorithmicMedia"
    assert found["CreatorTool"] == "FaceChain for SD WebUI 1.2.3"
    assert found["CreateDate"] == "2026:11:30 12:00:00+00:00"
    assert found["DocumentID"] == f"xmp.did:{LABEL.identifier}"
    assert str(found["Validate"]).startswith("0 0"), found["Validate"]  # errors, warnings
    aigc = found.get("AIGC") or found.get("Aigc")
    assert list(json.loads(aigc)) == [
        "Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2",
    ]  # fmt: skip
    assert json.loads(aigc)["ContentProducer"] == "某公司"


def test_a_packet_is_the_xml_that_the_specification_asks_for():
    packet = labelled_packet(LABEL)
    assert packet.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    assert packet.endswith('<?xpacket end="w"?>')
    root = ET.fromstring(packet)
    (found,) = root.iter("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType")
    assert found.text == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def test_a_png_keeps_its_texts_and_a_jpeg_its_exif():
    texts = PngInfo()
    texts.add_text("parameters", "a prompt\nSteps: 3")
    png = write_packet(encoded("PNG", pnginfo=texts), labelled_packet(LABEL))
    assert Image.open(io.BytesIO(png)).info["parameters"] == "a prompt\nSteps: 3"
    exif = Image.Exif()
    exif[0x9286] = b"UNICODE\0" + "a prompt".encode("utf-16-be")
    for kind in ("JPEG", "WEBP"):
        content = encoded(kind, exif=exif.tobytes())
        labelled = write_packet(content, labelled_packet(LABEL))
        assert Image.open(io.BytesIO(labelled)).getexif()[0x9286] == exif[0x9286]


def test_a_plain_text_writer_makes_xmp_of_a_packet():
    """The webui writes each entry with ``add_text(key, str(value))``; only iTXt counts as XMP."""
    texts = PngInfo()
    texts.add_text("XML:com.adobe.xmp", str(labelled_packet(LABEL)))
    content = encoded("PNG", pnginfo=texts)
    assert b"iTXtXML:com.adobe.xmp\0" in content
    assert b"tEXtXML" not in content
    assert read_packet(content) == labelled_packet(LABEL)


@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_a_simple_webp_becomes_an_extended_one_of_the_same_size(mode):
    picture = Image.fromarray(PIXELS).convert(mode)
    for lossless in (False, True):
        content = encoded("WEBP", picture, lossless=lossless)
        labelled = write_packet(content, labelled_packet(LABEL))
        assert Image.open(io.BytesIO(labelled)).size == picture.size
        assert np.array_equal(pixels(labelled), pixels(content))


def test_compressed_packets_are_read():
    packet = labelled_packet(LABEL).encode()
    body = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(packet)
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    content = encoded("PNG")
    assert read_packet(content[:33] + chunk + content[33:]) == packet.decode()


def test_marks_of_the_input_are_kept_and_its_private_facts_are_not():
    earlier = packet_of("digitalCapture", exif__GPSLatitude="52,30N", xmpMM__DocumentID="xmp.did:one")
    packet = labelled_packet(Label("compositeWithTrainedAlgorithmicMedia"), [earlier])
    facts = describe(packet)
    assert facts["source_type"] == "compositeWithTrainedAlgorithmicMedia"
    assert facts["derived_from"] == "xmp.did:one"
    assert "Anna, all rights" in packet
    assert "GPS" not in packet
    assert "exif:GPSLatitude" in labelled_packet(LABEL, existing=earlier) or "GPSLatitude" in labelled_packet(
        LABEL, existing=earlier
    )


def test_a_part_of_a_picture_that_a_model_made_is_made_by_a_model():
    earlier = packet_of("trainedAlgorithmicMedia")
    packet = labelled_packet(Label("compositeWithTrainedAlgorithmicMedia"), [earlier])
    assert describe(packet)["source_type"] == "trainedAlgorithmicMedia"


@pytest.mark.parametrize(
    ("earlier", "producer", "expected"),
    [
        (None, "", None),
        (None, "us", {"Label": "1", "ContentProducer": "us", "ContentPropagator": ""}),
        ({"Label": "1", "ContentProducer": "them", "ProduceID": "7"}, "", {"ContentProducer": "them"}),
        (
            {"Label": "1", "ContentProducer": "them", "ProduceID": "7"},
            "us",
            {"ContentProducer": "them", "ProduceID": "7", "ContentPropagator": "us"},
        ),
    ],
)
def test_an_earlier_producer_stays_and_ours_passes_it_on(earlier, producer, expected):
    written = json.dumps(earlier).replace('"', "&quot;") if earlier else None
    inherited = [packet_of("digitalCapture", **({"TC260__AIGC": written} if written else {}))]
    aigc = describe(labelled_packet(Label("compositeCapture", producer=producer), inherited)).get("aigc")
    if expected is None:
        assert aigc is None
    else:
        assert json.loads(aigc).items() >= expected.items()


BAD_PACKETS = {
    "no xml": "hello",
    "cut": labelled_packet(LABEL)[:400],
    "entities": "<!DOCTYPE a [<!ENTITY b 'c'>]>" + packet_of("digitalCapture"),
    "too large": packet_of("digitalCapture") + " " * (1 << 20),
}


@pytest.mark.parametrize("packet", BAD_PACKETS.values(), ids=BAD_PACKETS)
def test_a_bad_packet_is_refused_with_a_sentence(packet):
    with pytest.raises(PhotoError, match="XMP"):
        kept_marks(packet)


@pytest.mark.parametrize("kind", KINDS)
def test_cut_and_foreign_files_end_in_a_sentence(kind):
    content = encoded(kind)
    for end in (*range(12, min(len(content), 120)), len(content) // 2):
        assert isinstance(read_packet(content[:end]), str)
        with contextlib.suppress(PhotoError):  # any other error fails the test
            write_packet(content[:end], labelled_packet(LABEL))
    for foreign in (b"", b"GIF89a" + bytes(20), b"plain words"):
        assert read_packet(foreign) == ""
        with pytest.raises(PhotoError, match="GIF"):
            write_packet(foreign, labelled_packet(LABEL))


def test_a_packet_too_large_for_a_jpeg_is_refused():
    with pytest.raises(PhotoError, match="65"):
        write_packet(encoded("JPEG"), "x" * 70_000)


@pytest.mark.parametrize("corner", ["top left", "top right", "bottom left", "bottom right"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_the_visible_label_stands_in_its_corner_and_nowhere_else(corner, mode):
    picture = Image.new(mode, (300, 200), 128 if mode == "L" else (120, 130, 140, 255)[: len(mode)])
    picture.info["parameters"] = "a prompt"
    labelled = draw_label(picture, "AI", corner)
    assert (labelled.mode, labelled.size, labelled.info["parameters"]) == (mode, (300, 200), "a prompt")
    rows, columns = np.nonzero(np.asarray(labelled.convert("L"), int) != np.asarray(picture.convert("L"), int))
    assert rows.max() - rows.min() + 1 >= 0.05 * 200
    assert (rows.min() == 0) == corner.startswith("top")
    assert (rows.max() == 199) == corner.startswith("bottom")
    assert (columns.min() == 0) == corner.endswith("left")
    assert (columns.max() == 299) == corner.endswith("right")
    assert columns.max() - columns.min() < 100
    assert draw_label(labelled, "AI", corner) is labelled


def test_no_visible_label_leaves_the_picture_itself():
    picture = Image.new("RGB", (64, 64))
    assert draw_label(picture, "AI", "off") is picture
    assert draw_label(picture, "  ", "top left") is picture


def test_letters_that_no_font_has_are_refused_instead_of_drawn_as_boxes():
    with pytest.raises(InputError, match="No font"):
        draw_label(Image.new("RGB", (64, 64)), "\U0010fffd", "top left")
