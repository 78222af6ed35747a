"""A folder of identity cards, by name."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.identity.card import card_facts, save_card
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

_changing = threading.Lock()
"""Held while a name is looked for and then taken, so that two browsers cannot take the same one."""


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
        if not name.strip():
            raise InputError("A card needs a name; write one that tells this person from others.")
        return safe_child(self.folder, safe_name(f"{name}{SUFFIX}"))

    def load(self, name: str) -> Identity:
        """The identity called ``name``; raises WeightsError when there is none or its card is damaged."""
        return replace(Identity.load(self._there(name)), name=name)

    def facts(self, name: str) -> CardFacts:
        """What the card called ``name`` says of itself, without its tokens; raises WeightsError as ``load`` does."""
        return card_facts(self._there(name))

    def save(self, identity: Identity, name: str, *, overwrite: bool = False) -> Path:
        """Keep ``identity`` under ``name``; raises WeightsError when the name is taken and ``overwrite`` is not set."""
        path = self.path(name)
        with _changing:
            if not overwrite:
                self._must_be_free(name)
            save_card(replace(identity, name=name), path, overwrite=overwrite)
        return path

    def rename(self, name: str, new: str) -> Path:
        """Give a card another name, in the card too, so that nothing keeps the old one.

        Raises WeightsError when there is no such card, it is damaged, or the new name is taken; the card is then as it
        was.
        """
        path = self.path(new)
        person = self.load(name)
        with _changing:
            self._must_be_free(new)
            save_card(replace(person, name=new), path)
            self.path(name).unlink()
        return path

    def delete(self, name: str) -> None:
        """Remove a card, what a broken saving of it left, and what is remembered of photos in memory.

        A damaged card can be deleted too. Raises WeightsError when there is none.
        """
        path = self._there(name)
        with _changing:
            path.unlink(missing_ok=True)
            remove_temporary_files(path)
        clear_encoded_photos()
        log.info("deleted a card")

    def add(self, file: Path, name: str | None = None) -> str:
        """Copy a card from elsewhere into the library, checked first; gives its name, changed when it was taken.

        Raises WeightsError for a file that is no card, and for a name that is not safe; the library is then unchanged.
        """
        person = Identity.load(file)
        wanted = name if name is not None else file.name.removesuffix(SUFFIX)
        with _changing:
            free, number = wanted, 2
            while self.path(free).exists():
                free, number = f"{wanted} {number}", number + 1
            # written anew, so that nothing but what a card consists of comes in
            save_card(replace(person, name=free), self.path(free))
        return free

    def _there(self, name: str) -> Path:
        path = self.path(name)
        if not path.is_file():
            raise WeightsError(f"There is no card called {name}; choose one of the list or save it first.")
        return path

    def _must_be_free(self, name: str) -> None:
        if self.path(name).exists():
            raise WeightsError(f"There is a card called {name} already; choose another name or delete that one first.")
