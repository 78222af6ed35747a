"""The folder of downloaded models, and those in which the host keeps LoRAs."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class _Override:
    """What the host set: the models folder (None leaves the choice to the environment), and who knows its LoRAs."""

    folder: Path | None = None
    lora_folders: Callable[[], tuple[Path, ...]] = tuple


_override = _Override()


def models_folder() -> Path:
    """The folder of all downloaded models; it may not exist yet.

    The argument of ``set_models_folder``, else $FACECHAIN_MODELS_DIR, else below the system's folder of user data.
    """
    if _override.folder is not None:
        return _override.folder
    named = os.environ.get("FACECHAIN_MODELS_DIR")
    return Path(named).expanduser() if named else _user_data_folder() / "facechain" / "models"


def set_models_folder(path: Path | str | None) -> None:
    """Make ``path`` the models folder of this process; None restores the default."""
    _override.folder = None if path is None else Path(path).expanduser()


def host_lora_folders() -> tuple[Path, ...]:
    """The host's own folders of LoRAs; none without a host."""
    return _override.lora_folders()


def use_lora_folders(find: Callable[[], tuple[Path, ...]]) -> None:
    """Take what ``find`` names, each time anew, for the host's own folders of LoRAs."""
    _override.lora_folders = find


def _user_data_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
