"""The identity cards that one owner may see, by name."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.storage.atomic_write import remove_temporary_files
from facechain_ext.storage.json_store import read_json, write_json
from facechain_ext.storage.owner import LOGINS, OwnedFolder, Owner, current_owner
from facechain_ext.weights import models_folder, safe_child, safe_name

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.identity.card import CardFacts
    from facechain_ext.identity.identity import Identity

log = logging.getLogger(__name__)

SUFFIX = ".safetensors"
FOLDER = "cards"
"""Name of the library's folder below the models folder."""

_OF_LOGIN = " @"
"""Between a card's name and its login, in what an administrator sees."""
_SHARING = "shared.json"
"""Name of the file with the logins of shared cards, beside the logins' folders."""

_write_lock = threading.Lock()
"""Held from the search for a free name until it is used, so that two requests cannot use the same one."""


class CardLibrary:
    """The saved identities that one owner may see.

    Names are file names without the suffix, safe on every system. With a ``folder`` of its own it has that folder's
    cards alone, which belong to whoever has the folder. Without, it has the owner's own cards and those that are
    shared; an administrator's also has everybody's, as "name @login". A card of others is answered as one that does not
    exist. Every method that takes a name raises InputError when it is not a safe file name, or when the card is shared
    by others and would be changed.
    """

    def __init__(self, folder: Path | None = None, owner: Owner | None = None) -> None:
        self._plain = folder
        self._owner = Owner() if folder is not None else owner or current_owner()

    @property
    def folder(self) -> Path:
        """Where the owner's new cards are kept; created when the first one is saved."""
        return self._folders.own(self._owner)

    def names(self, search: str = "") -> list[str]:
        """The names of all cards that contain ``search``, case-insensitive and sorted."""
        names = {name for folder in self._folders.readable(self._owner) for name in _names_in(folder)}
        for login, folder in self._others().items():
            names |= {f"{name}{_OF_LOGIN}{login}" for name in _names_in(folder)}
        return sorted((name for name in names if search.casefold() in name.casefold()), key=str.casefold)

    def path(self, name: str) -> Path:
        """The path of the card called ``name``; where it would be kept if there is none."""
        found = self._find(name)
        return found[0] if found is not None else self._new_path(name)

    def load(self, name: str) -> Identity:
        """The identity called ``name``; raises InputError when there is none, WeightsError when it is damaged."""
        return replace(_load_card(self._existing(name)[0]), name=name)

    def facts(self, name: str) -> CardFacts:
        """The facts of the card called ``name``, without its tokens; raises the errors of ``load``."""
        from facechain_ext.identity.card import read_card_facts

        return read_card_facts(self._existing(name)[0])

    def is_shared(self, name: str) -> bool:
        """Whether every login sees the card; True for cards that were kept without logins."""
        return self._existing(name)[0].parent == self._folders.shared

    def save(self, identity: Identity, name: str, *, overwrite: bool = False) -> Path:
        """Save ``identity`` as ``name``; raises InputError when the name exists and ``overwrite`` is not set."""
        with _write_lock:
            found = self._find(name)
            if found is not None and overwrite:
                self._require_change(found, name)
            elif found is not None:
                raise _name_in_use(name)
            path = found[0] if found is not None else self._prepare(name)
            _save_card(replace(identity, name=path.name.removesuffix(SUFFIX)), path, overwrite=overwrite)
            if found is None:
                self._note_sharing(path, "")
        return path

    def rename(self, name: str, new: str) -> Path:
        """Rename a card, its file and the name inside it.

        Raises InputError when there is no such card or the new name exists, WeightsError when it is
        damaged; the card is then unchanged.
        """
        self._new_path(new)
        identity = self.load(name)
        with _write_lock:
            old, login = self._existing(name)
            self._require_change((old, login), name)
            if self._find(new) is not None:
                raise _name_in_use(new)
            path = _card_path(old.parent, new)
            _save_card(replace(identity, name=new), path)
            old.unlink()
            self._note_sharing(old, "")
            self._note_sharing(path, login)
        return path

    def share(self, name: str, *, on: bool) -> None:
        """Let every login see and use a card, or take that back; only its owner and an administrator can.

        Raises InputError when there is no such card, when others may not change it, and when another card has its name.
        """
        with _write_lock:
            old, login = self._existing(name)
            self._require_change((old, login), name)
            if on == (old.parent == self._folders.shared):
                return
            if not login:
                raise InputError(f"{name} was kept without logins and belongs to all of them; it stays shared.")
            bare = old.name.removesuffix(SUFFIX)
            path = _card_path(self._folders.shared if on else self._folders.of_login(login), bare)
            if path.exists():
                raise _name_in_use(bare)
            path.parent.mkdir(parents=True, exist_ok=True)
            old.replace(path)
            self._note_sharing(path if on else old, login if on else "")

    def delete(self, name: str) -> None:
        """Delete a card, temporary files of interrupted saves, and the cached encodings of all photos.

        Damaged cards can be deleted. Raises InputError when there is none of that name.
        """
        from facechain_ext.identity.encode import clear_encoded_photos

        with _write_lock:
            path, login = self._existing(name)
            self._require_change((path, login), name)
            path.unlink(missing_ok=True)
            remove_temporary_files(path)
            self._note_sharing(path, "")
        clear_encoded_photos()
        log.info("deleted a card")

    def add(self, file: Path, name: str | None = None) -> str:
        """Import a card file into the library after checking it; returns its name, numbered when the name exists.

        Raises WeightsError for a file that is no card, InputError for a name that is not safe; the library is then
        unchanged.
        """
        identity = _load_card(file)
        base_name = name if name is not None else file.name.removesuffix(SUFFIX)
        with _write_lock:
            free_name, number = base_name, 2
            while self._find(free_name) is not None:
                free_name, number = f"{base_name} {number}", number + 1
            # saved from the parsed identity, so that only the known contents of a card are imported
            path = self._prepare(free_name)
            _save_card(replace(identity, name=free_name), path)
            self._note_sharing(path, "")
        return free_name

    @property
    def _folders(self) -> OwnedFolder:
        # resolved, as the paths of cards are
        return OwnedFolder((self._plain if self._plain is not None else models_folder() / FOLDER).resolve())

    def _others(self) -> dict[str, Path]:
        """The folders of all other logins, for an administrator."""
        if not self._owner.administrator:
            return {}
        return {login: folder for login, folder in self._folders.logins().items() if login != self._owner.name}

    def _new_path(self, name: str) -> Path:
        return _card_path(self._folders.own(self._owner), name)

    def _prepare(self, name: str) -> Path:
        """The path of a new card of the owner, in a folder that exists."""
        path = self._new_path(name)
        if self._owner.name:
            self._folders.prepare(self._owner)
        return path

    def _find(self, name: str) -> tuple[Path, str] | None:
        """The file of a card that the owner may see, and the login that it belongs to ("" for nobody's)."""
        bare, _, login = name.rpartition(_OF_LOGIN)
        if bare and login in self._others():
            path = _card_path(self._others()[login], bare)
            if path.is_file():
                return path, login
        for folder in self._folders.readable(self._owner):
            path = _card_path(folder, name)
            if path.is_file():
                return path, self._sharing().get(name, "") if folder == self._folders.shared else self._owner.name
        return None

    def _existing(self, name: str) -> tuple[Path, str]:
        found = self._find(name)
        if found is None:
            raise InputError(f"There is no card called {name}; choose one of the list or save it first.")
        return found

    def _require_change(self, found: tuple[Path, str], name: str) -> None:
        if not self._owner.may_change(found[1]):
            raise InputError(f"{name} is shared by others, who alone can change it; mix or import a card of your own.")

    def _sharing(self) -> dict[str, str]:
        """The login of each shared card that has one, by name."""
        content = read_json(self._sharing_file) if self._plain is None else None
        return {str(name): str(login) for name, login in content.items()} if isinstance(content, dict) else {}

    def _note_sharing(self, path: Path, login: str) -> None:
        """Write down whose a card of the shared folder is; "" for nobody's. The lock is held."""
        name, sharing = path.name.removesuffix(SUFFIX), self._sharing()
        if path.parent != self._folders.shared or sharing.get(name, "") == login:
            return
        write_json(
            self._sharing_file, {**{k: v for k, v in sharing.items() if k != name}, **({name: login} if login else {})}
        )

    @property
    def _sharing_file(self) -> Path:
        return self._folders.shared / LOGINS / _SHARING


def _names_in(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return [path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}") if path.is_file()]


def _card_path(folder: Path, name: str) -> Path:
    if not name.strip():
        raise InputError("A card needs a name; write one that tells this person from others.")
    return safe_child(folder, safe_name(f"{name}{SUFFIX}"))


def _load_card(path: Path) -> Identity:
    from facechain_ext.identity.identity import Identity  # lists of names, which a webui's start shows, need no cards

    return Identity.load(path)


def _save_card(identity: Identity, path: Path, *, overwrite: bool = False) -> None:
    from facechain_ext.identity.card import save_card

    save_card(identity, path, overwrite=overwrite)


def _name_in_use(name: str) -> InputError:
    return InputError(f"There is a card called {name} already; choose another name or delete that one first.")
