"""The program ffmpeg: where it is, and how it is run."""

from __future__ import annotations

import functools
import shutil
import subprocess
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError, InputError
from facechain_ext.next_steps import is_installed, next_steps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_DECODE_SECONDS = 300.0
"""Time limit for reading a sound; an hour of it takes about ten seconds."""
_ENCODERS = ("libx264", "libopenh264", "h264_videotoolbox", "mpeg4")
"""Video encoders, best first: builds under the LGPL lack the first."""


def find_ffmpeg() -> str | None:
    """The path of ffmpeg: of the package imageio-ffmpeg, which brings one, else on the PATH; None without any."""
    if is_installed("imageio_ffmpeg"):
        import imageio_ffmpeg  # noqa: PLC0415 - optional

        try:
            return str(imageio_ffmpeg.get_ffmpeg_exe())
        except RuntimeError:  # its wheel for this system brings none
            pass
    return shutil.which("ffmpeg")


def require_ffmpeg() -> str:
    """The path of ffmpeg; raises HostError with the step that brings one."""
    found = find_ffmpeg()
    if found is None:
        raise HostError(
            "Sound and mp4 files need the program ffmpeg, which is not here. Put it on the PATH (ffmpeg.org), or use "
            f"the package imageio-ffmpeg. {next_steps().install('imageio_ffmpeg')}"
        )
    return found


def local_input(path: Path) -> list[str]:
    """Ffmpeg's arguments that read one local media file and nothing that it might point to.

    A play list could name other files of this machine, or addresses.
    """
    formats = "wav,w64,mp3,aac,flac,ogg,aiff,mov,mp4,m4a,matroska,webm,avi,gif"
    return ["-protocol_whitelist", "file,pipe", "-format_whitelist", formats, "-i", f"file:{path}"]


def run_ffmpeg(arguments: Sequence[str], what: str) -> bytes:
    """What ffmpeg writes to its standard output; raises InputError with its reason, named for ``what``."""
    command = [require_ffmpeg(), "-nostdin", "-v", "error", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_DECODE_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise InputError(f"{what} takes more than {_DECODE_SECONDS:.0f} seconds to read; use a shorter one.") from error
    if done.returncode:
        reason = first_line(done.stderr)
        for name in arguments:  # whoever sent the file does not learn where it lies here
            reason = reason.replace(name, what) if name.startswith("file:") else reason
        raise InputError(f"{what} cannot be read as sound or video ({reason}). Use WAV, MP3 or MP4.")
    return done.stdout


@functools.cache
def video_encoder(program: str) -> str:
    """The best video encoder that ``program`` has; raises HostError when it has none of H.264 or MPEG-4."""
    listed = subprocess.run(
        [program, "-v", "error", "-encoders"], capture_output=True, text=True, timeout=60, check=False
    ).stdout.split()
    found = next((name for name in _ENCODERS if name in listed), None)
    if found is None:
        raise HostError(f"{program} has no encoder for mp4 ({', '.join(_ENCODERS)}); use another build of ffmpeg.")
    return found


def first_line(log: bytes) -> str:
    """The first line of ffmpeg's log of errors, at most 300 characters: the cause; what follows it is plain in none."""
    lines = log.decode(errors="replace").strip().splitlines()
    return lines[0].strip()[:300] if lines else "it said nothing"


def last_line(log: bytes) -> str:
    """The last line of a program's log, at most 300 characters."""
    lines = log.decode(errors="replace").strip().splitlines()
    return lines[-1].strip()[:300] if lines else "it said nothing"
