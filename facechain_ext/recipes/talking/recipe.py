"""The talking portrait as a whole: a picture's file and a voice become a labelled video, by whichever engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.labels import read_packet
from facechain_ext.recipes.talking.foreign import make_by_engine
from facechain_ext.recipes.talking.preview import make_preview
from facechain_ext.recipes.talking.settings import PreviewSettings

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.media.speech import Speech
    from facechain_ext.recipes.moving_file import Progress
    from facechain_ext.recipes.talking.engines import Engine


def make_talking_portrait(
    portrait: bytes,
    voice: Speech,
    path: Path,
    settings: PreviewSettings | None = None,
    *,
    engine: Engine | None = None,
    log_file: Path | None = None,
    progress: Progress | None = None,
) -> tuple[str, ...]:
    """Write the video of the portrait in a picture's file speaking ``voice``; returns notes.

    Without an ``engine`` it is the preview, which alone reads all of ``settings``; others read whether there is a mark.
    ``log_file`` keeps the log of an engine that fails. The portrait's own marks are kept. Raises what engines raise.
    """
    settings = settings or PreviewSettings()
    picture = faces.read_picture(portrait, name="The portrait")
    packet = read_packet(portrait)
    inherited = [packet] if packet else []
    if engine is None:
        notes = make_preview(
            picture.pixels, voice.path, path, settings, phonemes=voice.phonemes, inherited=inherited, progress=progress
        )
    else:
        notes = make_by_engine(
            engine, picture.pixels, voice.path, path, mark=settings.mark, inherited=inherited, log_file=log_file,
            progress=progress,
        )  # fmt: skip
    return (*picture.notes, *notes)
