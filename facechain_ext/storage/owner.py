"""Whose something is: the login name that a request carries, and the folders of that name.

Where a webui has logins, everything that a request keeps lies in a folder of its login, below a folder that all share.
Without logins there is only the shared folder.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.storage.json_store import read_json, write_json
from facechain_ext.storage.paths import existing_child

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOGINS = "logins"
"""Name of the folder of all logins' folders, below a shared one."""
_LOGIN_FILE = "login.json"
_DIGITS = 32
"""Hexadecimal digits of a login's digest in the name of its folder: 128 bits, so that no two logins share one."""
_LETTERS = 20
"""Letters of the login in the name of its folder, for people who look at it."""


@dataclass(frozen=True)
class Owner:
    """Who asks: ``name`` is a login, or "" where none is asked for.

    An ``administrator`` sees and changes what belongs to anybody. One that is not ``known`` stands for code that runs
    for no request of a webui with logins: it sees what is shared, and keeps and changes nothing.
    """

    name: str = ""
    administrator: bool = False
    known: bool = True

    def may_change(self, owner_name: str) -> bool:
        """Whether what belongs to ``owner_name`` ("" for nobody's) may be changed or deleted."""
        return self.administrator or (self.known and self.name == owner_name)


_UNKNOWN = Owner(known=False)
_current: ContextVar[Owner | None] = ContextVar("facechain_owner", default=None)


class _Program:
    """Whether this program has logins: then whoever is not named is unknown, else everybody is the same."""

    has_logins = False


def use_logins(*, on: bool) -> None:
    """Say once, when the program starts, whether requests carry logins."""
    _Program.has_logins = on


def current_owner() -> Owner:
    """Who the running code works for."""
    return _current.get() or (_UNKNOWN if _Program.has_logins else Owner())


@contextmanager
def acting_as(owner: Owner) -> Iterator[None]:
    """Work for ``owner`` inside the block, in this thread or asynchronous task and in those that copy its context."""
    token = _current.set(owner)
    try:
        yield
    finally:
        _current.reset(token)


@dataclass(frozen=True)
class OwnedFolder:
    """The folder ``shared`` by all, and the folders of the logins below it."""

    shared: Path

    def own(self, owner: Owner) -> Path:
        """Where ``owner`` keeps new things; raises InputError for one that is not known."""
        if not owner.known:
            raise InputError("Nothing is kept here without a login; open the page again and log in.")
        return self.of_login(owner.name) if owner.name else self.shared

    def prepare(self, owner: Owner) -> Path:
        """The folder of ``own``, made where it is missing; raises WeightsError when it cannot be written."""
        folder = self.own(owner)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WeightsError(f"{folder} cannot be made ({error}); check the disk and the models folder.") from error
        note = folder / _LOGIN_FILE
        if owner.name and not note.exists():
            write_json(note, {"login": owner.name})
        return folder

    def of_login(self, name: str) -> Path:
        """The folder of the login ``name``, which may be any text; it need not exist."""
        letters = "".join(re.findall(r"[a-z0-9]", name.lower()))[:_LETTERS]
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
        return self.shared / LOGINS / f"{letters or 'login'}-{digest}"

    def readable(self, owner: Owner) -> tuple[Path, ...]:
        """The folders that ``owner`` reads, in the order in which a name is looked for."""
        return (self.of_login(owner.name), self.shared) if owner.name else (self.shared,)

    def find(self, owner: Owner, name: str) -> Path | None:
        """The file called ``name`` that ``owner`` may read, or None; raises InputError for an unsafe name."""
        paths = (existing_child(folder, name) for folder in self.readable(owner))
        return next((path for path in paths if path is not None and path.is_file()), None)

    def remove(self, owner: Owner, path: Path) -> None:
        """Delete a file that ``find`` gave; raises InputError when it is shared by others."""
        if path.parent == self.shared.resolve() and not owner.may_change(""):
            raise InputError(f"{path.stem} belongs to all logins; the administrator can delete it.")
        path.unlink()

    def logins(self) -> dict[str, Path]:
        """The logins that keep something here, by name, sorted."""
        found: dict[str, Path] = {}
        for note in (self.shared / LOGINS).glob(f"*/{_LOGIN_FILE}"):
            content = read_json(note)
            name = content.get("login") if isinstance(content, dict) else None
            if isinstance(name, str) and self.of_login(name) == note.parent:  # a copied note names nobody
                found[name] = note.parent
        return dict(sorted(found.items()))
