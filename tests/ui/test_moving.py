"""The moving portrait of the page: its requests, a whole video, and sending a result to it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image
from skimage import data

gradio = pytest.importorskip("gradio", reason="gradio is not installed")

from facechain_ext.errors import InputError
from facechain_ext.jobs.job_request import parse_job_request
from facechain_ext.labels import describe, read_packet
from facechain_ext.ui.html import details_html
from facechain_ext.ui.moving.panel import read_request
from facechain_ext.ui.moving.request import (
    MICROPHONE,
    RECORDING,
    REPLACE,
    SPEAK,
    WORDS,
    MovingRequest,
    make_video,
    request_values,
)
from facechain_ext.ui.moving.sending import PictureReceiver, PictureSender, connect
from facechain_ext.ui.template.finished import FinishedTemplate, picture_to_send
from tests.media.conftest import bursts, ffmpeg
from tests.ui.fakes import FakeHost

__all__ = ["bursts", "ffmpeg"]
TALKING, CLIP = [25, 720, 1, 0, 0], [0, 1, True, False]
"""Values of the fields of settings as gradio gives them."""


class Uploads(FakeHost):
    def uploaded_path(self, file):
        return Path(file)

    def save_video(self, content, stem):
        path = self.folder / f"{stem}-0001.mp4"
        path.write_bytes(content)
        return path


@pytest.fixture
def host(tmp_path):
    return Uploads(tmp_path)


def values(kind=SPEAK, origin=WORDS, words="hello", engine="preview", person="", mark=True, agreed=True, clip=None):
    voice = (origin, words, "espeak-ng", "", False, "a.wav", "b.wav")
    return (kind, *voice, engine, clip, person, mark, agreed, *TALKING, *CLIP)


PHOTOS = {"1 guest.png": Path("guest.png")}
REQUESTS = {
    "words": (values(), {"recipe": "talk", "say": "hello", "engine": "preview"}, {"picture": "anna.png"}),
    "recording": (values(origin=RECORDING), {"voice": "voice"}, {"picture": "anna.png", "voice": "a.wav"}),
    "microphone": (values(origin=MICROPHONE), {"voice": "voice"}, {"picture": "anna.png", "voice": "b.wav"}),
    "engine": (values(engine="SadTalker"), {"engine": "sadtalker"}, {"picture": "anna.png"}),
    "photo": (
        values(REPLACE, clip="c.mp4", person="photo: 1 guest.png"),
        {"recipe": "clip", "photo": "photo"},
        {"clip": "c.mp4", "photo": "guest.png"},
    ),
    "card": (values(REPLACE, clip="c.mp4", person="card: Anna"), {"card": "Anna"}, {"clip": "c.mp4"}),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_the_fields_are_the_request_of_a_job(host, case):
    given, wanted, files = REQUESTS[case]
    made, named = request_values(read_request(host, [Path("anna.png")], PHOTOS, given))
    assert wanted.items() <= made.items()
    assert {name: str(path) for name, path in named.items()} == files
    parsed = parse_job_request(made)
    assert parsed.facts.settings.mark


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (MovingRequest(pictures=(Path("a"), Path("b")), words="hello"), "2 templates are chosen"),
        (MovingRequest(pictures=(Path("a"),)), "no words to say"),
        (MovingRequest(REPLACE), "Drop a clip first"),
        (MovingRequest(REPLACE, clip=Path("c"), person="photo: gone"), "Choose who is put into the clip"),
    ],
)
def test_what_is_lacking_is_named(request_, words):
    with pytest.raises(InputError, match=words):
        request_values(request_)


def test_without_the_consent_nothing_is_made(host, tmp_path):
    Image.fromarray(data.astronaut()).save(tmp_path / "anna.png")
    with pytest.raises(InputError, match="Confirm that the person agrees"):
        make_video(host, MovingRequest(pictures=(tmp_path / "anna.png",), words="hello"), lambda *_: True)


def test_a_recording_becomes_a_saved_labelled_video(host, bursts, tmp_path, monkeypatch):
    pytest.importorskip("mediapipe", reason="mediapipe is not installed here")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    Image.fromarray(data.astronaut()).resize((256, 256)).save(tmp_path / "anna.png")
    request = MovingRequest(pictures=(tmp_path / "anna.png",), recording=bursts, settings={"fps": 5.0}, agreed=True)
    made = make_video(host, request, lambda *_: True)
    assert made.file == "talking-0001.mp4"
    assert made.shown.is_relative_to(tmp_path / "uploads")
    assert made.shown.read_bytes() == (tmp_path / made.file).read_bytes()
    assert describe(read_packet(made.shown.read_bytes()))["source_type"] == "compositeSynthetic"


def test_the_selected_result_is_sent_with_its_settings():
    def one(shade):
        text = f"words\nSteps: 2, FaceChain identity: Anna (0123), Seed: {shade}"
        return FinishedTemplate(Path("a.png"), "", Image.new("RGB", (8, 8), (shade, 0, 0)), infotext=text)

    single, pair = [one(1)], [one(1), one(2)]
    assert picture_to_send([], 0) is None
    for results, selected, sent in ((single, 0, 0), (pair, 0, 0), (pair, 1, 0), (pair, 2, 1), (pair, 9, 0)):
        content = picture_to_send(results, selected)
        assert Image.open(io.BytesIO(content)).text["parameters"] == results[sent].infotext
        assert describe(read_packet(content))["source_type"] == "trainedAlgorithmicMedia"


@dataclass
class Button:
    """A button that keeps the handler it was given."""

    handlers: list = field(default_factory=list)

    def click(self, handler, *_values, **_options):
        self.handlers.append(handler)


def test_a_button_sends_its_picture_to_the_template_field_and_opens_that_tab(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    button = Button()
    sender = PictureSender(button, [], lambda content: content)
    connect(None, [PictureReceiver(None, None, "make it move", "facechain_template"), "another part", sender])
    (handler,) = button.handlers
    assert handler(None) == [gradio.update()] * 3
    (file,), action, tab = handler(b"a picture")
    assert Path(file).is_relative_to(tmp_path / "uploads")
    assert Path(file).read_bytes() == b"a picture"
    assert action == "make it move"
    assert tab == gradio.update(selected="facechain_template")


def test_a_log_is_shown_as_text():
    assert "&lt;script&gt;" in details_html("<script>")
    assert details_html("") == ""
