"""Requests for moving likenesses: a portrait that speaks, and a person put into a clip."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.jobs.request_values import read_flag, read_settings, read_text
from facechain_ext.media.speech import MAX_WORDS, SPEAKERS
from facechain_ext.recipes.clip.settings import CLIP_SETTINGS, clip_settings
from facechain_ext.recipes.moving_file import require_consent
from facechain_ext.recipes.talking.engine_settings import ENGINES, PREVIEW
from facechain_ext.recipes.talking.settings import TALKING_SETTINGS, PreviewSettings, talking_settings
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from facechain_ext.media.speech import Speaker
    from facechain_ext.recipes.clip.settings import ClipSettings

TALK_KEYS = frozenset({
    "recipe", "picture", "voice", "say", "speaker", "speaker_voice", "send_words", "engine", "settings", "agreed",
})  # fmt: skip
CLIP_KEYS = frozenset({"recipe", "clip", "photo", "card", "settings", "agreed"})
_VOICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+_-]{0,60}")
"""A name of a voice, of eSpeak NG or edge-tts: never a path or an option."""


@dataclass(frozen=True)
class TalkRequest:
    """A talking portrait: ``voice`` names a sound file, or ``words`` are spoken by ``speaker``; and how it is made."""

    voice: str = field(default="", repr=False)
    words: str = ""
    speaker: Speaker = "espeak-ng"
    speaker_voice: str = ""
    send_words: bool = False
    engine: str = PREVIEW
    settings: PreviewSettings = field(default_factory=PreviewSettings)


def read_talk(values: dict[str, object]) -> tuple[str, TalkRequest]:
    """The portrait of a request and what it says; raises InputError that names the first thing that is wrong."""
    picture, voice = read_text(values, "picture", limit=None), read_text(values, "voice", limit=None)
    words = read_text(values, "say", MAX_WORDS)
    if not picture or bool(voice) == bool(words):
        raise InputError("FaceChain: a talking portrait has a picture, and either voice or say.")
    require_consent(agreed=read_flag(values, "agreed"))
    given = values.get("speaker", "espeak-ng")
    speaker = next((one for one in SPEAKERS if one == given), None)
    if speaker is None:
        raise InputError(f"FaceChain: speaker is {shorten(given)}; set it to {', '.join(SPEAKERS)}.")
    name = read_text(values, "speaker_voice")
    if name and not _VOICE_NAME.fullmatch(name):
        raise InputError(f"FaceChain: speaker_voice is {shorten(name)}; set it to a voice's name, such as en-us.")
    engine = values.get("engine", PREVIEW)
    if engine not in ENGINES:
        raise InputError(f"FaceChain: engine is {shorten(engine)}; set it to {', '.join(ENGINES)}.")
    settings = talking_settings(read_settings(values.get("settings", {}), TALKING_SETTINGS, ()))
    talk = TalkRequest(voice, words, speaker, name, read_flag(values, "send_words"), str(engine), settings)
    return picture, talk


def read_clip(values: dict[str, object]) -> tuple[str, str, str, ClipSettings]:
    """Clip, photo, card and settings of a request; raises InputError that names the first thing that is wrong."""
    clip, photo, card = (read_text(values, name, limit=None) for name in ("clip", "photo", "card"))
    if not clip or bool(photo) == bool(card):
        raise InputError("FaceChain: a clip is a video, and a photo or a card of the person; one of the two.")
    require_consent(agreed=read_flag(values, "agreed"))
    settings = clip_settings(read_settings(values.get("settings", {}), CLIP_SETTINGS, ()))
    return clip, photo, card, settings
