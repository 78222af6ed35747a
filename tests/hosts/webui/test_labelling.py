"""Labels in what the webui saves and answers, with its own code for both written again."""

from __future__ import annotations

import base64
import io
import json
import types

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from facechain_ext.labels import describe, read_packet, write_packet
from tests.labels.pictures import PERSON, encoded
from tests.labels.test_labels import packet_of

KEY = "XML:com.adobe.xmp"


@pytest.fixture
def models(tmp_path):
    return tmp_path


def save(host, path, infotext, *, picture=None, pnginfo_on=True, p=None, existing=None):
    """As the webui saves: its callbacks around ``add_text(key, str(value))`` for PNG, or none of it for others."""
    picture = picture if picture is not None else Image.new("RGB", (32, 32))
    params = types.SimpleNamespace(image=picture, p=p, filename=str(path), pnginfo={**(existing or {})})
    params.pnginfo["parameters"] = infotext
    for callback in host.callbacks.before_saved:
        callback(params)
    texts = PngInfo()
    for name, value in params.pnginfo.items():
        texts.add_text(name, str(value))
    if path.suffix == ".png":
        picture.save(path, pnginfo=texts if pnginfo_on else None)
    else:
        picture.save(path)
    for callback in host.callbacks.saved:
        callback(params)
    return params


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize("pnginfo_on", [True, False])
def test_every_saved_picture_of_a_person_has_its_label(host, tmp_path, suffix, pnginfo_on):
    path = tmp_path / f"a{suffix}"
    params = save(host, path, PERSON, pnginfo_on=pnginfo_on)
    assert describe(read_packet(path.read_bytes()))["source_type"] == "trainedAlgorithmicMedia"
    assert params.image.info[KEY] == read_packet(path.read_bytes())
    if suffix == ".png":
        assert Image.open(path).info.get("parameters") == (PERSON if pnginfo_on else None)


def test_pictures_of_nobody_are_left_alone(host, tmp_path):
    params = save(host, tmp_path / "a.png", "a photo\nSteps: 3, Seed: 1, Size: 8x8")
    assert KEY not in params.pnginfo
    assert KEY not in params.image.info
    assert read_packet((tmp_path / "a.png").read_bytes()) == ""


def test_the_second_smaller_jpeg_has_the_label_too(host, tmp_path):
    (tmp_path / "a.jpg").write_bytes(encoded("JPEG"))
    save(host, tmp_path / "a.png", PERSON)
    assert read_packet((tmp_path / "a.jpg").read_bytes()) == read_packet((tmp_path / "a.png").read_bytes())


def test_marks_of_an_img2img_picture_are_kept(host, tmp_path):
    for kind in ("PNG", "JPEG"):
        start = Image.open(io.BytesIO(write_packet(encoded(kind), packet_of("trainedAlgorithmicMedia"))))
        p = types.SimpleNamespace(init_images=[start])
        save(host, tmp_path / f"{kind}.png", PERSON + ", Denoising strength: 0.4", p=p)
        content = (tmp_path / f"{kind}.png").read_bytes()
        assert describe(read_packet(content))["source_type"] == "trainedAlgorithmicMedia"
        assert b"Anna, all rights" in content


def test_extras_hands_a_label_on(host, tmp_path):
    first = save(host, tmp_path / "a.png", PERSON)
    again = save(host, tmp_path / "b.png", PERSON, existing={KEY: str(first.pnginfo[KEY])})
    assert again.pnginfo[KEY] == first.pnginfo[KEY]
    assert read_packet((tmp_path / "b.png").read_bytes()) == first.pnginfo[KEY]


def test_results_in_memory_are_labelled_for_downloads_and_answers(host):
    pictures = [Image.new("RGB", (8, 8)) for _ in range(3)]
    processed = types.SimpleNamespace(
        images=pictures, infotexts=[PERSON, "nobody\nSteps: 1, Seed: 2, Size: 8x8"], extra_generation_params={}
    )
    host.script.postprocess(types.SimpleNamespace(extra_generation_params={}), processed)
    assert [KEY in picture.info for picture in pictures] == [True, False, False]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_an_answer_has_labels_in_formats_that_the_webui_writes_without(host, kind):
    from facechain_ext.hosts.webui.labelling import label_answer

    plain = base64.b64encode(encoded(kind)).decode()
    info = json.dumps({"infotexts": [PERSON, "nobody\nSteps: 1"]})
    body = json.dumps({"images": [plain, plain, plain], "info": info}, separators=(",", ":")).encode()
    answer = json.loads(label_answer(body))
    packets = [read_packet(base64.b64decode(picture)) for picture in answer["images"]]
    assert [bool(packet) for packet in packets] == [True, False, False]
    assert answer["info"] == info
    for other in (
        b"",
        b"{}",
        b"[1]",
        b'{"images":3}',
        b'{"images":["?"],"info":"{}"}',
        body.replace(b"Anna", b"")[:90],
    ):
        assert label_answer(other) == other


def test_the_settings_page_decides(host, tmp_path):
    for callback in host.callbacks.settings:
        callback()
    opts = host.shared.opts
    assert opts.facechain_labels is True
    opts.facechain_label_producer, opts.facechain_label_corner = "us", "top left"
    params = save(host, tmp_path / "a.png", PERSON)
    assert json.loads(describe(params.pnginfo[KEY])["aigc"])["ContentProducer"] == "us"
    p = types.SimpleNamespace(extra_generation_params={"FaceChain identity": "Anna (0123abcd)"})
    shown = types.SimpleNamespace(image=Image.new("RGB", (64, 64), (200, 200, 200)))
    host.script.postprocess_image(p, shown)
    assert shown.image.getpixel((0, 0))[0] < 200
    opts.facechain_labels = False
    assert KEY not in save(host, tmp_path / "b.png", PERSON).pnginfo
