"""Named settings of the Portrait page, one JSON file each: those of the current owner, and those of all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.storage.json_store import write_json
from facechain_ext.storage.owner import OwnedFolder, current_owner
from facechain_ext.ui.portrait.form import NAMES, validated_form
from facechain_ext.weights import models_folder, safe_child, safe_name

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.ui.portrait.form import Form, FormValues


def folder() -> Path:
    """The folder of the preset files."""
    return models_folder() / "presets"


def names() -> list[str]:
    """The names of all presets, sorted."""
    folders = (one for one in OwnedFolder(folder()).readable(current_owner()) if one.is_dir())
    return sorted({path.stem for one in folders for path in one.glob("*.json")}, key=str.casefold)


def save(name: str, form: FormValues) -> None:
    """Save settings under ``name``, replacing a preset of the same name.

    Raises InputError for a name that is empty or unsafe as a file name, WeightsError when it cannot be written.
    """
    path = safe_child(OwnedFolder(folder()).prepare(current_owner()), _file_name(name))
    write_json(path, {key: form[key] for key in NAMES})


def load(name: str) -> Form:
    """The settings called ``name``; raises InputError when there are none or their file is damaged."""
    try:
        return validated_form(json.loads(_existing(name).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"The preset {name} is damaged ({error}); delete it and save it again.") from error


def delete(name: str) -> None:
    """Remove the preset called ``name``; raises InputError when there is none, or when it is not this owner's."""
    OwnedFolder(folder()).remove(current_owner(), _existing(name))


def exists(name: str) -> bool:
    """Whether there is a preset called ``name``; raises InputError for an impossible name."""
    return OwnedFolder(folder()).find(current_owner(), _file_name(name)) is not None


def _existing(name: str) -> Path:
    path = OwnedFolder(folder()).find(current_owner(), _file_name(name))
    if path is None:
        raise InputError(f"There is no preset called {name}.")
    return path


def _file_name(name: str) -> str:
    if not name.strip():
        raise InputError("No preset is named. Choose one of the list, or write a name for a new one.")
    return safe_name(f"{name.strip()}.json")
