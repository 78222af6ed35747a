"""Clips: the frames of a video file, by ffmpeg where there is one, else by OpenCV, which every host has."""

from __future__ import annotations

import logging
import math
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.errors import InputError
from facechain_ext.media.ffmpeg import find_ffmpeg, local_input

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

log = logging.getLogger(__name__)

_CONTAINERS = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
"""Boxes with which an mp4 or MOV begins, after four bytes of length."""
_STARTS = (b"\x1a\x45\xdf\xa3", b"RIFF", b"GIF8")
"""Of Matroska and WebM, AVI, GIF."""
_MAX_SIDE = 4096
"""Longest side of a frame that is read: 4K."""


@dataclass(frozen=True)
class Clip:
    """A video file: its ``fps`` and the size of its frames in pixels; turned as the file says.

    ``count`` is how many frames its head says that it has, 0 where that says nothing; exact for files of this program.
    """

    path: Path
    fps: float
    width: int
    height: int
    count: int = 0

    def frames(self) -> Iterator[Pixels]:
        """The frames in order, RGB uint8 [h, w, 3]; each call reads the file anew.

        OpenCV before 5 takes every clip's colours for BT.601, which moves those of BT.709, today's cameras', by up to
        9 of 255 levels; ffmpeg, where there is one, reads them as the file says. Raises InputError when that reads no
        frame.
        """
        program = find_ffmpeg()
        if program is not None:
            return self._frames_of_ffmpeg(program)
        log.warning("%s is read without ffmpeg, which is not here: its colours may be moved a little", self.path.name)
        return self._frames_of_opencv()

    def _frames_of_opencv(self) -> Iterator[Pixels]:
        capture = cv2.VideoCapture(str(self.path))
        try:
            while True:
                more, frame = capture.read()
                if not more:
                    return
                yield np.ascontiguousarray(frame[..., ::-1])
        finally:
            capture.release()

    def _frames_of_ffmpeg(self, program: str) -> Iterator[Pixels]:
        command = [program, "-nostdin", "-v", "error", *local_input(self.path), "-map", "0:v:0", "-r", repr(self.fps)]
        command += [
            "-vf",
            f"scale={self.width}:{self.height}:flags=bicubic+accurate_rnd+full_chroma_int",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "pipe:1",
        ]
        shape = (self.height, self.width, 3)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        count = 0
        try:
            while len(content := process.stdout.read(math.prod(shape))) == math.prod(shape):
                count += 1
                yield np.frombuffer(content, np.uint8).reshape(shape).copy()  # whoever draws on it may
            if count == 0:
                raise InputError(f"{self.path.name} cannot be read as a video. Use an mp4.")
        finally:
            process.kill()
            process.stdout.close()
            process.wait()


def _is_container(path: Path) -> bool:
    """Whether a file holds frames itself."""
    with path.open("rb") as file:
        head = file.read(8)
    return head.startswith(_STARTS) or head[4:] in _CONTAINERS


def open_clip(path: Path, *, max_seconds: float = 600.0) -> Clip:
    """The clip in ``path``; raises InputError when it is missing, no video, too large or over ``max_seconds``."""
    if not path.is_file():
        raise InputError(f"There is no clip {path}. Check the path.")
    if not _is_container(path):  # a play list would name other files of this machine, or addresses
        raise InputError(f"{path.name} cannot be read as a video. Use an mp4.")
    capture = cv2.VideoCapture(str(path))
    try:
        more, frame = capture.read() if capture.isOpened() else (False, None)
        if not more or frame is None:
            raise InputError(f"{path.name} cannot be read as a video. Use an mp4.")
        fps, count = float(capture.get(cv2.CAP_PROP_FPS)), float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        capture.release()
    if not 1 <= fps <= 240:  # some files do not say
        fps = 25.0
    height, width = frame.shape[:2]
    if max(height, width) > _MAX_SIDE:
        raise InputError(f"{path.name} is {width} x {height} pixels; make it smaller than {_MAX_SIDE}.")
    if count / fps > max_seconds:
        raise InputError(f"{path.name} is longer than {max_seconds:.0f} seconds. Cut it into parts.")
    return Clip(path, fps, width, height, max(int(count), 0))
