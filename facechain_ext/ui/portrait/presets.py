"""Named settings of the Portrait page, one JSON file each below the models folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.storage.atomic_write import atomic_write
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
    return sorted((path.stem for path in folder().glob("*.json")), key=str.casefold) if folder().is_dir() else []


def save(name: str, form: FormValues) -> None:
    """Save settings under ``name``, replacing a preset of the same name.

    Raises InputError for an empty name, WeightsError for one that is unsafe as a file name.
    """
    path = _path(name)
    with atomic_write(path) as temporary:
        temporary.write_text(
            json.dumps({key: form[key] for key in NAMES}, ensure_ascii=False, indent=1), encoding="utf-8"
        )


def load(name: str) -> Form:
    """The settings called ``name``; raises InputError when there are none or their file is damaged."""
    try:
        return validated_form(json.loads(_path(name).read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise InputError(f"There is no preset called {name}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"The preset {name} is damaged ({error}); delete it and save it again.") from error


def delete(name: str) -> None:
    """Remove the preset called ``name``; raises InputError when there is none."""
    path = _path(name)
    if not path.is_file():
        raise InputError(f"There is no preset called {name}.")
    path.unlink()


def exists(name: str) -> bool:
    """Whether there is a preset called ``name``; raises InputError or WeightsError for an impossible name."""
    return _path(name).is_file()


def _path(name: str) -> Path:
    if not name.strip():
        raise InputError("No preset is named. Choose one of the list, or write a name for a new one.")
    return safe_child(folder(), safe_name(f"{name.strip()}.json"))
