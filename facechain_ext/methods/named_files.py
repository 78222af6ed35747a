"""The weights files of a method on this machine, by the names under which users choose them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.errors import WeightsError
from facechain_ext.weights import find, models_folder, require

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AUTOMATIC = "auto"
"""The name that means: the first file there is."""


@dataclass(frozen=True)
class NamedFiles:
    """Published files of the manifest, then those that users put into ``folder`` below the models folder.

    ``published`` are keys of the manifest, the best first; ``prefix`` is left out of their names. ``suffixes`` are
    those of the users' files, and ``noun`` what a message calls one file.
    """

    published: tuple[str, ...]
    folder: str
    suffixes: frozenset[str]
    noun: str
    prefix: str = ""

    def files(self) -> dict[str, Path]:
        """Name -> file of each that is there; a file of the user takes the place of a published one of its name."""
        found = {key.removeprefix(self.prefix): path for key in self.published if (path := find(key)) is not None}
        folder = models_folder() / self.folder
        if folder.is_dir():
            own = sorted(path for path in folder.iterdir() if path.suffix in self.suffixes and path.is_file())
            found |= {path.stem: path for path in own}
        return found

    def choices(self) -> list[str]:
        """What a drop-down of the files holds."""
        return [AUTOMATIC, *self.files()]

    def choose(self, name: str, fits: Callable[[Path], bool] = lambda _path: True) -> str:
        """The file's name that ``name`` means; the automatic choice takes the first that ``fits``, or else the first.

        Raises WeightsError when there is none of that name, or none at all.
        """
        files = self.files()
        if not files:
            require(self.published[0])  # its error says where to get it
        if name == AUTOMATIC:
            return next((own for own, path in files.items() if fits(path)), next(iter(files)))
        if name not in files:
            raise WeightsError(f"There is no {self.noun} called {name}; there are: {', '.join(files)}.")
        return name
