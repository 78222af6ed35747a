"""A folder of identity cards, by name."""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING

from facechain_ext.errors import WeightsError
from facechain_ext.identity.card import load_card, save_card
from facechain_ext.identity.encode import forget_photos
from facechain_ext.weights import models_folder, safe_child

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.identity.identity import Identity

log = logging.getLogger(__name__)

SUFFIX = ".safetensors"
FOLDER = "cards"
"""Name of the library's folder below the models folder."""


class CardLibrary:
    """The saved identities of one folder; names are file names without the suffix, safe on every system.

    Every method that takes a name raises WeightsError when it is not a safe file name.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Where the cards are; made when the first one is saved."""
        return self._folder if self._folder is not None else models_folder() / FOLDER

    def names(self, search: str = "") -> list[str]:
        """The names of all cards that contain ``search``, in any case, sorted."""
        if not self.folder.is_dir():
            return []
        found = (path.name.removesuffix(SUFFIX) for path in self.folder.glob(f"*{SUFFIX}") if path.is_file())
        return sorted((name for name in found if search.casefold() in name.casefold()), key=str.casefold)

    def path(self, name: str) -> Path:
        """Where the card called ``name`` is or would be."""
        return safe_child(self.folder, f"{name}{SUFFIX}")

    def load(self, name: str) -> Identity:
        """The identity called ``name``; raises WeightsError when there is none or its card is damaged."""
        path = self.path(name)
        if not path.is_file():
            raise WeightsError(f"There is no card called {name}; choose one of the list or save it first.")
        return load_card(path)

    def save(self, identity: Identity, name: str, *, overwrite: bool = False) -> Path:
        """Keep ``identity`` under ``name``; raises WeightsError when the name is taken and ``overwrite`` is not set."""
        path = self.path(name)
        if path.exists() and not overwrite:
            raise WeightsError(f"There is a card called {name} already; choose another name or delete that one first.")
        self.folder.mkdir(parents=True, exist_ok=True)
        save_card(identity, path, overwrite=overwrite)
        return path

    def rename(self, name: str, new: str) -> Path:
        """Give a card another name; raises WeightsError when there is no such card or the new name is taken."""
        identity, path = self.path(name), self.path(new)
        if not identity.is_file():
            raise WeightsError(f"There is no card called {name}.")
        if path.exists():
            raise WeightsError(f"There is a card called {new} already; choose another name.")
        identity.rename(path)
        return path

    def delete(self, name: str) -> None:
        """Remove a card, and whatever is remembered of photos in memory; raises WeightsError when there is none."""
        path = self.path(name)
        if not path.is_file():
            raise WeightsError(f"There is no card called {name}.")
        path.unlink()
        forget_photos()
        log.info("deleted a card")

    def add(self, file: Path, name: str | None = None) -> str:
        """Copy a card from elsewhere into the library, checked first; gives its name, changed when it was taken."""
        load_card(file)
        wanted = name if name is not None else file.name.removesuffix(SUFFIX)
        free, number = wanted, 2
        while self.path(free).exists():
            free, number = f"{wanted} {number}", number + 1
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.path(free)
        part = path.with_name(f"{path.name}.part")
        shutil.copyfile(file, part)
        part.replace(path)
        return free
