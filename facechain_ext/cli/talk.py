"""facechain talk: a portrait speaks."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from facechain_ext.cli.options import limits
from facechain_ext.cli.step_progress import step_progress
from facechain_ext.hosts.diffusers.interrupts import interrupt_requests
from facechain_ext.hosts.diffusers.output import check_new_file
from facechain_ext.identity.consent import MOVING_CONSENT, MOVING_NOTICE
from facechain_ext.media.speech import SPEAKERS
from facechain_ext.methods.setting import find_setting
from facechain_ext.recipes.talking.settings import TALKING_SETTINGS

if TYPE_CHECKING:
    from facechain_ext.media.speech import Speaker, Speech
    from facechain_ext.recipes.talking.engines import Engine

console = Console()
_FPS, _SIDE, _LIVELINESS = (find_setting(TALKING_SETTINGS, name) for name in ("fps", "side", "liveliness"))


def talk(
    *,
    portrait: Annotated[Path, typer.Argument(help="The portrait.")],
    out: Annotated[Path, typer.Option(help="The file to write: .mp4, or .gif or .webp without sound.")],
    voice: Annotated[Path | None, typer.Option(help="A recording of the voice: WAV, MP3, M4A, FLAC, OGG.")] = None,
    say: Annotated[str, typer.Option(help="Words to speak instead of a recording.")] = "",
    speaker: Annotated[str, typer.Option(help=f"Who speaks them: {', '.join(SPEAKERS)}.")] = "auto",
    speaker_voice: Annotated[str, typer.Option(help="eSpeak's voice (en-us, cmn), or a piper voice's .onnx.")] = "",
    send_words: Annotated[
        bool, typer.Option("--send-words", help="Allow edge-tts to send the words to Microsoft's service.")
    ] = False,
    face: Annotated[int | None, typer.Option(help="Number of the face, from the left.")] = None,
    fps: Annotated[float, typer.Option(**limits(_FPS), help="Frames a second.")] = _FPS.default,
    side: Annotated[int, typer.Option(**limits(_SIDE), help="Longer side of the video in pixels.")] = _SIDE.default,
    liveliness: Annotated[
        float, typer.Option(**limits(_LIVELINESS), help="How much the head moves.")
    ] = _LIVELINESS.default,
    seed: Annotated[int, typer.Option(min=0, help="Of blinks and turns of the head.")] = 0,
    mark: Annotated[bool, typer.Option("--mark/--no-mark", help="Draw the visible mark.")] = True,
    engine: Annotated[str, typer.Option(help="preview (here), sadtalker, or command.")] = "preview",
    engine_folder: Annotated[
        Path | None, typer.Option(help="SadTalker's repository, or the folder in which the command runs.")
    ] = None,
    engine_python: Annotated[str, typer.Option(help="SadTalker's Python, if not in venv or .venv of its folder.")] = "",
    engine_command: Annotated[
        str, typer.Option(help="For command: a command line with {picture} or {video}, {sound}, {folder} or {result}.")
    ] = "",
    consent: Annotated[bool, typer.Option("--consent", help=f"{MOVING_CONSENT}.")] = False,
) -> None:
    """Make a talking portrait. The engine here is a preview: the voice moves mouth, eyelids and head of the portrait.

    Other engines are programs of their own, which have to be installed; they get copies of portrait and voice.
    """
    from facechain_ext.faces.decoding import read_picture_file
    from facechain_ext.media.speech import Speech
    from facechain_ext.recipes.talking.recipe import make_talking_portrait
    from facechain_ext.recipes.talking.settings import PreviewSettings

    if (voice is None) == (not say.strip()):
        raise typer.BadParameter("Give --voice with a recording, or --say with words.")
    foreign = _engine(engine, engine_folder, engine_python, engine_command)
    ask_consent(given=consent)
    check_new_file(out)
    content = read_picture_file(portrait)
    settings = PreviewSettings(fps=fps, side=side, liveliness=liveliness, seed=seed, face=face, mark=mark)
    with tempfile.TemporaryDirectory() as folder:
        if voice is None:
            spoken = _speak(say, Path(folder), speaker, speaker_voice, send_words=send_words)
        else:
            spoken = Speech(voice)
        with interrupt_requests() as interrupted, step_progress(console, interrupted) as progress:
            notes = make_talking_portrait(
                content, spoken, out, settings, engine=foreign, log_file=out.with_suffix(".log"), progress=progress
            )
    for note in notes:
        console.print(note, style="yellow", markup=False)
    console.print(str(out), markup=False, highlight=False, soft_wrap=True)


def _engine(name: str, folder: Path | None, python: str, command: str) -> Engine | None:
    """The foreign engine; None for the preview."""
    from facechain_ext.recipes.talking.engines import command_engine, sadtalker

    if name == "preview":
        return None
    if name == "sadtalker":
        if folder is None:
            raise typer.BadParameter("--engine sadtalker needs --engine-folder, the folder of its repository.")
        return sadtalker(folder, python=python)
    if name == "command":
        return command_engine(command, folder)
    raise typer.BadParameter(f"--engine takes preview, sadtalker, command; not “{name}”.")


def ask_consent(*, given: bool) -> None:
    """Show the notice and ask in a terminal; raises InputError where the consent is not given."""
    from facechain_ext.recipes.moving_file import require_consent

    if not given and sys.stdin.isatty():
        for sentence in MOVING_NOTICE:
            console.print(sentence, markup=False)
        given = typer.confirm(MOVING_CONSENT)
    require_consent(agreed=given)


def _speak(words: str, folder: Path, speaker: str, voice: str, *, send_words: bool) -> Speech:
    from facechain_ext.media.speech import speak

    chosen: Speaker | None = next((one for one in SPEAKERS if one == speaker), None)
    if chosen is None:
        raise typer.BadParameter(f"--speaker takes {', '.join(SPEAKERS)}; not “{speaker}”.")
    return speak(words, folder, speaker=chosen, voice=voice, send_words=send_words)
