"""Training photos by index, with their persons."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from facechain_ext.errors import PhotoError
from facechain_ext.training.adapter.journal import read_journal, read_square

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from facechain_ext.faces.types import Pixels


@dataclass(frozen=True, eq=False)
class Photo:
    """A training photo: square RGB ``pixels`` uint8 [s, s, 3], ``mask`` uint8 [s, s] (255 on the face), ``caption``.

    ``aligned`` uint8 [112, 112, 3] is the face as the encoder sees it. ``original`` is height and width of the photo
    before it was scaled, None where it is unknown, ``crop`` top and left of the square in the scaled photo.
    """

    pixels: Pixels
    mask: Pixels
    aligned: Pixels
    caption: str
    original: tuple[int, int] | None = None
    crop: tuple[int, int] = (0, 0)

    @property
    def time_ids(self) -> tuple[int, ...]:
        """The six numbers about sizes that SDXL was trained with (arXiv 2307.01952)."""
        now = (self.pixels.shape[0], self.pixels.shape[1])
        return (*(self.original or now), *self.crop, *now)


class PhotoDataset(Protocol):
    """Photos by index, grouped by person."""

    def __len__(self) -> int:
        """The number of photos."""
        ...

    def photo(self, index: int) -> Photo:
        """The photo at an index; the same index always gives the same photo."""
        ...

    def other_photos(self, index: int) -> Sequence[int]:
        """Indices of the same person's other photos."""
        ...


class PreparedPhotos:
    """The photos of a folder that ``prepare`` filled.

    Persons with a single photo are left out, and named in ``single_photo_persons``, unless ``keep_single`` is set:
    their face photo would be the target itself, which trains copying. Raises PhotoError when nothing is left.
    """

    def __init__(self, folder: Path, *, keep_single: bool = False) -> None:
        self._folder = folder
        rows = [row for row in read_journal(folder) if not row.dropped]
        dataset: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(rows):
            dataset[row.person].append(number)
        self.single_photo_persons = tuple(sorted(person for person, indices in dataset.items() if len(indices) == 1))
        left_out = set() if keep_single else set(self.single_photo_persons)
        self._rows = [row for row in rows if row.person not in left_out]
        self._dataset: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(self._rows):
            self._dataset[row.person].append(number)
        if not self._rows:
            raise PhotoError(
                f"{folder} has no person with two usable photos; add photos, or allow persons with one (--single)."
            )

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def persons(self) -> int:
        """The number of persons."""
        return len(self._dataset)

    def photo(self, index: int) -> Photo:
        """The photo at an index, read from the disk; raises PhotoError when a file of the folder is gone or damaged."""
        row = self._rows[index]
        pixels, mask, aligned = (read_square(self._folder, row.key, kind) for kind in ("picture", "mask", "face"))
        return Photo(pixels, mask, aligned, row.caption, row.original, row.crop)

    def other_photos(self, index: int) -> Sequence[int]:
        """Indices of the same person's other photos."""
        return [other for other in self._dataset[self._rows[index].person] if other != index]
