"""WAV files of tones."""

from __future__ import annotations

import wave

import numpy as np


def write_wav(path, amplitudes, seconds=0.2, rate=16000):
    """A tone of 200 Hz whose amplitude changes every ``seconds``."""
    part = np.sin(2 * np.pi * 200 * np.arange(int(seconds * rate)) / rate)
    samples = np.concatenate([amplitude * part for amplitude in amplitudes])
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32000).astype("<i2").tobytes())
    return path
