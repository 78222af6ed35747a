"""Sounds are read, measured, and refused with the reason."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.errors import HostError, InputError
from facechain_ext.media import ffmpeg as program
from facechain_ext.media.sound import MAX_SECONDS, frame_count, frame_loudness, read_sound, speech_level
from facechain_ext.media.video import write_video
from tests.media.sounds import write_wav


def test_length_and_loudness_are_those_of_the_tone(bursts):
    sound = read_sound(bursts)
    assert sound.seconds == pytest.approx(1.2, abs=1e-3)
    assert frame_count(sound, 25) == 30
    loudness = frame_loudness(sound, 25)
    assert len(loudness) == 30
    # root mean square of a sine is its amplitude over the root of two
    assert loudness[2] == pytest.approx(0.8 / np.sqrt(2) * 32000 / 32768, rel=0.02)
    assert loudness[12] == pytest.approx(0.4 / np.sqrt(2) * 32000 / 32768, rel=0.02)
    assert loudness[7] == pytest.approx(0, abs=1e-3)
    level = speech_level(loudness)
    assert level[2] == pytest.approx(1, abs=0.01)
    assert level[12] == pytest.approx(1 - 6.02 / 30, abs=0.01)
    assert level[7] == 0


@pytest.mark.parametrize(
    ("amplitudes", "seconds", "reason"),
    [
        ((0.0, 0.0), 0.2, "silent"),
        ((0.5,), 0.1, "shorter than"),
        ((0.01, 0.01), MAX_SECONDS * 3, "longer than 10 minutes"),
    ],
)
def test_unusable_sounds_are_refused(tmp_path, ffmpeg, amplitudes, seconds, reason):
    path = write_wav(tmp_path / "a.wav", amplitudes, seconds, rate=16000 if seconds < 1 else 400)
    with pytest.raises(InputError, match=reason):
        read_sound(path)


def test_a_file_that_is_no_sound_or_has_none_is_refused(tmp_path, ffmpeg):
    with pytest.raises(InputError, match="no sound file"):
        read_sound(tmp_path / "missing.wav")
    (tmp_path / "text.wav").write_text("hello")
    with pytest.raises(InputError, match="cannot be read as sound") as raised:
        read_sound(tmp_path / "text.wav")
    assert str(tmp_path) not in str(raised.value)
    write_video([np.zeros((16, 16, 3), np.uint8)] * 3, tmp_path / "mute.mp4", 25, suffix=".mp4")
    with pytest.raises(InputError, match="has no sound"):
        read_sound(tmp_path / "mute.mp4")


def test_a_play_list_that_points_elsewhere_is_not_followed(tmp_path, bursts):
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\nfile:{bursts}\n#EXT-X-ENDLIST\n")
    with pytest.raises(InputError):
        read_sound(tmp_path / "list.m3u8")


def test_without_ffmpeg_the_step_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(program, "find_ffmpeg", lambda: None)
    path = write_wav(tmp_path / "a.wav", (0.5, 0.5))
    with pytest.raises(HostError, match=r"ffmpeg\.org.*imageio-ffmpeg.*pip install"):
        read_sound(path)
