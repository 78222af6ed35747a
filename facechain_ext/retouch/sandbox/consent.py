"""Consent to run the Python code of one revision of a model repository, bound to the digest of all its files."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from facechain_ext.errors import InputError
from facechain_ext.next_steps import next_steps
from facechain_ext.storage.json_store import read_json, write_json
from facechain_ext.weights import find, models_folder, require
from facechain_ext.weights.manifest import entry, manifest

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

FILE = "repository-consent.json"
"""Name of the file with all consents, below the models folder."""
_CHUNK_BYTES = 1 << 20
"""Bytes of a file that are hashed at once."""
State = Literal["given", "not asked", "changed"]


@dataclass(frozen=True)
class Consent:
    """A consent: the repository, its revision, the sha256 over all its files, and the time.

    Weights are included: the repository's code unpickles them, and pickles can execute code.
    """

    repository: str
    revision: str
    code: str
    time: str


def keys_with_code() -> tuple[str, ...]:
    """The keys of the manifest entries whose repository contains Python code."""
    return tuple(key for key, one in manifest().items() if one.code)


def executable_files(folder: Path) -> tuple[Path, ...]:
    """The files of a repository to review before consent: Python, libraries, configuration, lists of packages."""
    suffixes = {".py", ".json", ".txt", ".cfg", ".toml", ".yaml", ".yml", ".so", ".pyd", ".pyc"}
    return tuple(sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in suffixes))


def state(key: str) -> State:
    """Whether the code of ``key`` may run; "changed" when its files differ from those of the consent."""
    folder, consent = find(key), _read().get(key)
    if consent is None:
        return "not asked"
    source = entry(key).sources[0]
    same_revision = (consent.repository, consent.revision) == (source.repository, source.revision)
    return "given" if same_revision and folder is not None and consent.code == _digest(folder) else "changed"


def give(key: str) -> Consent:
    """Store the consent to the code of ``key`` as it is on this disk.

    Raises InputError when the repository contains no Python code, WeightsError when it is not downloaded or the consent
    cannot be written.
    """
    if not entry(key).code:
        raise InputError(f"{key} brings no Python, so nothing is to be agreed to.")
    source, folder = entry(key).sources[0], require(key)
    now = dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")
    consent = Consent(source.repository, source.revision, _digest(folder), now)
    _write(_read() | {key: consent})
    log.info("The Python of %s@%s may run from now on", source.repository, source.revision)
    return consent


def withdraw(key: str) -> None:
    """Withdraw the consent; does nothing when there is none."""
    consents = _read()
    if consents.pop(key, None) is not None:
        _write(consents)


def remedy(key: str) -> str:
    """The step that would let ``key`` run, "" when it may."""
    source, current = entry(key).sources[0], state(key)
    if current == "given":
        return ""
    reason = "Its files are not those that you agreed to: they have changed since you agreed, or you agreed to its "
    reason = f"{reason}Python alone, before its weights counted too. " if current == "changed" else ""
    return f"{reason}It runs Python of {source.repository}@{source.revision}. {next_steps().agree(key)}"


def _digest(folder: Path) -> str:
    """The sha256 over names and contents of all files of a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        status = path.stat()
        stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + _file_digest(path, stamp))
    return digest.hexdigest()


@functools.lru_cache(maxsize=1024)
def _file_digest(path: Path, _stamp: tuple[int, ...]) -> bytes:
    """The sha256 of a file, cached by its stat values because weights have hundreds of megabytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.digest()


def _read() -> dict[str, Consent]:
    raw = read_json(models_folder() / FILE)
    if raw is None:
        return {}
    try:
        return {key: Consent(**values) for key, values in raw.items()} if isinstance(raw, dict) else {}
    except TypeError as error:
        log.warning("%s is damaged (%s); it counts as no consent", FILE, error)
        return {}


def _write(consents: dict[str, Consent]) -> None:
    write_json(models_folder() / FILE, {key: asdict(consent) for key, consent in consents.items()})
