"""Requests of a portrait that speaks."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.errors import InputError
from facechain_ext.identity.photo_judge import face_describer
from facechain_ext.jobs.recipes.recipe import Recipe, RequestSummary
from facechain_ext.jobs.request_values import read_flag, read_settings, read_text
from facechain_ext.jobs.worker_types import MadePicture, RequestResult
from facechain_ext.media.clip import open_clip
from facechain_ext.media.speech import MAX_WORDS, SPEAKERS, Speech, speak
from facechain_ext.recipes.clip.frame_distances import frame_distances
from facechain_ext.recipes.moving_file import require_consent
from facechain_ext.recipes.talking.engine_settings import ENGINES, PREVIEW, find_engine
from facechain_ext.recipes.talking.recipe import make_talking_portrait
from facechain_ext.recipes.talking.settings import TALKING_SETTINGS, PreviewSettings, talking_settings
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.jobs.recipes.recipe import RecipeContext
    from facechain_ext.media.speech import Speaker

_KEYS = frozenset({
    "picture", "voice", "say", "speaker", "speaker_voice", "send_words", "engine", "settings", "agreed",
})  # fmt: skip
_VOICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+_-]{0,60}")
"""A name of a voice, of eSpeak NG or edge-tts: never a path or an option."""


@dataclass(frozen=True)
class TalkFacts:
    """The portrait in ``picture`` says the sound file ``voice``, or the ``words`` that ``speaker`` speaks."""

    picture: str = field(repr=False)
    voice: str = field(default="", repr=False)
    words: str = ""
    speaker: Speaker = "espeak-ng"
    speaker_voice: str = ""
    send_words: bool = False
    engine: str = PREVIEW
    settings: PreviewSettings = field(default_factory=PreviewSettings)

    def summary(self) -> RequestSummary:
        """Portrait and seed."""
        return RequestSummary(f"{Path(self.picture).stem}, talking, seed {self.settings.seed}", sent=1)


def _parse(values: dict[str, object]) -> TalkFacts:
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
    return TalkFacts(picture, voice, words, speaker, name, read_flag(values, "send_words"), str(engine), settings)


def _run(facts: TalkFacts, context: RecipeContext) -> RequestResult:
    """The video of a portrait that speaks.

    A foreign engine waits until nothing else generates, because it needs the memory of the same graphics card; the
    preview needs none.
    """
    engines = context.host.engines()
    engine = find_engine(facts.engine, engines)
    portrait = context.sources.picture(facts.picture)
    with tempfile.TemporaryDirectory(prefix="facechain-talk-") as name:
        folder = Path(name)
        voice = _voice(facts, context, folder, engines.piper_voice)
        out = folder / "talking.mp4"

        def work() -> Sequence[str]:
            return make_talking_portrait(portrait, voice, out, facts.settings, engine=engine, progress=context.progress)

        notes = context.host.queued(work)() if engine is not None else work()
        curve, said = frame_distances(open_clip(out), faces.read_picture(portrait).pixels, face_describer())
        return RequestResult((MadePicture(out.read_bytes(), "", facts.settings.seed, curve=curve),), (*notes, *said))


def _voice(facts: TalkFacts, context: RecipeContext, folder: Path, piper_voice: str) -> Speech:
    if facts.voice:
        path = folder / "The voice"
        path.write_bytes(context.file(facts.voice, "the voice is a sound file"))
        return Speech(path)
    name = piper_voice if facts.speaker == "piper" else facts.speaker_voice
    return speak(facts.words, folder, speaker=facts.speaker, voice=name, send_words=facts.send_words)


TALK = Recipe(_KEYS, frozenset({"picture", "voice"}), _parse, _run)
"""A portrait that speaks."""
