"""The consent to run the Python of one model repository at one revision, as all its files are now."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from facechain_ext.errors import WeightsError
from facechain_ext.next_steps import next_steps
from facechain_ext.storage.json_store import read_json, write_json
from facechain_ext.weights import find, models_folder, require
from facechain_ext.weights.manifest import entry, manifest

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

FILE = "repository-consent.json"
"""Remembers what was agreed to, below the models folder."""
_PART = 1 << 20
"""Bytes of a file that are hashed at once."""
State = Literal["given", "not asked", "changed"]


@dataclass(frozen=True)
class Consent:
    """What was agreed to: the repository, its revision, the sha256 of every file in it, and when.

    Weights are part of it: the repository's Python unpickles them, and a pickle is a program.
    """

    repository: str
    revision: str
    code: str
    time: str


def keys_with_code() -> tuple[str, ...]:
    """The entries of the manifest whose repository brings Python."""
    return tuple(key for key, one in manifest().items() if one.code)


def executable_files(folder: Path) -> tuple[Path, ...]:
    """What of a repository a person can read before agreeing: Python, configuration and lists of packages."""
    kinds = {".py", ".json", ".txt", ".cfg", ".toml", ".yaml", ".yml", ".so", ".pyd", ".pyc"}
    return tuple(sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in kinds))


def state(key: str) -> State:
    """Whether the Python of ``key`` may run; "changed" when its files are not those that were agreed to."""
    folder, known = find(key), _read().get(key)
    if known is None:
        return "not asked"
    source = entry(key).sources[0]
    same = (known.repository, known.revision) == (source.repository, source.revision)
    return "given" if same and folder is not None and known.code == _digest(folder) else "changed"


def give(key: str) -> Consent:
    """Agree to the Python of ``key`` as it is on this disk.

    Raises WeightsError when the key brings no Python, is not downloaded, or the consent cannot be written.
    """
    if not entry(key).code:
        raise WeightsError(f"{key} brings no Python, so nothing is to be agreed to.")
    source, folder = entry(key).sources[0], require(key)
    now = dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")
    consent = Consent(source.repository, source.revision, _digest(folder), now)
    _write(_read() | {key: consent})
    log.info("The Python of %s@%s may run from now on", source.repository, source.revision)
    return consent


def withdraw(key: str) -> None:
    """Take the consent back; nothing happens when there is none."""
    consents = _read()
    if consents.pop(key, None) is not None:
        _write(consents)


def remedy(key: str) -> str:
    """The one step that lets ``key`` run, or "" when it may."""
    source, now = entry(key).sources[0], state(key)
    if now == "given":
        return ""
    why = "Its files are not those that you agreed to: they have changed since you agreed, or you agreed to its "
    why = f"{why}Python alone, before its weights counted too. " if now == "changed" else ""
    return f"{why}It runs Python of {source.repository}@{source.revision}. {next_steps().agree(key)}"


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        facts = path.stat()
        stamp = (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + _file_digest(path, stamp))
    return digest.hexdigest()


@functools.lru_cache(maxsize=1024)
def _file_digest(path: Path, _stamp: tuple[int, ...]) -> bytes:
    """The sha256 of a file, computed again when anything about it has changed: weights are hundreds of megabytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_PART):
            digest.update(part)
    return digest.digest()


def _read() -> dict[str, Consent]:
    raw = read_json(models_folder() / FILE)
    if raw is None:
        return {}
    try:
        return {key: Consent(**facts) for key, facts in raw.items()} if isinstance(raw, dict) else {}
    except TypeError as error:
        log.warning("%s is damaged (%s); it counts as no consent", FILE, error)
        return {}


def _write(consents: dict[str, Consent]) -> None:
    write_json(models_folder() / FILE, {key: asdict(consent) for key, consent in consents.items()})
