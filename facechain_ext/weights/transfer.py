"""Fetching one file: resumed after any break, checked, and under its final name only when it is right."""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import logging
import shutil
import time
import urllib.error
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import WeightsError
from facechain_ext.storage.atomic_write import flush
from facechain_ext.weights.http import get

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from facechain_ext.weights.hubs import Remote

logger = logging.getLogger(__name__)

CHUNK = 2**20
"""Bytes between two looks at progress and cancellation."""
PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before the second to fifth attempt in a row without a new byte."""
MARGIN = 64 * 2**20
"""Bytes that stay free on the disk."""
_DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_TRANSIENT = (408, 425, 429, 500, 502, 503, 504)


class PullCancelledError(WeightsError):
    """The user stopped a download; what has come so far is kept for the next time."""


class WrongContentError(WeightsError):
    """A server gave other bytes than it or the hub had announced."""


@dataclass(frozen=True)
class Progress:
    """How far a pull is: ``done`` bytes of ``total`` (None when nobody says) of ``file``."""

    key: str
    file: str
    done: int
    total: int | None


@dataclass(frozen=True)
class Watcher:
    """Who is told about progress and asked whether to go on."""

    key: str
    progress: Callable[[Progress], None] | None = None
    cancel: Callable[[], bool] | None = None

    def tell(self, file: str, done: int, total: int | None) -> None:
        """Report progress; raises PullCancelledError when the user wants to stop."""
        if self.progress is not None:
            self.progress(Progress(self.key, file, done, total))
        if self.cancel is not None and self.cancel():
            raise PullCancelledError(f"Stopped {self.key} at {done / 1e6:.0f} MB. The next pull goes on from there.")

    def wait(self, seconds: float) -> None:
        """Sleep, but not through a cancellation."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.cancel is not None and self.cancel():
                raise PullCancelledError(f"Stopped {self.key}. The next pull goes on from there.")
            time.sleep(min(left, 0.1))


def check_space(folder: Path, needed: int) -> None:
    """Raise WeightsError when the disk of ``folder`` has no room for ``needed`` more bytes."""
    free = shutil.disk_usage(folder).free
    if free < needed + MARGIN:
        raise WeightsError(
            f"The disk of {folder} has {free / 1e9:.1f} GB free, but {(needed + MARGIN) / 1e9:.1f} GB are needed. "
            "Make room, or choose another models folder."
        )


def fetch(remote: Remote, target: Path, watcher: Watcher) -> str:
    """Bring ``remote`` to ``target`` and return the sha256 of its bytes.

    The bytes go to ``target`` + ".part" and are renamed when size and digest are right; a part left by a broken or
    killed attempt is continued if the server can. Raises PullCancelledError, WrongContentError (the part is deleted),
    WeightsError when the disk is full, and OSError when the server does not give the file.
    """
    part = target.with_name(f"{target.name}.part")
    failures = 0
    while True:
        before = _length(part)
        try:
            _receive(remote, part, watcher)
            return _finish(remote, part, target)
        except WeightsError:
            raise
        except (OSError, http.client.HTTPException) as error:
            reason = _worth_another_try(error, remote, _length(part))
        failures = 0 if _length(part) > before else failures + 1
        if failures > len(PAUSES):
            raise OSError(f"{remote.name}: {reason}") from reason
        logger.info("%s broke off at %d bytes (%s); going on", remote.name, _length(part), reason)
        watcher.wait(PAUSES[max(failures - 1, 0)])


