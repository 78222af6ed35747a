"""Talking portraits and clips over the API: a labelled mp4, or a sentence."""

from __future__ import annotations

import base64
import io

import pytest

gr = pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

import numpy as np
from PIL import Image

from facechain_ext.errors import InputError, PhotoError
from facechain_ext.labels import describe, read_packet
from facechain_ext.media.clip import open_clip
from facechain_ext.media.video import write_video
from tests.detectors import need_detector
from tests.hosts.webui.photo import PHOTO, base64_of
from tests.media.conftest import bursts, ffmpeg

__all__ = ["bursts", "ffmpeg"]


@pytest.fixture(scope="module")
def models(card_models):
    return card_models


def text(content):
    return base64.b64encode(content).decode()


def pixels():
    return np.asarray(Image.open(io.BytesIO(PHOTO)).convert("RGB").resize((256, 256)))


def answer(recipe, /, **body):
    from facechain_ext.hosts.webui.picture_route import create_video

    return create_video(recipe, body)


def test_the_answer_is_a_labelled_video(host, bursts):
    need_detector()
    voice = text(bursts.read_bytes())
    found = answer("talk", picture=base64_of(pixels()), voice=voice, agreed=True, settings={"fps": 5, "seed": 1})
    content = base64.b64decode(found["video"])
    assert content[4:8] == b"ftyp"
    assert describe(read_packet(content))["source_type"] == "compositeSynthetic"
    assert isinstance(found["notes"], list)


def first_frame(path):
    return next(iter(open_clip(path).frames())).astype(np.float32)


def test_a_clip_comes_back_with_the_person_in_it(host, ffmpeg, tmp_path):
    need_detector()
    before, after = tmp_path / "a.mp4", tmp_path / "b.mp4"
    write_video(iter([pixels()] * 2), before, 5, suffix=".mp4")
    warm = np.clip(pixels()[:, ::-1] * np.array([1.1, 0.9, 0.6]), 0, 255).astype(np.uint8)
    found = answer("clip", clip=text(before.read_bytes()), photo=base64_of(warm), agreed=True)
    after.write_bytes(base64.b64decode(found["video"]))
    assert describe(read_packet(after.read_bytes()))["source_type"] == "compositeCapture"
    was, now = first_frame(before), first_frame(after)
    face, elsewhere = np.s_[40:70, 100:130], np.s_[150:, :150]
    redder = (now - was)[face].mean((0, 1)) @ [1, 0, -1]
    assert redder > 5, "the face has the colours of the photo"
    assert np.abs(now - was)[elsewhere].mean() < 3, "what is no face is the clip's"


TALK = {"picture": "x", "say": "hello", "agreed": True}
CLIP = {"clip": "x", "photo": "x", "agreed": True}


@pytest.mark.parametrize(
    ("recipe", "body", "reason"),
    [
        ("talk", {**TALK, "folder": "/"}, "a talk has no 'folder'"),
        ("talk", {**TALK, "recipe": "talk"}, "without its name"),
        ("talk", {"picture": "x", "agreed": True}, "either voice or say"),
        ("talk", {**TALK, "voice": "x"}, "either voice or say"),
        ("talk", {"picture": "x", "say": "hello"}, "never did or said"),
        ("talk", {**TALK, "agreed": "yes"}, "agreed is true or false"),
        ("talk", {**TALK, "say": "a" * 3001}, "up to 3000 characters"),
        ("talk", {**TALK, "speaker": "sam"}, "speaker is 'sam'"),
        ("talk", {**TALK, "speaker_voice": "../a.onnx"}, "speaker_voice is"),
        ("talk", {**TALK, "speaker_voice": "-w"}, "speaker_voice is"),
        ("talk", {**TALK, "engine": "/bin/sh"}, "engine is '/bin/sh'"),
        ("talk", {**TALK, "engine": "sadtalker"}, "The engine sadtalker is not set up here"),
        ("talk", {**TALK, "settings": {"speed": 2}}, "no setting 'speed'"),
        ("talk", {**TALK, "settings": {"side": 300.5}}, "side is a whole number"),
        ("talk", {**TALK, "settings": {"mark": 1}}, "mark is true or false"),
        *(
            ("talk", {**TALK, "settings": {name: value}}, f"{name} is a number from")
            for name in ("seed", "fps")
            for value in (float("inf"), float("nan"), 10**400, -1)
        ),
        ("clip", {"photo": "x", "agreed": True}, "a clip is a video"),
        ("clip", {**CLIP, "card": "Anna"}, "one of the two"),
        ("clip", {**CLIP, "agreed": False}, "never did or said"),
        ("clip", {**CLIP, "settings": {"strength": 2}}, "strength is a number from 0 to 1"),
        ("clip", {**CLIP, "clip": "§"}, "the clip is a video in base64"),
        ("clip", {**CLIP, "photo": None}, "photo is"),
    ],
)
def test_what_is_wrong_is_said(host, recipe, body, reason):
    with pytest.raises(InputError, match=reason):
        answer(recipe, **body)


def test_a_play_list_is_no_clip(host):
    photo = base64_of(pixels())
    with pytest.raises(InputError, match="The clip cannot be read as a video"):
        answer("clip", clip=text(b"#EXTM3U\n#EXTINF:1\nfile:///etc/passwd\n"), photo=photo, agreed=True)


def test_a_picture_that_is_none_is_refused(host, bursts):
    with pytest.raises(PhotoError, match="is not a picture"):
        answer("talk", picture=text(b"no picture"), voice=text(bursts.read_bytes()), agreed=True)


def test_the_engines_are_those_of_the_settings_page(host):
    from facechain_ext.hosts.webui.settings import add_options, engines

    add_options(list)
    assert engines().names == ("preview",)
    named = {key: option for key, option in host.shared.opts.added.items() if "talking" in key or "sadtalker" in key}
    assert len(named) == 4
    assert all(option.restrict_api for option in named.values()), "a request of the API may set none of them"
    host.shared.opts.facechain_sadtalker = " /opt/SadTalker "
    host.shared.opts.facechain_talking_command = "run {picture} {sound} {folder}"
    assert engines().names == ("preview", "sadtalker", "command")
    with pytest.raises(InputError, match="/opt/SadTalker is not SadTalker"):
        answer("talk", **TALK, engine="sadtalker")
