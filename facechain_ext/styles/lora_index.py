"""Which LoRA files there are: folders are walked once, and again only when one of them has changed."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

logger = logging.getLogger(__name__)

ENDINGS = (".safetensors", ".pt", ".ckpt")
_YOUNG = 2_000_000_000
"""Nanoseconds for which a folder's time of change may hide a second change, since file systems count coarsely."""


@dataclass(frozen=True)
class _Walk:
    """What one walk found: the files by name, and the time of change of every folder (None: it was not there)."""

    files: Mapping[str, Path]
    changed: Mapping[Path, int | None]
    begun: int


_walks: dict[tuple[Path, ...], _Walk] = {}
_lock = Lock()


def lora_index(folders: tuple[Path, ...]) -> Mapping[str, Path]:
    """The LoRA files in ``folders`` and below by name in small letters; of two with one name the first folder's counts.

    Links to folders are followed. A file that comes or goes is seen the next time, since its folder's time of change
    moves; where a network drive does not tell that, ``forget_lora_index`` does.
    """
    with _lock:
        walk = _walks.get(folders)
        if walk is None or not _still_true(walk):
            walk = _walks[folders] = _walk(folders)
        return walk.files


def forget_lora_index() -> None:
    """Let the next look-up walk the folders again."""
    with _lock:
        _walks.clear()


def _still_true(walk: _Walk) -> bool:
    return all(
        _changed(folder) == changed and (changed is None or changed < walk.begun - _YOUNG)
        for folder, changed in walk.changed.items()
    )


def _walk(folders: tuple[Path, ...]) -> _Walk:
    begun = time.time_ns()
    files: dict[str, Path] = {}
    changed: dict[Path, int | None] = {}
    for root in folders:
        changed[root] = _changed(root)
        found = []
        for folder in _folders_below(root):
            changed[folder] = _changed(folder)
            try:
                with os.scandir(folder) as entries:
                    found += [Path(one.path) for one in entries if one.name.endswith(ENDINGS) and one.is_file()]
            except OSError as error:
                logger.warning("LoRAs in %s are not seen: %s", folder, error)
        for path in sorted(found):
            files.setdefault(path.name.casefold(), path)
    return _Walk(files, changed, begun)


def _folders_below(root: Path) -> Iterator[Path]:
    """``root`` and the folders below it, each once, however links may circle."""
    seen: set[tuple[int, int]] = set()
    for name, below, _ in os.walk(root, followlinks=True):
        folder = Path(name)
        try:
            state = folder.stat()
        except OSError as error:
            logger.warning("LoRAs in %s are not seen: %s", folder, error)
            continue
        if (state.st_dev, state.st_ino) in seen:
            below.clear()
            continue
        seen.add((state.st_dev, state.st_ino))
        yield folder


def _changed(folder: Path) -> int | None:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return None