def _worth_another_try(error: Exception, remote: Remote, have: int) -> Exception:
    """``error`` when the next attempt may do better; raises what ends the download otherwise."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if error.code not in _TRANSIENT:
            raise error
    elif isinstance(error, OSError) and error.errno in _DISK_FULL:
        message = f"The disk became full at {have / 1e6:.0f} MB. Make room; {remote.name} then goes on from there."
        raise WeightsError(message) from error
    return error


def _resume(remote: Remote, part: Path, known: dict[str, str]) -> tuple[int, dict[str, str]]:
    """How many bytes of ``part`` are of this file, and the headers that ask for the rest; deletes a part of another."""
    have, identity = _length(part), remote.sha256 or remote.git
    same = bool(identity) and known.get("identity") == identity
    if have and not same and not (known.get("etag") and known.get("url") == remote.url):
        have = 0  # of another file, or nobody can say of which
    if remote.size is not None and have > remote.size:
        have = 0
    if not have:
        part.unlink(missing_ok=True)
        return 0, {}
    return have, {"Range": f"bytes={have}-"} if same else {"Range": f"bytes={have}-", "If-Range": known["etag"]}


def _receive(remote: Remote, part: Path, watcher: Watcher) -> None:
    """One request, appended to ``part`` where the server lets it continue there."""
    note = part.with_name(f"{part.name}.json")
    have, asking = _resume(remote, part, _read_note(note))
    if have and have == remote.size:
        return
    headers = {**remote.headers, **asking}
    try:
        response = get(remote.url, headers)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            error.close()
            part.unlink()
            raise OSError(f"the part of {remote.name} does not fit the file; starting over") from error
        raise
    with response:
        continues = response.status == http.client.PARTIAL_CONTENT and _starts_at(response, have)
        if response.status == http.client.PARTIAL_CONTENT and not continues:
            part.unlink(missing_ok=True)
            raise OSError(f"{remote.name}: the server sends another part than asked for; starting over")
        length = response.headers.get("Content-Length", "")
        total = int(length) + (have if continues else 0) if length.isdecimal() else remote.size
        if remote.size is not None and total != remote.size:
            raise WrongContentError(f"{remote.name} is announced with {remote.size} bytes but has {total}. Try later.")
        etag = response.headers.get("ETag") or ""
        note.write_text(
            json.dumps(
                {
                    "url": remote.url,
                    "identity": remote.sha256 or remote.git,
                    "etag": "" if etag.startswith("W/") else etag,
                }
            ),
            encoding="utf-8",
        )
        done = have if continues else 0
        with part.open("ab" if continues else "wb") as file:
            watcher.tell(remote.name, done, total)
            while chunk := response.read1(CHUNK):  # what is there, so that a slow server can be stopped
                file.write(chunk)
                done += len(chunk)
                if total is not None and done > total:
                    break
                watcher.tell(remote.name, done, total)
        if total is not None and done < total:
            raise OSError(f"{remote.name} ended at {done} of {total} bytes")
        if total is not None and done > total:
            part.unlink()
            raise WrongContentError(f"{remote.name} is longer than the {total} bytes announced. Try later.")


def _finish(remote: Remote, part: Path, target: Path) -> str:
    digest = sha256_of(part)
    wrong = remote.sha256 and digest != remote.sha256
    if not remote.sha256 and remote.git:
        wrong = _git_blob(part) != remote.git
    if wrong:
        _forget(part)
        raise WrongContentError(f"{remote.name} came with another digest than the hub states. Try again later.")
    flush(part)
    part.replace(target)
    part.with_name(f"{part.name}.json").unlink(missing_ok=True)
    return digest


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_name(f"{part.name}.json").unlink(missing_ok=True)


def _starts_at(response: Any, position: int) -> bool:
    return str(response.headers.get("Content-Range") or "").startswith(f"bytes {position}-")


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _read_note(path: Path) -> dict[str, str]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(k): str(v) for k, v in data.items()} if isinstance(data, dict) else {}


def sha256_of(path: Path, told: Callable[[int], None] | None = None) -> str:
    """The sha256 of a file's bytes, hexadecimal; ``told`` is given the bytes of every piece."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            if told is not None:
                told(len(chunk))
    return digest.hexdigest()


def _git_blob(path: Path) -> str:
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    digest.update(path.read_bytes())  # only small files have no better digest
    return digest.hexdigest()
