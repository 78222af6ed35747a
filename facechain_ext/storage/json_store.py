"""Small JSON files that are replaced in one step."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from facechain_ext.errors import WeightsError
from facechain_ext.storage.atomic_write import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)


def read_json(path: Path) -> object:
    """The value in ``path``; None when there is no such file and, with a warning in the log, when it cannot be read."""
    try:
        value: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        logger.warning("%s cannot be read (%s); it counts as empty", path, error)
        return None
    return value


def write_json(path: Path, value: object) -> None:
    """Replace ``path`` by ``value`` atomically; raises WeightsError when it cannot be written."""
    try:
        with atomic_write(path) as part:
            part.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise WeightsError(f"{path} cannot be written ({error}); check the disk and the folder.") from error
