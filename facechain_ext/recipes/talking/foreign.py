"""A talking portrait by a foreign engine: it gets copies, and what it makes is labelled, marked and given the voice."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from facechain_ext.errors import FaceChainError, HostError, InputError
from facechain_ext.labels.label import COMPOSITE
from facechain_ext.media.clip import Clip, open_clip
from facechain_ext.media.ffmpeg import local_input, run_ffmpeg
from facechain_ext.media.program_run import ProgramLimits, log_end, run_program
from facechain_ext.media.sound import Sound, read_sound
from facechain_ext.media.video import check_format, write_video
from facechain_ext.recipes.moving_file import save_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Pixels
    from facechain_ext.recipes.moving_file import Progress
    from facechain_ext.recipes.talking.engines import Engine

_VIDEOS = (".mp4", ".mov", ".avi", ".mkv", ".webm")
_LATE_SECONDS = 20.0
"""How long a result may come after the program has ended: encoders that it started may still be writing."""
_STILL_FPS = 25.0
_LOG_BYTES = 100_000
"""Of a log's end that an error holds; a page shows less of it."""
_LENGTH_DIFFERENCE = 0.5
"""Seconds by which video and voice may differ before it is said."""


def make_by_engine(
    engine: Engine,
    portrait: Pixels,
    voice: Path,
    path: Path,
    *,
    mark: bool = True,
    inherited: Sequence[str | bytes] = (),
    log_file: Path | None = None,
    limits: ProgramLimits | None = None,
    progress: Progress | None = None,
) -> tuple[str, ...]:
    """Write the video that ``engine`` makes of ``portrait``, RGB uint8 [h, w, 3], and ``voice``; returns notes.

    The engine works on copies in a folder that is removed afterwards. Raises InputError for an unusable sound,
    HostError with the last lines of the engine's log when it fails, hangs or writes no video, Cancelled when stopped.
    The error's ``details`` then hold the end of the log, 100 kB of it, and ``log_file`` all of it where one is given.
    """
    check_format(path)
    sound = read_sound(voice)
    with tempfile.TemporaryDirectory(prefix="facechain-talk-") as name:
        work = Path(name)
        values = _inputs(engine, portrait, voice, sound, work)
        log = work / "engine.log"
        try:
            run_program(
                engine.name, engine.filled(values), engine.folder, watched=work / "results", log_file=log,
                limits=limits, progress=progress,
            )  # fmt: skip
            made = _result(engine, work / "results", log)
            clip = open_clip(made, max_seconds=3600)
            count = save_frames(
                clip.frames(), path, clip.fps, kind=COMPOSITE, mark=mark, sound=voice, inherited=inherited
            )
        except (HostError, InputError) as error:
            raise _failure(error, log, log_file) from error
    return _length_notes(engine, clip, count, sound)


def _inputs(engine: Engine, portrait: Pixels, voice: Path, sound: Sound, work: Path) -> dict[str, str]:
    """Write copies of what the command names; returns the value of each place."""
    inputs, results = work / "inputs", work / "results"
    inputs.mkdir()
    results.mkdir()
    picture, wave, video, config = (inputs / name for name in ("portrait.png", "voice.wav", "still.mp4", "task.yaml"))
    Image.fromarray(portrait).save(picture)
    run_ffmpeg([*local_input(voice), "-map", "0:a:0", "-ac", "1", "-ar", "16000", "-y", f"file:{wave}"], voice.name)
    if engine.uses("{video}"):
        frames = (portrait for _ in range(max(round(sound.seconds * _STILL_FPS), 1)))
        write_video(frames, video, _STILL_FPS, suffix=".mp4")
    quoted = json.dumps(str(picture)), json.dumps(str(wave))  # a JSON text is a YAML text
    config.write_text(f"task_0:\n  video_path: {quoted[0]}\n  audio_path: {quoted[1]}\n", encoding="utf-8")
    places = {"{picture}": picture, "{video}": video, "{sound}": wave, "{folder}": results, "{config}": config}
    return {place: str(file) for place, file in places.items()} | {"{result}": str(results / "result.mp4")}


def _result(engine: Engine, results: Path, log: Path) -> Path:
    """The newest video in ``results`` that is whole; waits for one that comes late."""
    end = time.monotonic() + _LATE_SECONDS
    sizes: dict[Path, int] = {}
    while True:
        found = sorted(
            (path for path in results.rglob("*") if path.suffix.lower() in _VIDEOS and path.is_file()),
            key=lambda path: path.stat().st_mtime,
        )
        for path in reversed(found):
            size = path.stat().st_size
            if size and sizes.get(path) == size and _readable(path):
                return path
            sizes[path] = size
        if time.monotonic() > end:
            raise HostError(f"{engine.name} ended and wrote no video. {log_end(log)}")
        time.sleep(0.3)


def _readable(path: Path) -> bool:
    try:
        open_clip(path, max_seconds=3600)
    except FaceChainError:
        return False
    return True


def _failure(error: FaceChainError, log: Path, log_file: Path | None) -> HostError:
    """``error`` with the end of the engine's log, all of which is copied to ``log_file``."""
    if not log.is_file() or not log.stat().st_size:
        return HostError(str(error))
    kept = ""
    if log_file is not None:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, log_file)
        kept = f" The whole log: {log_file}"
    failure = HostError(f"{error}{kept}")
    failure.details = log.read_bytes()[-_LOG_BYTES:].decode("utf-8", "replace")
    return failure


def _length_notes(engine: Engine, clip: Clip, count: int, sound: Sound) -> tuple[str, ...]:
    seconds = count / clip.fps
    if abs(seconds - sound.seconds) <= _LENGTH_DIFFERENCE:
        return ()
    return (f"{engine.name} made {seconds:.1f} seconds of video for {sound.seconds:.1f} seconds of voice.",)
