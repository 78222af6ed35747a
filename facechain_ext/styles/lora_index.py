"""An index of LoRA files by name; folders are scanned again only when one of them has changed."""

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

LORA_SUFFIXES = (".safetensors", ".pt", ".ckpt")
_CLOCK_RESOLUTION_NS = 2_000_000_000
"""Coarsest resolution of a file system's times (FAT: 2 s), within which a second change leaves the time the same."""


@dataclass(frozen=True)
class _Scan:
    """One scan: files by case-folded name, each folder's time of change (None: missing), the start in nanoseconds."""

    files: Mapping[str, Path]
    folder_times: Mapping[Path, int | None]
    started_ns: int


_scans: dict[tuple[Path, ...], _Scan] = {}
_lock = Lock()


def lora_index(folders: tuple[Path, ...]) -> Mapping[str, Path]:
    """The LoRA files in ``folders`` and below by case-folded name; of two with one name, that of the first folder.

    Links to folders are followed. Added and removed files are seen by the folder's time of change; where a network
    drive does not update it, call ``clear_lora_index``.
    """
    with _lock:
        scan = _scans.get(folders)
        if scan is None or not _is_current(scan):
            scan = _scans[folders] = _scan_folders(folders)
        return scan.files


def clear_lora_index() -> None:
    """Make the next look-up scan the folders again."""
    with _lock:
        _scans.clear()


def _is_current(scan: _Scan) -> bool:
    return all(
        _time_of_change(folder) == time_ns and (time_ns is None or time_ns < scan.started_ns - _CLOCK_RESOLUTION_NS)
        for folder, time_ns in scan.folder_times.items()
    )


def _scan_folders(folders: tuple[Path, ...]) -> _Scan:
    started_ns = time.time_ns()
    files: dict[str, Path] = {}
    folder_times: dict[Path, int | None] = {}
    for root in folders:
        folder_times[root] = _time_of_change(root)
        found = []
        for folder in _folders_below(root):
            folder_times[folder] = _time_of_change(folder)
            try:
                with os.scandir(folder) as entries:
                    found += [
                        Path(file.path) for file in entries if file.name.endswith(LORA_SUFFIXES) and file.is_file()
                    ]
            except OSError as error:
                logger.warning("LoRAs in %s are not seen: %s", folder, error)
        for path in sorted(found):
            files.setdefault(path.name.casefold(), path)
    return _Scan(files, folder_times, started_ns)


def _folders_below(root: Path) -> Iterator[Path]:
    """``root`` and the folders below it, each once, also where links form a cycle."""
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


def _time_of_change(folder: Path) -> int | None:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return None
