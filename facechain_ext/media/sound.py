"""Sound: reading a voice from a file, and how loud it is in each frame of a video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.errors import InputError
from facechain_ext.media.ffmpeg import find_ffmpeg, local_input, run_ffmpeg

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 16000
"""Samples a second that are read: speech has nothing above 8 kHz that moves a mouth."""
MAX_SECONDS = 600.0
"""Longest voice: 15000 frames of 25 a second."""
MIN_SECONDS = 0.2
"""Shortest voice: five frames."""
_SILENCE = 1e-3
"""Root mean square, of 1, below which a frame is silent: -60 dB."""


@dataclass(frozen=True, eq=False)
class Sound:
    """``samples`` float32 [n] in -1..1, one channel, RATE a second."""

    samples: NDArray[np.float32]

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / RATE


def read_sound(path: Path) -> Sound:
    """The sound of an audio or video file.

    Raises InputError when the file is missing, has no sound, is shorter than MIN_SECONDS or longer than MAX_SECONDS,
    or is silent; HostError without ffmpeg.
    """
    if not path.is_file():
        raise InputError(f"There is no sound file {path}. Check the path.")
    # one second more than allowed tells what is too long without reading an hour
    arguments = [*local_input(path), "-map", "0:a:0?", "-t", str(MAX_SECONDS + 1), "-ac", "1", "-ar", str(RATE)]
    try:
        content = run_ffmpeg([*arguments, "-f", "f32le", "pipe:1"], path.name)
    except InputError as error:
        if "does not contain any stream" in str(error) or "no stream" in str(error):
            raise InputError(f"{path.name} has no sound. Use a recording of a voice.") from error
        raise
    sound = Sound(np.frombuffer(content, np.float32))
    if not len(sound.samples):
        raise InputError(f"{path.name} has no sound. Use a recording of a voice.")
    if sound.seconds > MAX_SECONDS:
        raise InputError(f"{path.name} is longer than {MAX_SECONDS / 60:.0f} minutes. Cut it into parts.")
    if sound.seconds < MIN_SECONDS:
        raise InputError(f"{path.name} is shorter than {MIN_SECONDS} seconds. Use a longer recording.")
    if float(frame_loudness(sound, 25).max()) < _SILENCE:
        raise InputError(f"{path.name} is silent. Use a recording in which a voice can be heard.")
    return sound


def has_sound(path: Path) -> bool:
    """Whether a video file has a sound track; False where there is no ffmpeg to tell."""
    if find_ffmpeg() is None:
        return False
    try:
        arguments = ["-map", "0:a:0", "-t", "0.1", "-ac", "1", "-ar", str(RATE), "-f", "f32le", "pipe:1"]
        return bool(run_ffmpeg([*local_input(path), *arguments], path.name))
    except InputError:
        return False


def frame_count(sound: Sound, fps: float) -> int:
    """Frames that show all of the sound."""
    return max(int(np.ceil(sound.seconds * fps - 1e-6)), 1)


def frame_loudness(sound: Sound, fps: float) -> NDArray[np.float64]:
    """Root mean square float64 [frames], 0..1, of the sound around each frame: over twice the length of one."""
    count, step = frame_count(sound, fps), RATE / fps
    energy = np.concatenate([[0.0], np.cumsum(sound.samples.astype(np.float64) ** 2)])
    middle = (np.arange(count) + 0.5) * step
    start, end = (np.clip(np.round(middle + way * step), 0, len(energy) - 1).astype(int) for way in (-1, 1))
    return np.asarray(np.sqrt((energy[end] - energy[start]) / np.maximum(end - start, 1)))


def speech_level(loudness: NDArray[np.float64]) -> NDArray[np.float64]:
    """Loudness [frames] as 0 (30 dB below the loud parts, or less) to 1 (as loud as the loudest twentieth)."""
    decibels = 20 * np.log10(np.maximum(loudness, 1e-5))
    loud = float(np.percentile(decibels[loudness > _SILENCE], 95)) if (loudness > _SILENCE).any() else 0.0
    return np.asarray(np.clip((decibels - loud + 30) / 30, 0, 1))
