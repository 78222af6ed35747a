"""The work of requests for moving likenesses: a portrait that speaks, and a person put into a clip."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.errors import InputError, PhotoError
from facechain_ext.jobs.worker_types import MadePicture, RequestResult
from facechain_ext.labels import read_packet
from facechain_ext.media.speech import Speech, speak
from facechain_ext.recipes.clip.recipe import make_clip
from facechain_ext.recipes.talking.engine_settings import find_engine
from facechain_ext.recipes.talking.recipe import make_talking_portrait

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.faces.types import Pixels
    from facechain_ext.jobs.job_request import JobRequest
    from facechain_ext.jobs.moving_requests import TalkRequest
    from facechain_ext.jobs.worker_types import Sources, WorkerHost

    Progress = Callable[[int, int], bool]


def make_moving(job_request: JobRequest, host: WorkerHost, sources: Sources, progress: Progress) -> RequestResult:
    """The video of a request for a talking portrait or a clip; raises what these raise, Cancelled when stopped."""
    if job_request.talk is not None:
        return _talk(job_request, host, sources, progress)
    return _clip(job_request, sources, progress)


def _talk(job_request: JobRequest, host: WorkerHost, sources: Sources, progress: Progress) -> RequestResult:
    """The video of a request's portrait that speaks.

    A foreign engine waits until nothing else generates, because it needs the memory of the same graphics card; the
    preview needs none.
    """
    talk = job_request.talk
    assert talk is not None
    engines = host.engines()
    engine = find_engine(talk.engine, engines)
    portrait = sources.picture(job_request.template)
    with tempfile.TemporaryDirectory(prefix="facechain-talk-") as name:
        folder = Path(name)
        voice = _voice(talk, sources, folder, engines.piper_voice)
        out = folder / "talking.mp4"

        def work() -> RequestResult:
            notes = make_talking_portrait(portrait, voice, out, talk.settings, engine=engine, progress=progress)
            return RequestResult((MadePicture(out.read_bytes(), "", talk.settings.seed),), notes)

        return host.queued(work)() if engine is not None else work()


def _clip(job_request: JobRequest, sources: Sources, progress: Progress) -> RequestResult:
    """The request's clip with its person in place of the chosen one."""
    settings = job_request.clip
    assert settings is not None
    content = _file(sources, job_request.template, "the clip is a video")
    photo, packets, notes = _person(job_request, sources)
    with tempfile.TemporaryDirectory(prefix="facechain-clip-") as name:
        template, out = Path(name) / "The clip", Path(name) / "clip.mp4"
        template.write_bytes(content)
        packets = [packet for packet in (*packets, read_packet(content)) if packet]
        made = make_clip(template, photo, out, settings, inherited=packets, progress=progress)
        return RequestResult((MadePicture(out.read_bytes(), "", 0),), (*notes, *made))


def _person(job_request: JobRequest, sources: Sources) -> tuple[Pixels, list[str], tuple[str, ...]]:
    """The photo of a clip's person, the marks that it carries, and notes on it; of a card, the picture in it."""
    if job_request.card:
        return sources.card(job_request.card)[1].thumbnail, [], ()
    content = sources.picture(job_request.photos[0])
    picture = faces.read_picture(content, name="The photo")
    return picture.pixels, [read_packet(content)], picture.notes


def _voice(talk: TalkRequest, sources: Sources, folder: Path, piper_voice: str) -> Speech:
    if talk.voice:
        path = folder / "The voice"
        path.write_bytes(_file(sources, talk.voice, "the voice is a sound file"))
        return Speech(path)
    name = piper_voice if talk.speaker == "piper" else talk.speaker_voice
    return speak(talk.words, folder, speaker=talk.speaker, voice=name, send_words=talk.send_words)


def _file(sources: Sources, reference: str, what: str) -> bytes:
    """A file that is no picture; raises InputError for a text that holds none."""
    try:
        return sources.picture(reference)
    except PhotoError as error:
        raise InputError(f"FaceChain: {what} in base64; this text is not.") from error
