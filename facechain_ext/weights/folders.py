"""The folder of downloaded models."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass
class _Override:
    """The folder that the host set; None leaves the choice to the environment."""

    folder: Path | None = None


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


def _user_data_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
