"""From a voice to the motion of a face: loudness and phonemes move the mouth, slow noise the head, lids blink."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.media.sound import frame_count, frame_loudness, speech_level
from facechain_ext.retouch.animate.motion import FaceMotion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from facechain_ext.media.sound import Sound
    from facechain_ext.media.speech import Phoneme

    Floats = NDArray[np.float64]

_SHAPES: dict[str, tuple[float, float, float]] = {
    **dict.fromkeys("pbm", (0.0, 0.0, 1.0)),
    **dict.fromkeys("fvɱ", (0.12, 0.0, 0.6)),
    **dict.fromkeys("uʊwʉyɯ", (0.35, -1.0, 0.0)),
    **dict.fromkeys("oɔøœɵɤ", (0.65, -0.7, 0.0)),
    **dict.fromkeys("iɪjɨ", (0.45, 0.9, 0.0)),
    **dict.fromkeys("eɛɘ", (0.65, 0.6, 0.0)),
    **dict.fromkeys("aɑæʌɐɒ", (1.0, 0.1, 0.0)),
    **dict.fromkeys("əɜɚɝ", (0.6, 0.0, 0.0)),
    **dict.fromkeys("szʃʒɕʑ", (0.3, 0.4, 0.0)),
    **dict.fromkeys("θðtdnlɾɹrɫ", (0.35, 0.1, 0.0)),
    **dict.fromkeys("kɡgŋxhɣʔ", (0.5, 0.0, 0.0)),
}
"""First letter of a phoneme (IPA) -> opening 0..1, spread -1..1, press 0..1: the usual mouth shapes of animators."""
_OTHER = (0.6, 0.0, 0.0)
_LEAST = 0.35
"""Share of the loudness that opens the mouth whatever the phoneme is: the loudness is measured, phonemes are told."""
_SMOOTH = 0.9
"""Standard deviation in frames of 25 a second of the smoothing over time: a jaw takes about 0.1 s to open."""
_SWAY = (3.0, 1.6, 1.4)
"""Standard deviations in degrees of the head's slow turns: yaw, pitch, roll."""
_SWAY_SECONDS = 0.9
_NOD = -2.0
"""Degrees of pitch by which the head nods where the voice is loud."""
_BLINK_GAP = (2.0, 5.0)
"""Seconds between two blinks: people who talk blink about twenty times a minute."""
_BLINK = (0.45, 1.0, 0.8, 0.3)
"""How far the eyes are closed in the frames of a blink at 25 a second."""


def speech_motion(
    sound: Sound, fps: float, *, phonemes: Sequence[Phoneme] = (), liveliness: float = 1.0, seed: int = 0
) -> list[FaceMotion]:
    """The motion of each frame, ``fps`` a second, for the whole sound.

    ``liveliness`` 0..2 scales the motion of the head; the same ``seed`` gives the same blinks and turns.
    """
    level = speech_level(frame_loudness(sound, fps))
    count, rate = frame_count(sound, fps), fps / 25
    shape = _phoneme_shapes(phonemes, count, fps)
    mouth = level * (_LEAST + (1 - _LEAST) * shape[:, 0]) * (1 - shape[:, 2])
    mouth, spread, press = (_smooth(values, _SMOOTH * rate) for values in (mouth, shape[:, 1], shape[:, 2]))
    random = np.random.default_rng(seed)
    sway = np.stack([_noise(random, count, _SWAY_SECONDS * fps) * size for size in _SWAY], axis=1) * liveliness
    nod = _NOD * liveliness * _smooth(level, 0.25 * fps)
    blink = _blinks(random, count, fps)
    return [
        FaceMotion(
            mouth=float(mouth[k]), spread=float(spread[k]), press=float(press[k]), blink=float(blink[k]),
            yaw=float(sway[k, 0]), pitch=float(sway[k, 1] + nod[k]), roll=float(sway[k, 2]),
        )
        for k in range(count)
    ]  # fmt: skip


def _phoneme_shapes(phonemes: Sequence[Phoneme], count: int, fps: float) -> Floats:
    """Opening, spread and press [count, 3] of the phoneme that is heard in each frame."""
    if not phonemes:
        return np.tile(np.array([1.0, 0.0, 0.0]), (count, 1))
    times = np.array([one.seconds for one in phonemes])
    shapes = np.array([_SHAPES.get(one.name[:1], _OTHER) if one.name else (0.3, 0.0, 0.0) for one in phonemes])
    heard = np.searchsorted(times, (np.arange(count) + 0.5) / fps, side="right") - 1
    return np.asarray(shapes[np.clip(heard, 0, len(shapes) - 1)])


def _smooth(values: Floats, deviation: float) -> Floats:
    """A Gaussian over time, without delay; the ends are repeated."""
    reach = max(int(np.ceil(3 * deviation)), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(deviation, 1e-6)) ** 2)
    padded = np.pad(values, reach, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _noise(random: np.random.Generator, count: int, deviation: float) -> Floats:
    """Smooth noise [count] of about unit deviation that begins at zero, where the head is as in the portrait."""
    reach = int(np.ceil(3 * deviation))
    raw = random.standard_normal(count + 2 * reach)
    slow = _smooth(raw, deviation)[reach : reach + count] * np.sqrt(2 * np.sqrt(np.pi) * deviation)
    start = np.clip(np.arange(count) / max(deviation, 1.0), 0, 1)
    return np.asarray(slow * start * start * (3 - 2 * start))


def _blinks(random: np.random.Generator, count: int, fps: float) -> Floats:
    closed = np.zeros(count)
    shape = np.interp(np.arange(0, len(_BLINK), 25 / fps), np.arange(len(_BLINK)), _BLINK)
    at = float(random.uniform(*_BLINK_GAP)) / 2
    while (start := int(at * fps)) < count:
        part = shape[: count - start]
        closed[start : start + len(part)] = part
        at += float(random.uniform(*_BLINK_GAP))
    return closed
