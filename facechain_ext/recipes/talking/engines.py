"""Foreign engines for talking portraits: SadTalker's own command, or any program by a command line with places."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from facechain_ext.errors import InputError

PLACES = ("{picture}", "{video}", "{sound}", "{folder}", "{result}", "{config}")
"""What a command line may name: the portrait as PNG, the same as a still clip, the voice as WAV, the folder for
results, a file in it, and a YAML file with video_path and audio_path as MuseTalk reads it."""
_SOUND_PLACES, _PICTURE_PLACES = ("{sound}", "{config}"), ("{picture}", "{video}", "{config}")
_SADTALKER_SIZES = (256, 512)


@dataclass(frozen=True)
class Engine:
    """A foreign program: its ``name``, its command with PLACES in it, and the ``folder`` in which it runs."""

    name: str
    command: tuple[str, ...]
    folder: Path

    def uses(self, place: str) -> bool:
        """Whether the command names a place."""
        return any(place in part for part in self.command)

    def filled(self, values: dict[str, str]) -> list[str]:
        """The command with a value for each place."""
        filled = list(self.command)
        for place, value in values.items():
            filled = [part.replace(place, value) for part in filled]
        return filled


def sadtalker(folder: Path, *, python: str = "", still: bool = True, enhance: bool = False, size: int = 256) -> Engine:
    """SadTalker in ``folder``, its repository with its own environment and weights.

    ``python`` is its interpreter; by default the one of venv or .venv in the folder. ``still`` keeps the head almost
    still and pastes it back into the whole picture, ``enhance`` runs GFPGAN over the frames, ``size`` is 256 or 512.
    Raises InputError that names what is missing.
    """
    folder = folder.expanduser().resolve()
    if not (folder / "inference.py").is_file():
        raise InputError(f"{folder} is not SadTalker: it has no inference.py. Set the folder of its repository.")
    if size not in _SADTALKER_SIZES:
        raise InputError(f"SadTalker has sizes 256 and 512, not {size}.")
    weights = folder / "checkpoints" / f"SadTalker_V0.0.2_{size}.safetensors"
    if not weights.is_file():
        raise InputError(f"SadTalker's weights are missing: {weights}. Run scripts/download_models.sh in its folder.")
    command = [_interpreter(folder, python), str(folder / "inference.py")]
    command += ["--driven_audio", "{sound}", "--source_image", "{picture}", "--result_dir", "{folder}"]
    command += ["--size", str(size), "--preprocess", "full" if still else "crop", *(["--still"] if still else [])]
    command += ["--enhancer", "gfpgan"] if enhance else []
    return Engine("SadTalker", tuple(command), folder)


def command_engine(line: str, folder: Path | None = None) -> Engine:
    """The engine of a command line with PLACES, such as for MuseTalk or LatentSync, run in ``folder``.

    It is split as a shell would and run without one. Raises InputError when it names neither picture nor sound, or a
    place that there is not.
    """
    try:
        parts = shlex.split(line, posix=os.name != "nt")
    except ValueError as error:
        raise InputError(f"The engine's command line cannot be read ({error}).") from error
    if not parts:
        raise InputError("The engine's command line is empty.")
    for places, what in ((_PICTURE_PLACES, "the portrait"), (_SOUND_PLACES, "the voice")):
        if not any(place in line for place in places):
            raise InputError(f"The engine's command line does not say where {what} goes: write {' or '.join(places)}.")
    rest = line
    for place in PLACES:
        rest = rest.replace(place, "")
    if "{" in rest and "}" in rest:
        raise InputError(f"The engine's command line has a place that there is not; there are {', '.join(PLACES)}.")
    if folder is not None and not folder.is_dir():
        raise InputError(f"The engine's folder {folder} does not exist.")
    return Engine(Path(parts[0]).stem, tuple(parts), (folder or Path.cwd()).resolve())


def _interpreter(folder: Path, python: str) -> str:
    if python:
        return python
    inside = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    for environment in ("venv", ".venv"):
        found = folder.joinpath(environment, *inside)
        if found.is_file():
            return str(found)
    raise InputError(
        f"SadTalker has no environment of its own in {folder}/venv. Make one there with its requirements, or name its "
        "Python. It is not run by this program's Python, whose packages it would break."
    )
