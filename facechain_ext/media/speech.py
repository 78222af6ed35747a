"""Words spoken by a program that is here: piper or eSpeak NG on this machine, or the network's edge-tts if allowed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from facechain_ext.errors import HostError, InputError
from facechain_ext.media.ffmpeg import last_line

if TYPE_CHECKING:
    from collections.abc import Sequence

Speaker = Literal["auto", "piper", "espeak-ng", "edge-tts"]
SPEAKERS: tuple[Speaker, ...] = ("auto", "piper", "espeak-ng", "edge-tts")
"""Speech programs; "auto" takes piper where a voice of it is named, else eSpeak NG, and never the network."""
MAX_WORDS = 3000
"""Characters that are spoken at once: about four minutes."""
_SECONDS = 180.0
_WORKER = Path(__file__).with_name("espeak_worker.py")


@dataclass(frozen=True)
class Phoneme:
    """``seconds`` from the start at which the sound ``name``, in IPA, begins; "" is a pause."""

    seconds: float
    name: str


@dataclass(frozen=True)
class Speech:
    """A sound file of spoken words; ``phonemes`` is empty where the program does not tell them."""

    path: Path
    phonemes: tuple[Phoneme, ...] = ()


def speak(words: str, folder: Path, *, speaker: Speaker = "auto", voice: str = "", send_words: bool = False) -> Speech:
    """Speak ``words`` into a file in ``folder``.

    ``voice`` is eSpeak's name of a voice (such as "en-us" or "cmn"), the path of a piper voice (.onnx), or edge-tts's
    name. edge-tts sends the words to a service of Microsoft, so it is used only with ``send_words``. Raises InputError
    for no words, too many, or an unknown voice, HostError when the program is missing or fails.
    """
    words = " ".join(words.split())
    if not words:
        raise InputError("There are no words to say. Write some, or give a sound file.")
    if len(words) > MAX_WORDS:
        raise InputError(f"{len(words)} characters are too many to say at once; give at most {MAX_WORDS}.")
    if speaker == "auto":
        speaker = "piper" if voice.endswith(".onnx") else "espeak-ng"
    if speaker == "piper":
        return _piper(words, folder, voice)
    if speaker == "edge-tts":
        return _edge(words, folder, voice, allowed=send_words)
    return _espeak(words, folder, voice)


def speakers_here() -> dict[Speaker, str]:
    """Each speech program and "" where it can speak here, else what is missing."""
    missing: dict[Speaker, str] = {
        "piper": "" if shutil.which("piper") else "Install piper-tts so that the program piper is on the PATH.",
        "espeak-ng": "" if _espeak_program() else "Install eSpeak NG so that the program espeak-ng is on the PATH.",
        "edge-tts": "" if shutil.which("edge-tts") else "Install edge-tts so that the program edge-tts is on the PATH.",
    }
    return missing


def _espeak_program() -> str | None:
    return shutil.which("espeak-ng") or shutil.which("espeak")


def _espeak(words: str, folder: Path, voice: str) -> Speech:
    path = folder / "words.wav"
    voice = voice or ("cmn" if any("\u4e00" <= letter <= "\u9fff" for letter in words) else "en")
    # with phonemes where the library is found, else by the command
    try:
        found = _run([sys.executable, str(_WORKER), str(path), voice], words, "eSpeak NG")
        if path.is_file():
            return Speech(path, tuple(Phoneme(at / 1000, name) for at, name in json.loads(found)))
    except (HostError, ValueError) as error:
        if "has no voice" in str(error):
            raise InputError(f"eSpeak NG has no voice “{voice}”. Run: espeak-ng --voices") from error
    program = _espeak_program()
    if program is None:
        raise HostError(f"Nothing here can say words. {speakers_here()['espeak-ng']} Or give a sound file.")
    _run([program, "-v", voice, "--stdin", "-w", str(path)], words, "eSpeak NG")
    return Speech(_written(path, "eSpeak NG"))


def _piper(words: str, folder: Path, voice: str) -> Speech:
    program, path = shutil.which("piper"), folder / "words.wav"
    if program is None:
        raise HostError(f"piper is not here. {speakers_here()['piper']}")
    if not Path(voice).is_file():
        raise InputError("piper needs the file of a voice, an .onnx with its .onnx.json beside it.")
    _run([program, "--model", voice, "--output_file", str(path)], words, "piper")
    return Speech(_written(path, "piper"))


def _edge(words: str, folder: Path, voice: str, *, allowed: bool) -> Speech:
    program, path = shutil.which("edge-tts"), folder / "words.mp3"
    if not allowed:
        raise InputError("edge-tts sends the words to Microsoft's service. Allow that first, or choose espeak-ng.")
    if program is None:
        raise HostError(f"edge-tts is not here. {speakers_here()['edge-tts']}")
    text = folder / "words.txt"
    text.write_text(words, encoding="utf-8")
    _run(
        [program, "--file", str(text), "--write-media", str(path), *(["--voice", voice] if voice else [])],
        "",
        "edge-tts",
    )
    return Speech(_written(path, "edge-tts"))


def _run(command: Sequence[str], words: str, name: str) -> str:
    try:
        done = subprocess.run(command, input=words.encode(), capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise HostError(f"{name} took more than {_SECONDS:.0f} seconds. Say fewer words.") from error
    except OSError as error:
        raise HostError(f"{name} could not be started ({error.strerror}).") from error
    if done.returncode:
        raise HostError(f"{name} failed: {last_line(done.stderr)}.")
    return done.stdout.decode("utf-8", "replace")


def _written(path: Path, name: str) -> Path:
    if not path.is_file() or not path.stat().st_size:
        raise HostError(f"{name} wrote no sound.")
    return path
