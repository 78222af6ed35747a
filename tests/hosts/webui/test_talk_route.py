"""A talking portrait over the API: a labelled mp4, or a sentence."""

from __future__ import annotations

import base64
import io

import pytest

gr = pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

import numpy as np
from PIL import Image

from facechain_ext.errors import InputError, PhotoError
from facechain_ext.labels import describe, read_packet
from tests.hosts.webui.photo import PHOTO, base64_of
from tests.media.conftest import bursts, ffmpeg

__all__ = ["bursts", "ffmpeg"]


@pytest.fixture(scope="module")
def models(card_models):
    return card_models


def text(content):
    return base64.b64encode(content).decode()


def portrait():
    return base64_of(np.asarray(Image.open(io.BytesIO(PHOTO)).convert("RGB").resize((256, 256))))


def talk(**body):
    from facechain_ext.hosts.webui.talk_route import create_talking_portrait

    return create_talking_portrait(body)


def test_the_answer_is_a_labelled_video(host, bursts):
    pytest.importorskip("mediapipe", reason="mediapipe is not installed here")
    answer = talk(picture=portrait(), voice=text(bursts.read_bytes()), agreed=True, settings={"fps": 5, "seed": 1})
    content = base64.b64decode(answer["video"])
    assert content[4:8] == b"ftyp"
    assert describe(read_packet(content))["source_type"] == "compositeSynthetic"
    assert isinstance(answer["notes"], list)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"picture": "x", "folder": "/"}, "takes agreed, picture"),
        ({"picture": "x"}, "either voice or say"),
        ({"picture": "x", "voice": "x", "say": "hello"}, "either voice or say"),
        ({"picture": "x", "say": "hello"}, "never did or said"),
        ({"picture": "x", "say": "hello", "agreed": "yes"}, "never did or said"),
        ({"picture": "x", "say": "hello", "agreed": True, "settings": {"speed": 2}}, "settings of a talking portrait"),
        ({"picture": "x", "say": "hello", "agreed": True, "settings": {"side": 300.5}}, "side of a talking portrait"),
        ({"picture": "x", "say": "hello", "agreed": True, "settings": {"mark": 1}}, "mark of a talking portrait"),
        *(
            (
                {"picture": "x", "say": "hello", "agreed": True, "settings": {name: value}},
                f"{name} of a talking portrait",
            )
            for name in ("seed", "fps")
            for value in (float("inf"), float("nan"), 10**400)
        ),
    ],
)
def test_what_is_wrong_is_said(host, body, reason):
    with pytest.raises(InputError, match=reason):
        talk(**body)


def test_a_picture_that_is_none_is_refused(host):
    with pytest.raises((InputError, PhotoError)):
        talk(picture=text(b"no picture"), say="hello", agreed=True)
