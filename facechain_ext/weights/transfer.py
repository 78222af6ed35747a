"""Download of one file: resumed after interruptions, verified, and renamed to its final name last."""

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
from typing import TYPE_CHECKING

from facechain_ext.errors import Cancelled, WeightsError
from facechain_ext.storage.atomic_write import flush
from facechain_ext.weights.http import get
from facechain_ext.weights.lock_file import CHUNK, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.client import HTTPResponse
    from pathlib import Path

    from facechain_ext.weights.hubs import RemoteFile

logger = logging.getLogger(__name__)

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before the second to fifth consecutive attempt that received no byte."""
MARGIN = 64 * 2**20
"""Bytes of the disk that a download leaves free."""
_DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_TRANSIENT_STATUSES = (408, 425, 429, 500, 502, 503, 504)


class WrongContentError(WeightsError):
    """A server sent other bytes than it or the hub announced."""


@dataclass(frozen=True)
class Progress:
    """Progress of the download of ``key``: ``done`` bytes of ``total`` (None when unknown) of ``file``."""

    key: str
    file: str
    done: int
    total: int | None


@dataclass(frozen=True)
class ProgressReporter:
    """Passes progress of the download of ``key`` on, and raises Cancelled once ``cancel`` returns True."""

    key: str
    progress: Callable[[Progress], None] | None = None
    cancel: Callable[[], bool] | None = None

    def report(self, file: str, done: int, total: int | None) -> None:
        """Pass progress on; raises Cancelled."""
        if self.progress is not None:
            self.progress(Progress(self.key, file, done, total))
        if self.cancel is not None and self.cancel():
            raise Cancelled(f"Stopped {self.key} at {done / 1e6:.0f} MB. The next download goes on from there.")

    def sleep(self, seconds: float) -> None:
        """Sleep for ``seconds``; raises Cancelled meanwhile, within a tenth of a second."""
        end = time.monotonic() + seconds
        while (remaining := end - time.monotonic()) > 0:
            if self.cancel is not None and self.cancel():
                raise Cancelled(f"Stopped {self.key}. The next download goes on from there.")
            time.sleep(min(remaining, 0.1))


def check_space(folder: Path, needed: int) -> None:
    """Raise WeightsError unless the disk of ``folder`` has ``needed`` bytes free, and ``MARGIN`` more."""
    free = shutil.disk_usage(folder).free
    if free < needed + MARGIN:
        raise WeightsError(
            f"The disk of {folder} has {free / 1e9:.1f} GB free, but {(needed + MARGIN) / 1e9:.1f} GB are needed. "
            "Make room, or choose another models folder."
        )


def fetch(remote: RemoteFile, target: Path, reporter: ProgressReporter) -> str:
    """Download ``remote`` to ``target`` and return its sha256, hexadecimal.

    The bytes go to ``target`` + ".part", which is renamed when size and digest are right; a part that an interrupted
    attempt left is resumed if the server supports it. Raises Cancelled, WrongContentError (the part is deleted),
    WeightsError when the disk is full, and OSError when the server does not send the file.
    """
    part = target.with_name(f"{target.name}.part")
    failures = 0
    while True:
        before = _length(part)
        try:
            _append_response(remote, part, reporter)
            return _finish(remote, part, target)
        except WeightsError:
            raise
        except (OSError, http.client.HTTPException) as error:
            reason = _retryable(error, remote, _length(part))
        failures = 0 if _length(part) > before else failures + 1
        if failures > len(PAUSES):
            raise OSError(f"{remote.name}: {reason}") from reason
        logger.info("%s broke off at %d bytes (%s); going on", remote.name, _length(part), reason)
        reporter.sleep(PAUSES[max(failures - 1, 0)])


def _retryable(error: Exception, remote: RemoteFile, have: int) -> Exception:
    """``error`` when another attempt may succeed; raises the error that ends the download otherwise."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if error.code not in _TRANSIENT_STATUSES:
            raise error
    elif isinstance(error, OSError) and error.errno in _DISK_FULL:
        message = f"The disk became full at {have / 1e6:.0f} MB. Make room; {remote.name} then goes on from there."
        raise WeightsError(message) from error
    return error


def _resume_position(remote: RemoteFile, part: Path, known: Mapping[str, str]) -> tuple[int, dict[str, str]]:
    """The bytes of ``part`` that belong to this file and the headers that request the rest; deletes any other part."""
    have, identity = _length(part), remote.sha256 or remote.git
    same = bool(identity) and known.get("identity") == identity
    if have and not same and not (known.get("etag") and known.get("url") == remote.url):
        have = 0  # of another file, or of an unknown one
    if remote.size is not None and have > remote.size:
        have = 0
    if not have:
        part.unlink(missing_ok=True)
        return 0, {}
    return have, {"Range": f"bytes={have}-"} if same else {"Range": f"bytes={have}-", "If-Range": known["etag"]}


def _append_response(remote: RemoteFile, part: Path, reporter: ProgressReporter) -> None:
    """Append the response to one request to ``part``, or replace it when the server does not resume."""
    info_path = part.with_name(f"{part.name}.json")
    have, range_headers = _resume_position(remote, part, _read_resume_info(info_path))
    if have and have == remote.size:
        return
    headers = {**remote.headers, **range_headers}
    try:
        response = get(remote.url, headers)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            error.close()
            part.unlink()
            raise OSError(f"the part of {remote.name} does not fit the file; starting over") from error
        raise
    with response:
        continues = response.status == http.client.PARTIAL_CONTENT and _resumes_at(response, have)
        if response.status == http.client.PARTIAL_CONTENT and not continues:
            part.unlink(missing_ok=True)
            raise OSError(f"{remote.name}: the server sends another part than asked for; starting over")
        length = response.headers.get("Content-Length", "")
        total = int(length) + (have if continues else 0) if length.isdecimal() else remote.size
        if remote.size is not None and total != remote.size:
            raise WrongContentError(f"{remote.name} is announced with {remote.size} bytes but has {total}. Try later.")
        etag = response.headers.get("ETag") or ""
        info_path.write_text(
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
            reporter.report(remote.name, done, total)
            while chunk := response.read1(CHUNK):  # returns what has arrived, so that a slow server can be cancelled
                file.write(chunk)
                done += len(chunk)
                if total is not None and done > total:
                    break
                reporter.report(remote.name, done, total)
        if total is not None and done < total:
            raise OSError(f"{remote.name} ended at {done} of {total} bytes")
        if total is not None and done > total:
            part.unlink()
            raise WrongContentError(f"{remote.name} is longer than the {total} bytes announced. Try later.")


def _finish(remote: RemoteFile, part: Path, target: Path) -> str:
    digest = sha256_of(part)
    wrong = remote.sha256 and digest != remote.sha256
    if not remote.sha256 and remote.git:
        wrong = _git_blob_sha1(part) != remote.git
    if wrong:
        _discard(part)
        raise WrongContentError(f"{remote.name} came with another digest than the hub states. Try again later.")
    flush(part)
    part.replace(target)
    part.with_name(f"{part.name}.json").unlink(missing_ok=True)
    return digest


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_name(f"{part.name}.json").unlink(missing_ok=True)


def _resumes_at(response: HTTPResponse, position: int) -> bool:
    return str(response.headers.get("Content-Range") or "").startswith(f"bytes {position}-")


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _read_resume_info(path: Path) -> dict[str, str]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(k): str(v) for k, v in data.items()} if isinstance(data, dict) else {}


def _git_blob_sha1(path: Path) -> str:
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    digest.update(path.read_bytes())  # hubs state this digest only for small files
    return digest.hexdigest()
