"""The journal of a preparation: what became of each photo, one line of JSON each."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext.errors import PhotoError

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.faces.types import Pixels

log = logging.getLogger(__name__)

JOURNAL = "photos.jsonl"
TEMPLATE = "a photo of a person"
"""Caption of a photo that has no ``.txt`` beside it: it does not describe the face, which the adapter encodes."""


@dataclass(frozen=True)
class JournalEntry:
    """One photo in the journal: stored under ``key``, or dropped for the reason in ``dropped``.

    ``captioned`` is False where the caption is the template. ``original`` and ``crop`` are those of ``Photo``.
    ``verified`` names the network that compared it with the others of its person, ``likeness`` is to their mean.
    """

    person: str
    name: str
    size: int
    key: str = ""
    caption: str = TEMPLATE
    captioned: bool = False
    dropped: str = ""
    original: tuple[int, int] | None = None
    crop: tuple[int, int] = (0, 0)
    verified: str = ""
    likeness: float = 0.0

    @staticmethod
    def of(line: str) -> JournalEntry:
        """The entry of a line of the journal; JSON has lists where the entry has pairs."""
        facts = json.loads(line)
        pairs = {name: tuple(facts[name]) for name in ("original", "crop") if facts.get(name) is not None}
        return JournalEntry(**{**facts, **pairs})


def read_journal(out: Path) -> list[JournalEntry]:
    """The last row of each photo of an earlier run, without a last line that was cut short; empty when there was none.

    Cuts such a line off the file, so that the next row does not join it. Raises PhotoError for a line that is no entry.
    """
    path = out / JOURNAL
    if not path.is_file():
        return []
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if len(whole) < len(text):
        log.warning("the last line of %s was cut short; that photo is prepared again", path)
        path.write_bytes(whole)
    try:
        entries = [JournalEntry.of(line) for line in whole.decode("utf-8").split("\n")[:-1]]
    except (ValueError, TypeError, AttributeError) as error:
        raise PhotoError(f"{path} is damaged ({error}); delete {out} and prepare the photos again.") from error
    return list({(entry.name, entry.size): entry for entry in entries}.values())


def read_square(folder: Path, key: str, kind: str) -> Pixels:
    """What was prepared of a photo: RGB of its ``picture`` or ``face`` uint8 [s, s, 3], or its ``mask`` uint8 [s, s].

    Raises PhotoError for a file that is gone or damaged.
    """
    path = folder / f"{key}-{kind}.png"
    data = np.frombuffer(path.read_bytes(), np.uint8) if path.is_file() else np.empty(0, np.uint8)
    flag = cv2.IMREAD_GRAYSCALE if kind == "mask" else cv2.IMREAD_COLOR
    pixels: Pixels | None = cv2.imdecode(data, flag) if len(data) else None
    if pixels is None:
        raise PhotoError(f"{path.name} is gone or damaged; delete {folder} and prepare the photos again.")
    return np.ascontiguousarray(pixels[..., ::-1]) if pixels.ndim == 3 else pixels
