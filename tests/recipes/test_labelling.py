"""Which label a picture gets by its infotext, and where it is written."""

from __future__ import annotations

import io
import logging

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from skimage import data

from facechain_ext.hosts.diffusers.output import save_picture
from facechain_ext.labels import LabelSettings, describe, read_packet, use_label_settings, write_packet
from facechain_ext.recipes.labelling import label_file, label_image, mark_picture, mark_pixels, packet_for, source_type
from facechain_ext.recipes.style import Finished, make
from facechain_ext.recipes.template import read_template
from tests.labels.pictures import PERSON, encoded
from tests.labels.test_labels import packet_of

TEMPLATE = "FaceChain recipe: template, FaceChain template faces: {faces}, FaceChain quality: {quality}, Version: x"
CASES = {
    "text alone": (PERSON, "trainedAlgorithmicMedia"),
    "the second pass of hires fix": (
        PERSON + ", Denoising strength: 0.5, Hires upscale: 2, Hires upscaler: Latent",
        "trainedAlgorithmicMedia",
    ),
    "from a picture": (PERSON + ", Denoising strength: 0.6", "compositeWithTrainedAlgorithmicMedia"),
    "no person": ("a photo\nSteps: 3, Seed: 1", None),
    "a prompt that names the label": ("FaceChain identity: Anna\nSteps: 3, Seed: 1", None),
    "nothing": ("", None),
    "a painted template": (
        "x\nNegative prompt: y\nSeed: 1, " + TEMPLATE.format(faces='"1: card Anna"', quality="standard"),
        "compositeWithTrainedAlgorithmicMedia",
    ),
    "an instant template": (TEMPLATE.format(faces='"1: photo 01; 2: pixelate"', quality="instant"), "compositeCapture"),
    "pixelated faces": (TEMPLATE.format(faces='"1: pixelate"', quality="instant"), "algorithmicallyEnhanced"),
}  # fmt: skip


@pytest.mark.parametrize(("infotext", "expected"), CASES.values(), ids=CASES)
def test_the_source_type_is_read_off_the_infotext(infotext, expected):
    assert source_type(infotext) == expected
    assert describe(packet_for(infotext)).get("source_type") == expected if expected else not packet_for(infotext)


def test_each_picture_has_an_id_of_its_own_and_keeps_it():
    one, two = Image.new("RGB", (8, 8)), Image.new("RGB", (8, 8))
    first = label_image(one, PERSON)
    assert label_image(one, PERSON) == first
    assert describe(label_image(two, PERSON))["identifier"] != describe(first)["identifier"]


def test_switched_off_nothing_is_written():
    use_label_settings(lambda: LabelSettings(enabled=False))
    picture = Image.new("RGB", (8, 8))
    assert label_image(picture, PERSON) == ""
    assert not picture.info
    assert label_file(encoded("PNG"), PERSON) == encoded("PNG")


def test_a_saved_picture_has_its_label_and_its_infotext(tmp_path):
    path = save_picture(Image.new("RGB", (64, 64)), tmp_path, stem="portrait", infotext=PERSON)
    assert describe(read_packet(path.read_bytes()))["source_type"] == "trainedAlgorithmicMedia"
    assert Image.open(path).info["parameters"] == PERSON


def test_the_visible_label_is_drawn_once(tmp_path):
    use_label_settings(lambda: LabelSettings(corner="top left"))
    picture = Image.new("RGB", (64, 64), (200, 200, 200))
    marked = mark_picture(picture, PERSON)
    assert np.asarray(marked)[0, 0, 0] < 200
    path = save_picture(marked, tmp_path, stem="portrait", infotext=PERSON)
    assert np.array_equal(np.asarray(Image.open(path)), np.asarray(marked))
    assert mark_picture(picture, "no person") is picture
    assert np.array_equal(mark_pixels(np.asarray(picture), PERSON), np.asarray(marked))


def test_in_place_of_a_visible_label_that_cannot_be_drawn_stands_the_default_one(caplog):
    use_label_settings(lambda: LabelSettings(corner="top left", text="\U0010fffd"))
    picture = Image.new("RGB", (64, 64))
    with caplog.at_level(logging.WARNING):
        marked = mark_picture(picture, PERSON)
    assert "No font" in caplog.text
    use_label_settings(lambda: LabelSettings(corner="top left"))
    assert np.array_equal(np.asarray(marked), np.asarray(mark_picture(picture, PERSON)))
    assert not np.array_equal(np.asarray(marked), np.asarray(picture))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_template_hands_its_marks_on(kind, tmp_path):
    earlier = packet_of("digitalCapture", xmpMM__DocumentID="xmp.did:one", exif__GPSLatitude="52,30N")
    source = write_packet(encoded(kind, Image.fromarray(data.astronaut()[:128, 100:228])), earlier)
    template = read_template(source, name="a picture")
    text = CASES["a painted template"][0]
    template.save(template.pixels, tmp_path / "out.png", text)
    content = (tmp_path / "out.png").read_bytes()
    facts = describe(read_packet(content))
    assert facts["source_type"] == "compositeWithTrainedAlgorithmicMedia"
    assert facts["derived_from"] == "xmp.did:one"
    assert b"Anna, all rights" in content
    assert b"GPS" not in content
    assert Image.open(io.BytesIO(content)).info["parameters"] == text


def test_damaged_marks_of_an_input_are_named_and_the_label_is_written(caplog):
    texts = PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", "<broken")
    with caplog.at_level(logging.WARNING):
        content = label_file(encoded("PNG", pnginfo=texts), PERSON)
    assert describe(read_packet(content))["source_type"] == "trainedAlgorithmicMedia"
    assert "marks of the input picture" in caplog.text


def test_a_finished_portrait_carries_its_label(host, person):
    from facechain_ext.recipes.job import Job, Person

    job = Job("a photo", people=(Person(person),), steps=1, width=64, height=64)
    result = make(host, job)
    (finished,) = result.pictures
    assert isinstance(finished, Finished)
    assert describe(finished.portrait.picture.info["XML:com.adobe.xmp"])["source_type"] == "trainedAlgorithmicMedia"
