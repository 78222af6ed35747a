"""The training of a style in a process and an environment of its own, so that no package of the host changes."""

from __future__ import annotations

import filecmp
import json
import logging
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import HostError, PhotoError
from facechain_ext.faces import read_picture
from facechain_ext.styles import key_of
from facechain_ext.training.fact.sources import PICTURES
from facechain_ext.training.style import STATE
from facechain_ext.training.style.pictures import caption_table, is_used, picture_files, read_table, write_table
from facechain_ext.weights import models_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from facechain_ext.training.style.pictures import Captioned

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[3]
PYTHON = "FACECHAIN_TRAIN_PYTHON"
"""The environment variable that names another Python to train with."""
HOW = (
    "Training needs an environment of its own, apart from the webui's. Make it once, in the extension's folder: "
    'python -m venv train-venv && train-venv/bin/pip install -e ".[standalone,training]"'
)
_LAST = frozenset({"done", "stopped"})
"""The events after which a training reports nothing more."""


@dataclass(frozen=True)
class Wish:
    """A style to train: its ``name`` and ``trigger`` word, the checkpoint's file, and how long."""

    name: str
    trigger: str
    checkpoint: Path
    steps: int = 1500
    rate: float = 1e-4
    rank: int = 16
    size: int = 512
    lora_folder: Path | None = None
    resume: bool = False

    @property
    def folder(self) -> Path:
        """Where pictures, state and previews of this training are."""
        if not self.name.strip():
            raise PhotoError("Give the style a name.")
        return models_folder() / "training" / key_of(self.name.strip())

    @property
    def pictures(self) -> Path:
        """Where the pictures of this training and their captions are."""
        return self.folder / "pictures"


def environment(own: Path | None = None) -> Path:
    """The Python that trains: what FACECHAIN_TRAIN_PYTHON names, else ``train-venv`` in our folder, else ``own``.

    A page never names it: what a browser sends is not run. Raises HostError that says how to make one.
    """
    named = os.environ.get(PYTHON, "")
    place = ROOT / "train-venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    python = Path(named or place)
    if python.is_file():
        return python
    if named or own is None:
        raise HostError(f"There is no {python}. {HOW}")
    return own


def collect(wish: Wish, pictures: Sequence[tuple[Path, str]]) -> tuple[list[Captioned], list[str]]:
    """Copy uploaded pictures (path, name) into the training's folder; its captions, and why pictures were left out.

    Nothing that is there is overwritten: a picture of a known name gets a number, one that is there is not copied.
    """
    wish.pictures.mkdir(parents=True, exist_ok=True)
    problems = [problem for path, name in pictures if (problem := _copy(path, Path(name), wish.pictures))]
    rows = captions(wish)
    return rows, problems + [row.problem for row in rows if row.problem]


def _copy(path: Path, name: Path, folder: Path) -> str:
    """Copy one picture under a free name; why it cannot be learned from, or ""."""
    suffix = path.suffix.lower()
    if suffix not in PICTURES:
        return f"{name.name} is a file that no style is learned from; save it as JPEG, PNG or WebP."
    try:
        read_picture(path, name=name.name)
    except PhotoError as error:
        return str(error)
    if any(filecmp.cmp(path, there, shallow=False) for there in picture_files(folder)):
        return ""
    stem = key_of(name.stem)
    free, number = folder / f"{stem}{suffix}", 2
    while free.exists():
        free, number = folder / f"{stem}-{number}{suffix}", number + 1
    shutil.copyfile(path, free)
    return ""


def captions(wish: Wish) -> list[Captioned]:
    """The captions of the pictures in the training's folder, made where they lack and written; none without pictures.

    Rows of pictures that are gone are taken out: a page has no other way to do it.
    """
    files = {path.name for path in picture_files(wish.pictures)} if wish.pictures.is_dir() else set()
    if not files:
        return []
    known = read_table(wish.pictures)
    there = [row for row in known if row.file in files]
    if there != known:
        write_table(wish.pictures, there)
    return caption_table(wish.pictures, wish.trigger)


def shown(name: str) -> list[Captioned]:
    """The captions of a style that was begun, as they were written; none of any other name."""
    return read_table(Wish(name, "", Path()).pictures) if name.strip() else []


def keep(name: str, cells: Sequence[Sequence[Any]]) -> None:
    """Write what was edited on the page (file, use, caption) into the captions of a style.

    Only rows that are in both change: the empty table of a page that was just opened changes nothing.
    """
    edited = {str(row[0]): row for row in cells}
    known = shown(name)
    rows = [_edited(row, edited[row.file]) if row.file in edited else row for row in known]
    if rows != known:
        write_table(Wish(name, "", Path()).pictures, rows)


def _edited(row: Captioned, cells: Sequence[Any]) -> Captioned:
    """A row of the captions with what the page has in its cells; what was emptied there may come as None or NaN."""
    use, caption = (cell if isinstance(cell, str) else "" for cell in cells[1:3])
    return replace(row, use=is_used(use), caption=caption)


def same_style(one: str, other: str) -> bool:
    """Whether two names mean the same training."""
    return bool(one.strip() and other.strip()) and key_of(one.strip()) == key_of(other.strip())


def check(wish: Wish) -> None:
    """Raise PhotoError without pictures, HostError where going on was asked for and cannot be, or the reverse."""
    if not captions(wish):
        raise PhotoError("Add pictures first.")
    begun = (wish.folder / STATE).is_file()
    if begun and not wish.resume:
        raise HostError('This style was begun already; tick "Go on where it stopped", or choose another name.')
    if wish.resume and not begun:
        raise HostError('This style has nothing to go on with yet; take the tick off "Go on where it stopped".')


def command(wish: Wish, python: Path) -> list[str]:
    """The command that trains."""
    words = [str(python), "-m", "facechain_ext", "train", "style", "--checkpoint", str(wish.checkpoint)]
    words += ["--pictures", str(wish.pictures), "--name", wish.name.strip(), "--work", str(wish.folder)]
    words += ["--trigger", wish.trigger, "--steps", str(wish.steps), "--rate", str(wish.rate)]
    words += ["--rank", str(wish.rank), "--size", str(wish.size)]
    words += ["--lora-dir", str(wish.lora_folder)] if wish.lora_folder is not None else []
    return [*words, "--resume"] if wish.resume else words


class Training:
    """One training that runs; ``stop`` lets it save and end."""

    def __init__(self, wish: Wish, python: Path) -> None:
        settings = {**os.environ, "FACECHAIN_MODELS_DIR": str(models_folder()), "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
            command(wish, python),
            cwd=ROOT,
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )

    def events(self) -> Iterator[dict[str, Any]]:
        """What it reports, line by line; at its end ``ended`` with its code and its last words.

        That it is done or stopped is told when the process has ended, which takes seconds: a page ignores a button that
        is pressed while its last press is still at work, and nobody should be invited to press it before.
        """
        last = ""
        final: list[dict[str, Any]] = []
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                last = line.strip() or last
                log.info("training: %s", line.rstrip())
                continue
            if isinstance(event, dict) and event.get("event") in _LAST:
                final.append(event)
            elif isinstance(event, dict):
                yield event
        code = self._process.wait()
        yield from final
        yield {"event": "ended", "code": code, "words": last}

    def stop(self) -> None:
        """Ask it to save its state and end; harmless when it has."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
