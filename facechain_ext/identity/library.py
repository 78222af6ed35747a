"""A folder of identity cards, by name."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.identity.card import read_card_facts, save_card
from facechain_ext.identity.encode import clear_encoded_photos
from facechain_ext.identity.identity import Identity
from facechain_ext.storage.atomic_write import remove_temporary_files
from facechain_ext.weights import models_folder, safe_child, safe_name

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.identity.card import CardFacts

log = logging.getLogger(__name__)

SUFFIX = ".safetensors"
FOLDER = "cards"
"""Name of the library's folder below the models folder."""

_write_lock = threading.Lock()
"""Held from the search for a free name until it is used, so that two requests cannot use the same one."""


class CardLibrary:
    """The saved identities of one folder; names are file names without the suffix, safe on every system.

    Every method that takes a name raises InputError when it is not a safe file name.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """The folder of the cards; created when the first one is saved."""
        return self._folder if self._folder is not None else models_folder() / FOLDER

    def names(self, search: str = "") -> list[str]:
        """The names of all cards that contain ``search``, case-insensitive and sorted."""
        if not self.folder.is_dir():
            return []
        names = (path.name.removesuffix(SUFFIX) for path in self.folder.glob(f"*{SUFFIX}") if path.is_file())
        return sorted((name for name in names if search.casefold() in name.casefold()), key=str.casefold)

    def path(self, name: str) -> Path:
        """The path of the card called ``name``, whether it exists or not."""
        if not name.strip():
            raise InputError("A card needs a name; write one that tells this person from others.")
        return safe_child(self.folder, safe_name(f"{name}{SUFFIX}"))

    def load(self, name: str) -> Identity:
        """The identity called ``name``; raises InputError when there is none, WeightsError when it is damaged."""
        return replace(Identity.load(self._existing_path(name)), name=name)

    def facts(self, name: str) -> CardFacts:
        """The facts of the card called ``name``, without its tokens; raises the errors of ``load``."""
        return read_card_facts(self._existing_path(name))

    def save(self, identity: Identity, name: str, *, overwrite: bool = False) -> Path:
        """Save ``identity`` as ``name``; raises InputError when the name exists and ``overwrite`` is not set."""
        path = self.path(name)
        with _write_lock:
            if not overwrite:
                self._require_free_name(name)
            save_card(replace(identity, name=name), path, overwrite=overwrite)
        return path

    def rename(self, name: str, new: str) -> Path:
        """Rename a card, its file and the name inside it.

        Raises InputError when there is no such card or the new name exists, WeightsError when it is
        damaged; the card is then unchanged.
        """
        path = self.path(new)
        identity = self.load(name)
        with _write_lock:
            self._require_free_name(new)
            save_card(replace(identity, name=new), path)
            self.path(name).unlink()
        return path

    def delete(self, name: str) -> None:
        """Delete a card, temporary files of interrupted saves, and the cached encodings of all photos.

        Damaged cards can be deleted. Raises InputError when there is none of that name.
        """
        path = self._existing_path(name)
        with _write_lock:
            path.unlink(missing_ok=True)
            remove_temporary_files(path)
        clear_encoded_photos()
        log.info("deleted a card")

    def add(self, file: Path, name: str | None = None) -> str:
        """Import a card file into the library after checking it; returns its name, numbered when the name exists.

        Raises WeightsError for a file that is no card, and for a name that is not safe; the library is then unchanged.
        """
        identity = Identity.load(file)
        base_name = name if name is not None else file.name.removesuffix(SUFFIX)
        with _write_lock:
            free_name, number = base_name, 2
            while self.path(free_name).exists():
                free_name, number = f"{base_name} {number}", number + 1
            # saved from the parsed identity, so that only the known contents of a card are imported
            save_card(replace(identity, name=free_name), self.path(free_name))
        return free_name

    def _existing_path(self, name: str) -> Path:
        path = self.path(name)
        if not path.is_file():
            raise InputError(f"There is no card called {name}; choose one of the list or save it first.")
        return path

    def _require_free_name(self, name: str) -> None:
        if self.path(name).exists():
            raise InputError(f"There is a card called {name} already; choose another name or delete that one first.")
