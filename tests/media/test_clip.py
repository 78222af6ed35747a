"""The frames of a clip: their number, size and colours."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.errors import InputError
from facechain_ext.media import clip as clips
from facechain_ext.media.clip import Clip, open_clip
from facechain_ext.media.video import write_video

COLOURS = np.array([[200, 60, 40], [40, 180, 60], [60, 70, 200], [210, 170, 140]], np.uint8)


def bars(width=160, height=96):
    """Upright bars of the COLOURS, RGB [h, w, 3]."""
    return np.broadcast_to(COLOURS.repeat(width // 4, 0), (height, width, 3))


@pytest.mark.parametrize(("fps", "count"), [(5, 7), (24000 / 1001, 24), (25, 10), (29.97, 31), (60, 61)])
def test_the_frames_are_as_many_as_were_written(ffmpeg, tmp_path, fps, count):
    write_video(iter([bars()] * count), tmp_path / "a.mp4", fps, suffix=".mp4")
    clip = open_clip(tmp_path / "a.mp4")
    assert clip.count == count
    assert clip.fps == pytest.approx(fps, rel=1e-4)
    frames = list(clip.frames())
    assert all(frame.flags.writeable for frame in frames)
    shapes = [frame.shape for frame in frames]
    assert shapes == [(clip.height, clip.width, 3)] * count == [(96, 160, 3)] * count


def test_colours_stay_when_a_clip_is_read_and_written_again(ffmpeg, tmp_path):
    frames = [bars()] * 2
    for _ in range(3):
        write_video(iter(frames), tmp_path / "a.mp4", 5, suffix=".mp4")
        frames = list(open_clip(tmp_path / "a.mp4").frames())
    middles = frames[0][40:56].reshape(16, 4, 40, 3)[:, :, 15:25].mean((0, 2))
    np.testing.assert_allclose(middles, COLOURS, atol=2)


def test_a_reader_that_stops_early_leaves_nothing_running(ffmpeg, tmp_path, monkeypatch):
    started = []

    class Recorded(clips.subprocess.Popen):
        def __init__(self, *args, **more):
            super().__init__(*args, **more)
            started.append(self)

    write_video(iter([bars()] * 30), tmp_path / "a.mp4", 25, suffix=".mp4")
    monkeypatch.setattr(clips.subprocess, "Popen", Recorded)
    frames = open_clip(tmp_path / "a.mp4").frames()
    next(frames)
    frames.close()
    assert [process.poll() is not None for process in started] == [True]


def test_a_file_without_a_frame_is_named(ffmpeg, tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypisom")
    with pytest.raises(InputError, match=r"a\.mp4 cannot be read as a video"):
        list(Clip(tmp_path / "a.mp4", 25, 160, 96).frames())


def test_opencv_reads_the_frames_where_there_is_no_ffmpeg(ffmpeg, tmp_path, monkeypatch, caplog):
    write_video(iter([bars()] * 3), tmp_path / "a.mp4", 5, suffix=".mp4")
    monkeypatch.setattr(clips, "find_ffmpeg", lambda: None)
    assert len(list(open_clip(tmp_path / "a.mp4").frames())) == 3
    assert "a.mp4 is read without ffmpeg" in caplog.text
