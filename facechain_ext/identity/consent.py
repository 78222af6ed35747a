"""The notice about personal data before the library of cards is used, and the stored consent to it."""

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
"""The sentences of the notice."""
MOVING_NOTICE = (
    "A video in which a person moves or speaks shows what they never did or said.",
    "Make one only of people who know of it and agree, and say where it is shown that it was made. For a child, the "
    "parents have to agree.",
)
"""The sentences before a likeness is made to move."""
MOVING_CONSENT = "The person agrees to being shown moving and speaking"
"""Label of the consent that a moving likeness requires, each time."""
CONSENT = "The person agrees to it"
"""Label of the consent that saving a card requires."""
VERSION = 1
"""Incremented when the notice changes, so that it is shown again."""
FILE = "cards-consent.json"
"""Name of the file with the consent, below the models folder."""


def agreed() -> bool:
    """Whether consent to this version of the notice is stored; an unreadable file counts as no consent."""
    saved = read_json(models_folder() / FILE)
    return isinstance(saved, dict) and saved.get("version") == VERSION


def agree() -> None:
    """Store the consent to the notice; raises WeightsError when the file cannot be written."""
    now = dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")
    write_json(models_folder() / FILE, {"version": VERSION, "time": now})
