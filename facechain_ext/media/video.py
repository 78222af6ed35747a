"""Frames into mp4, GIF and WebP files."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facechain_ext.errors import HostError, InputError
from facechain_ext.media.ffmpeg import last_line, local_input, require_ffmpeg, video_encoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    """An RGB frame, uint8 [height, width, 3]."""

FORMATS = (".mp4", ".gif", ".webp")
"""Suffixes that are written; GIF and WebP have no sound."""
_MAX_ANIMATION = 600
"""Frames of a GIF or WebP at most: Pillow holds all of them in memory."""
_QUALITY = "18"
"""x264's constant rate factor: visually without loss."""


def check_format(path: Path) -> str:
    """The suffix of a file that can be written; raises InputError for another, HostError for mp4 without ffmpeg."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"{path.name} is no mp4, GIF or WebP; name the file so that it ends in {', '.join(FORMATS)}.")
    if suffix == ".mp4":
        require_ffmpeg()
    return suffix


def write_video(frames: Iterable[Pixels], path: Path, fps: float, *, suffix: str, sound: Path | None = None) -> int:
    """Write frames, RGB uint8 [h, w, 3] of one size, to ``path`` in the format of ``suffix``; returns their number.

    An mp4 is H.264 (yuv420p, BT.709) with the sound as AAC; an odd last row or column is left out there. Raises
    InputError for no frames or too many for an animation, HostError when ffmpeg fails.
    """
    if suffix == ".mp4":
        return _write_mp4(iter(frames), path, fps, sound)
    return _write_animation(frames, path, fps, "GIF" if suffix == ".gif" else "WEBP")


def _write_mp4(frames: Iterator[Pixels], path: Path, fps: float, sound: Path | None) -> int:
    first = next(frames, None)
    if first is None:
        raise InputError("There is no frame to write.")
    height, width = first.shape[0] // 2 * 2, first.shape[1] // 2 * 2
    program = require_ffmpeg()
    encoder = video_encoder(program)
    quality = ["-crf", _QUALITY, "-preset", "veryfast"] if encoder == "libx264" else ["-b:v", "6M"]
    command = [program, "-nostdin", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{width}x{height}", "-r", f"{fps:g}", "-i", "pipe:0"]
    if sound is not None:
        command += [
            *local_input(sound),
            "-map",
            "0:v",
            "-map",
            "1:a:0",
            "-c:a",
            "aac",
            "-b:a",
            "160k",
            "-map_metadata",
            "-1",
        ]
    command += [
        "-c:v",
        encoder,
        *quality,
        "-vf",
        "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int",
        "-pix_fmt",
        "yuv420p",
    ]
    command += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-movflags", "+faststart"]
    command += ["-f", "mp4", f"file:{path}"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        assert process.stdin is not None
        count = 0
        try:
            frame: Pixels | None = first
            while frame is not None:
                process.stdin.write(np.ascontiguousarray(frame[:height, :width]).tobytes())
                count += 1
                frame = next(frames, None)
            process.stdin.close()
            code = process.wait()
        except BrokenPipeError:
            code = process.wait() or 1
        finally:
            if process.poll() is None:  # a frame could not be made
                process.kill()
                process.wait()
            with contextlib.suppress(OSError):
                process.stdin.close()
        if code:
            log.seek(0)
            raise HostError(f"ffmpeg could not write the video ({last_line(log.read())}).")
    return count


def _write_animation(frames: Iterable[Pixels], path: Path, fps: float, kind: str) -> int:
    pictures: list[Image.Image] = []
    for frame in frames:
        if len(pictures) == _MAX_ANIMATION:
            raise InputError(f"A {kind} holds {_MAX_ANIMATION} frames here; write an mp4 instead.")
        pictures.append(Image.fromarray(frame))
    if not pictures:
        raise InputError("There is no frame to write.")
    options = {"quality": 85, "method": 2} if kind == "WEBP" else {"optimize": False}
    pictures[0].save(
        path, format=kind, save_all=True, append_images=pictures[1:], duration=round(1000 / fps), loop=0, **options
    )
    return len(pictures)
