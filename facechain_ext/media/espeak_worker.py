"""Runs as a program of its own: words from standard input, spoken by libespeak-ng into a WAV file.

Usage: ``python espeak_worker.py FILE.wav VOICE``. It writes a line of JSON: [[milliseconds, phoneme in IPA], ...]. The
command espeak-ng tells phonemes without their times; the library tells both. It imports nothing of this package.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import sys
import wave
from pathlib import Path
from typing import Any

# Values of speak_lib.h of eSpeak NG 1.49 to 1.52.
_RETRIEVAL, _PHONEME_EVENTS, _PHONEME_IPA, _EVENT_PHONEME, _UTF8 = 1, 1, 2, 7, 1
_WINDOWS = r"C:\Program Files\eSpeak NG\libespeak-ng.dll"


class _Value(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Value),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def speak(path: str, voice: str, words: str) -> list[tuple[int, str]]:
    """Write the spoken ``words`` as WAV and return when each phoneme begins; exits with a message on failure."""
    library: Any = ctypes.CDLL(_library())
    rate = library.espeak_Initialize(_RETRIEVAL, 0, None, _PHONEME_EVENTS | _PHONEME_IPA)
    if rate <= 0:
        sys.exit("eSpeak NG does not find its data")
    phonemes: list[tuple[int, str]] = []
    chunks: list[bytes] = []

    def collect(samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            chunks.append(ctypes.string_at(samples, 2 * count))
        number = 0
        while events[number].type:
            if events[number].type == _EVENT_PHONEME:
                name = bytes(events[number].id.string).decode("utf-8", "ignore")
                phonemes.append((events[number].audio_position, name))
            number += 1
        return 0

    callback = _Callback(collect)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(voice.encode()):
        sys.exit(f"eSpeak NG has no voice {voice}")
    text = words.encode() + b"\0"
    if library.espeak_Synth(text, len(text), 0, 1, 0, _UTF8, None, None):
        sys.exit("eSpeak NG cannot speak this")
    library.espeak_Synchronize()
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(chunks))
    return phonemes


def _library() -> str:
    found = ctypes.util.find_library("espeak-ng")
    if found is None and Path(_WINDOWS).exists():
        found = _WINDOWS
    if found is None:
        sys.exit("no library espeak-ng")
    return found


if __name__ == "__main__":
    spoken = speak(sys.argv[1], sys.argv[2], sys.stdin.buffer.read().decode("utf-8"))
    sys.stdout.write(json.dumps(spoken))
