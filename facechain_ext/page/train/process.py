"""The training of a style in a process and an environment of its own, so that no package of the host changes."""

from __future__ import annotations

import csv
import json
import logging
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import HostError, PhotoError
from facechain_ext.styles import key_of
from facechain_ext.weights import models_folder
from facechain_ext.weights.whole import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[3]
TABLE = "captions.csv"
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


def collect(wish: Wish, pictures: Sequence[tuple[Path, str]]) -> list[list[str]]:
    """Copy uploaded pictures (path, name) into the training's folder and return the table of captions.

    Nothing that is there is overwritten: a picture of a known name gets a number. The rows are file, use, caption.
    """
    folder = wish.folder / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for path, name in pictures:
        stem, suffix = key_of(Path(name).stem), path.suffix.lower()
        free, number = folder / f"{stem}{suffix}", 2
        while free.exists():
            free, number = folder / f"{stem}-{number}{suffix}", number + 1
        shutil.copyfile(path, free)
    known = {row[0]: row for row in read_table(folder)}
    files = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in {".png", ".jpg", ".jpeg", ".webp", ".bmp"})
    rows = [known.get(file, [file, "yes", f"{wish.trigger}, {Path(file).stem.replace('-', ' ')}"]) for file in files]
    write_table(folder, rows)
    return rows


def read_table(folder: Path) -> list[list[str]]:
    """The rows of a folder's captions; none where there are none."""
    path = folder / TABLE
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [[row["file"], row["use"], row["caption"]] for row in csv.DictReader(file)]


def write_table(folder: Path, rows: Sequence[Sequence[str]]) -> None:
    """Write captions, whole or not at all; rows of files that are not in the folder are left out."""
    there = {path.name for path in folder.iterdir()}
    with whole_file(folder / TABLE) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "use", "caption", "problem"])
        writer.writerows([*(str(cell) for cell in row[:3]), ""] for row in rows if str(row[0]) in there)


def command(wish: Wish, python: Path) -> list[str]:
    """The command that trains."""
    words = [str(python), "-m", "facechain_ext", "train", "style", "--checkpoint", str(wish.checkpoint)]
    words += ["--pictures", str(wish.folder / "pictures"), "--name", wish.name.strip(), "--work", str(wish.folder)]
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
