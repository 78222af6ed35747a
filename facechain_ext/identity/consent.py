"""The notice that is read once before the library of cards is used, and that it was read."""

from __future__ import annotations

import datetime as dt

from facechain_ext.storage.json_store import read_json, write_json
from facechain_ext.weights import models_folder

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
    saved = read_json(models_folder() / FILE)
    return isinstance(saved, dict) and saved.get("version") == VERSION


def agree() -> None:
    """Remember that the notice was agreed to; raises WeightsError when that cannot be written."""
    now = dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")
    write_json(models_folder() / FILE, {"version": VERSION, "time": now})
