"""The notice that is read once before the library of cards is used, and that it was read."""

from __future__ import annotations

import datetime as dt
import json
import logging

from facechain_ext.errors import WeightsError
from facechain_ext.weights import models_folder

log = logging.getLogger(__name__)

NOTICE = (
    "A card holds what a face looks like: the face cut out small, and numbers from which pictures of that person can "
    "be made. That is personal data.",
    "Keep a card only of people who know of it and agree. Ask again before you give a card to somebody else. For a "
    "child, the parents have to agree.",
    "Cards stay on this machine, in the models folder. Deleting a card removes all of it; pictures made with it stay.",
)
"""What is asked for, sentence by sentence."""
VERSION = 1
"""Raised when the notice asks for something else, so that it is read again."""
FILE = "cards-consent.json"
"""Remembers it, below the models folder."""


def agreed() -> bool:
    """Whether this notice was agreed to here; a file that cannot be read counts as no."""
    try:
        told = json.loads((models_folder() / FILE).read_text(encoding="utf-8"))
        return bool(told["version"] == VERSION)
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s cannot be read (%s); the notice is shown again", FILE, error)
        return False


def agree() -> None:
    """Remember that the notice was agreed to; raises WeightsError when that cannot be written."""
    path = models_folder() / FILE
    now = dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"version": VERSION, "time": now}) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise WeightsError(f"{path} cannot be written ({error}); check the disk and the folder.") from error
