"""Videos are as long as their frames, with their sound, and look like them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageSequence

from facechain_ext.errors import InputError
from facechain_ext.media.clip import open_clip
from facechain_ext.media.sound import read_sound
from facechain_ext.media.video import check_format, write_video

COLOURS = ((200, 40, 40), (40, 160, 60), (30, 60, 190), (120, 120, 120))


def frames(width=48, height=32):
    return [np.full((height, width, 3), colour, np.uint8) for colour in COLOURS]


def decoded(path):
    clip = open_clip(path)
    return list(clip.frames()), clip.fps


def test_mp4_has_the_frames_and_the_sound(tmp_path, bursts):
    path = tmp_path / "a.part"  # the temporary name has another suffix
    assert write_video(iter(frames() * 8), path, 25, suffix=".mp4", sound=bursts) == 32
    shown, fps = decoded(path)
    assert len(shown) == 32
    assert fps == 25
    for frame, wanted in zip(shown, frames() * 8, strict=True):
        assert np.abs(frame.astype(int) - wanted).mean() < 6
    assert read_sound(path).seconds == pytest.approx(1.2, abs=0.07)  # AAC comes in blocks of 64 ms


def test_an_odd_side_loses_its_last_row(tmp_path, ffmpeg):
    write_video(frames(47, 33), tmp_path / "a.mp4", 10, suffix=".mp4")
    shown, _ = decoded(tmp_path / "a.mp4")
    assert shown[0].shape == (32, 46, 3)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_animations_have_the_frames_and_their_time(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    assert write_video(frames(), path, 10, suffix=suffix) == 4
    with Image.open(path) as picture:
        shown = [frame.convert("RGB").getpixel((5, 5)) for frame in ImageSequence.Iterator(picture)]
        assert picture.info["duration"] == 100
    assert np.abs(np.array(shown) - np.array(COLOURS)).max() < 12


def test_no_frames_and_other_formats_are_refused(tmp_path, ffmpeg):
    for suffix in (".mp4", ".gif"):
        with pytest.raises(InputError, match="no frame"):
            write_video([], tmp_path / "a", 25, suffix=suffix)
    with pytest.raises(InputError, match=r"\.mp4, \.gif, \.webp"):
        check_format(tmp_path / "a.avi")


def test_an_error_among_the_frames_leaves_no_process(tmp_path, ffmpeg):
    def broken():
        yield from frames()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_video(broken(), tmp_path / "a.mp4", 25, suffix=".mp4")
