"""Photos grouped by person, as the trainer draws from them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from facechain_ext.errors import PhotoError
from facechain_ext.training.adapter.prepare import read_journal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from facechain_ext.faces.types import Pixels


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo to learn: square RGB ``pixels`` uint8 [s, s, 3], ``mask`` uint8 [s, s] (255 on the face), ``caption``.

    ``aligned`` uint8 [112, 112, 3] is the face as the encoder sees it.
    """

    pixels: Pixels
    mask: Pixels
    aligned: Pixels
    caption: str


class People(Protocol):
    """Photos by number, and who is in each."""

    def __len__(self) -> int:
        """How many photos there are."""
        ...

    def photo(self, number: int) -> Photo:
        """One photo; the same number always gives the same."""
        ...

    def others(self, number: int) -> Sequence[int]:
        """The photos of the same person, this one left out."""
        ...


class PreparedPeople:
    """The photos of a folder that ``prepare`` filled.

    A person with a single photo is left out, and named in ``singles``, unless ``keep_single``: without another photo
    of the same person the face photo would be the target itself, which teaches to copy.
    Raises PhotoError when nothing is left.
    """

    def __init__(self, folder: Path, *, keep_single: bool = False) -> None:
        self._folder = folder
        rows = [row for row in read_journal(folder) if not row.dropped]
        people: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(rows):
            people[row.person].append(number)
        self.singles = tuple(sorted(person for person, of in people.items() if len(of) == 1))
        left_out = set() if keep_single else set(self.singles)
        self._rows = [row for row in rows if row.person not in left_out]
        self._people: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(self._rows):
            self._people[row.person].append(number)
        if not self._rows:
            raise PhotoError(
                f"{folder} has no person with two usable photos; add photos, or allow persons with one (--single)."
            )

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def persons(self) -> int:
        """How many people there are."""
        return len(self._people)

    def photo(self, number: int) -> Photo:
        """One photo, read from the disk; raises PhotoError when a file of the folder is gone or damaged."""
        row = self._rows[number]
        pixels, mask, aligned = (
            self._read(row.key, kind, flag) for kind, flag in (("picture", 1), ("mask", 0), ("face", 1))
        )
        return Photo(pixels, mask, aligned, row.caption)

    def others(self, number: int) -> Sequence[int]:
        """The photos of the same person, this one left out."""
        return [other for other in self._people[self._rows[number].person] if other != number]

    def _read(self, key: str, kind: str, flag: int) -> Pixels:
        path = self._folder / f"{key}-{kind}.png"
        data = np.frombuffer(path.read_bytes(), np.uint8) if path.is_file() else np.empty(0, np.uint8)
        pixels: Pixels | None = cv2.imdecode(data, flag) if len(data) else None
        if pixels is None:
            raise PhotoError(f"{path.name} is gone or damaged; delete {path.parent} and prepare the photos again.")
        return pixels[..., ::-1] if pixels.ndim == 3 else pixels
