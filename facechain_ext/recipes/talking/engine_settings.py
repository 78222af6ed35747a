"""The foreign engines that whoever runs this machine has set up; a request names one of them, never a path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.media.speech import speakers_here
from facechain_ext.next_steps import next_steps
from facechain_ext.recipes.talking.engines import command_engine, sadtalker

if TYPE_CHECKING:
    from facechain_ext.recipes.talking.engines import Engine

PREVIEW, SADTALKER, COMMAND = "preview", "sadtalker", "command"
ENGINES = (PREVIEW, SADTALKER, COMMAND)
"""What makes a talking portrait: the built-in preview, SadTalker, or the program of a command line."""


@dataclass(frozen=True)
class EngineSettings:
    """Foreign programs for talking portraits; an empty text is a program that is not set up.

    ``sadtalker`` is the folder of its repository and ``sadtalker_python`` its interpreter (by default that of its own
    environment), ``command`` a command line with places and ``command_folder`` where it runs, ``piper_voice`` the file
    of a voice of piper.
    """

    sadtalker: str = ""
    sadtalker_python: str = ""
    command: str = ""
    command_folder: str = ""
    piper_voice: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The engines that can be chosen, the preview first."""
        return (PREVIEW, *([SADTALKER] if self.sadtalker else []), *([COMMAND] if self.command else []))

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speech programs that are here, eSpeak NG first; it may be a library without its program."""
        missing = speakers_here()
        piper = bool(self.piper_voice) and not missing["piper"]
        return ("espeak-ng", *(["piper"] if piper else []), *([] if missing["edge-tts"] else ["edge-tts"]))


def find_engine(name: str, settings: EngineSettings) -> Engine | None:
    """The engine of that name, None for the preview; raises InputError when it is not set up, or wrongly."""
    if name == PREVIEW:
        return None
    if name == SADTALKER and settings.sadtalker:
        return sadtalker(Path(settings.sadtalker), python=settings.sadtalker_python)
    if name == COMMAND and settings.command:
        folder = Path(settings.command_folder).expanduser() if settings.command_folder else None
        return command_engine(settings.command, folder)
    raise InputError(f"The engine {name} is not set up here. {next_steps().set_up_engine()}.")
