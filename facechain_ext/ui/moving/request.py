"""The moving portraits of the page: from its values to a finished, saved video, independent of gradio."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.recipes.talking.engine_settings import COMMAND, PREVIEW, SADTALKER
from facechain_ext.ui.template.choices import CARD, PHOTO
from facechain_ext.ui.uploads import UploadedSources, temporary_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from facechain_ext.recipes.clip.frame_distances import FrameDistances
    from facechain_ext.ui.background_task import ReportProgress
    from facechain_ext.ui.host import PageHost

SPEAK, REPLACE = "it speaks", "a face of a clip becomes a person"
KINDS = (SPEAK, REPLACE)
"""What moves: the picture, or a clip with a person put in."""
WORDS, RECORDING, MICROPHONE = "words", "recording", "microphone"
VOICES = (WORDS, RECORDING, MICROPHONE)
"""Where a voice comes from."""
ENGINE_LABELS: Mapping[str, str] = {PREVIEW: "preview", SADTALKER: "SadTalker", COMMAND: "another engine"}


@dataclass(frozen=True)
class MovingRequest:
    """One video: ``kind`` of KINDS, the portrait's files, and what it takes beside.

    ``recording`` is a sound file, else ``words`` are spoken by ``speaker``. ``clip`` is a video and ``person`` a
    choice of the page for who is put into it, with the uploaded photos in ``photos``. ``settings`` are by the names of
    requests.
    """

    kind: str = SPEAK
    pictures: tuple[Path, ...] = ()
    photos: Mapping[str, Path] = field(default_factory=dict)
    words: str = ""
    speaker: str = "espeak-ng"
    speaker_voice: str = ""
    send_words: bool = False
    recording: Path | None = None
    engine: str = PREVIEW
    clip: Path | None = None
    person: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    agreed: bool = False


@dataclass(frozen=True)
class FinishedVideo:
    """A video: a file for the page to show, the name under which it was saved ("" where none is), and notes.

    ``curve`` is how like its frames are, None where nothing measures that.
    """

    shown: Path
    file: str
    notes: tuple[str, ...] = ()
    curve: FrameDistances | None = None


def make_video(host: PageHost, request: MovingRequest, report: ReportProgress) -> FinishedVideo:
    """Make and save the video; raises FaceChainError, and nothing is written then."""
    from facechain_ext.jobs.job_request import parse_job_request
    from facechain_ext.jobs.worker import RequestWorker

    values, files = request_values(request)
    made = RequestWorker(host, UploadedSources(files)).make(parse_job_request(values), report)
    content = made.pictures[0].content
    saved = host.save_video(content, "talking" if request.kind == SPEAK else "clip")
    shown = temporary_file("video.mp4" if saved is None else saved.name, content)
    return FinishedVideo(shown, "" if saved is None else saved.name, made.notes, made.pictures[0].curve)


def request_values(request: MovingRequest) -> tuple[dict[str, object], dict[str, Path]]:
    """The request of a job, and the files that its references stand for; raises InputError for what is lacking."""
    values: dict[str, object] = {"agreed": request.agreed, "settings": dict(request.settings)}
    return _clip_values(request, values) if request.kind == REPLACE else _talk_values(request, values)


def _talk_values(request: MovingRequest, values: dict[str, object]) -> tuple[dict[str, object], dict[str, Path]]:
    if len(request.pictures) != 1:
        raise InputError(f"{len(request.pictures)} templates are chosen; one of them can speak at a time.")
    files = {"picture": request.pictures[0]}
    values |= {"recipe": "talk", "picture": "picture", "engine": request.engine}
    if request.recording is not None:
        return values | {"voice": "voice"}, files | {"voice": request.recording}
    if not request.words.strip():
        raise InputError("There are no words to say. Write some, or give a recording.")
    spoken = {"say": request.words, "speaker": request.speaker, "speaker_voice": request.speaker_voice}
    return values | spoken | {"send_words": request.send_words}, files


def _clip_values(request: MovingRequest, values: dict[str, object]) -> tuple[dict[str, object], dict[str, Path]]:
    if request.clip is None:
        raise InputError("Drop a clip first, a video of up to a minute.")
    files = {"clip": request.clip}
    values |= {"recipe": "clip", "clip": "clip"}
    if request.person.startswith(CARD):
        return values | {"card": request.person.removeprefix(CARD)}, files
    path = request.photos.get(request.person.removeprefix(PHOTO))
    if path is None:
        raise InputError("Choose who is put into the clip: a photo of a guest, or a card.")
    return values | {"photo": "photo"}, files | {"photo": path}
