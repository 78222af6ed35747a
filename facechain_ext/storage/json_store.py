"""Small facts that are remembered below the models folder, each a file of JSON."""

from __future__ import annotations

import json
import logging
from typing import Any

from facechain_ext.errors import WeightsError
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.weights.folders import models_folder

log = logging.getLogger(__name__)


def read_note(name: str) -> Any:
    """What is remembered as ``name``; None when nothing is, and, with a warning, when it cannot be read."""
    try:
        return json.loads((models_folder() / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        log.warning("%s cannot be read (%s); it counts as nothing remembered", name, error)
        return None


def write_note(name: str, value: Any) -> None:
    """Remember ``value`` as ``name``, whole or not at all; raises WeightsError when it cannot be written."""
    path = models_folder() / name
    try:
        with atomic_write(path) as part:
            part.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise WeightsError(f"{path} cannot be written ({error}); check the disk and the folder.") from error
