"""A talking portrait over the API: a picture and a voice, or words, become an mp4 by the preview engine."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.errors import InputError, PhotoError
from facechain_ext.faces.base64_text import decode_base64
from facechain_ext.hosts.webui.people import request_picture
from facechain_ext.labels import read_packet
from facechain_ext.media.speech import Speech, speak
from facechain_ext.recipes.moving_file import require_consent
from facechain_ext.recipes.talking.preview import PreviewSettings, make_preview

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS = frozenset({"picture", "voice", "say", "speaker_voice", "settings", "agreed"})
_SETTINGS: Mapping[str, type] = {"fps": float, "side": int, "liveliness": float, "seed": int, "face": int, "mark": bool}
_MOST = 1e15
"""Beyond any sensible number of a request; larger ones no longer fit every type."""


def create_talking_portrait(body: object) -> dict[str, object]:
    """The answer to a request: ``video``, an mp4 in base64, and ``notes``.

    ``body`` has ``picture`` (base64), ``voice`` (a sound file, base64) or ``say`` (words for eSpeak NG, with
    ``speaker_voice``), ``agreed`` (true: the person agrees), and optionally ``settings``. No path of the machine is
    read, and no program but eSpeak NG and ffmpeg is run. Raises FaceChainError that names what is wrong.
    """
    if not isinstance(body, dict) or not set(body) <= _KEYS:
        raise InputError(f"FaceChain: a talking portrait takes {', '.join(sorted(_KEYS))}.")
    picture, voice, words = body.get("picture"), body.get("voice"), body.get("say", "")
    if not isinstance(picture, str) or not isinstance(words, str) or (isinstance(voice, str) == bool(words.strip())):
        raise InputError("FaceChain: a talking portrait has a picture, and either voice or say.")
    require_consent(agreed=body.get("agreed") is True)
    settings = _settings(body.get("settings") or {})
    content = decode_base64(picture)
    photo = faces.read_picture(request_picture(picture))
    packet = read_packet(content)
    with tempfile.TemporaryDirectory(prefix="facechain-talk-") as name:
        folder = Path(name)
        if isinstance(voice, str):
            sound = folder / "voice"
            sound.write_bytes(_sound(voice))
            spoken = Speech(sound)
        else:
            # a piper voice would be a path of this machine
            spoken = speak(words, folder, speaker="espeak-ng", voice=str(body.get("speaker_voice") or ""))
        out = folder / "talk.mp4"
        notes = make_preview(
            photo.pixels, spoken.path, out, settings, phonemes=spoken.phonemes, inherited=[packet] if packet else []
        )
        return {"video": base64.b64encode(out.read_bytes()).decode("ascii"), "notes": [*photo.notes, *notes]}


def _sound(text: str) -> bytes:
    try:
        return decode_base64(text)
    except PhotoError as error:
        raise InputError("FaceChain: the voice is a sound file in base64; this text is not.") from error


def _settings(given: object) -> PreviewSettings:
    if not isinstance(given, dict) or not set(given) <= set(_SETTINGS):
        raise InputError(f"FaceChain: settings of a talking portrait are {', '.join(_SETTINGS)}.")
    values: dict[str, float | int | bool] = {}
    for name, value in given.items():
        kind = _SETTINGS[name]
        fits = (
            isinstance(value, bool) if kind is bool else isinstance(value, (int, float)) and not isinstance(value, bool)
        )
        if not fits or not abs(value) < _MOST or (kind is int and value != int(value)):
            raise InputError(f"FaceChain: {name} of a talking portrait is no {kind.__name__}.")
        values[name] = kind(value)
    return PreviewSettings(**values)  # type: ignore[arg-type]
