"""A foreign program run in a process and an environment of its own: progress, stop, time limit, log."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from facechain_ext.errors import Cancelled, HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_OURS = re.compile(r"^(PYTHON|VIRTUAL_ENV|CONDA|PIP_)|TOKEN|SECRET|PASSWORD|API_KEY|CREDENTIAL", re.IGNORECASE)
"""Variables that are not handed on: those of this Python, with which another would import our packages, and keys."""
_PERCENT = re.compile(rb"(\d{1,3})%\|")
"""How tqdm writes progress."""
_POLL_SECONDS = 0.2
_LOG_LINES = 6
_END_SECONDS = 5.0
"""How long a program that is asked to end may take."""


@dataclass(frozen=True)
class ProgramLimits:
    """``silent_seconds`` without a sign of life (a line in the log, a grown file) and the program counts as hung.

    ``seconds`` is the limit of the whole run.
    """

    silent_seconds: float = 600.0
    seconds: float = 4 * 3600.0


def run_program(
    name: str,
    command: Sequence[str],
    folder: Path,
    *,
    watched: Path,
    log_file: Path,
    limits: ProgramLimits | None = None,
    progress: Callable[[int, int], bool] | None = None,
) -> None:
    """Run ``command`` in ``folder`` until it ends; what it prints goes to ``log_file``.

    ``watched`` is the folder in which it works: files that grow there are a sign of life. ``progress`` gets the per
    cent that the program's bars show, and stops it by returning False. Raises Cancelled when stopped, HostError with
    the end of its log when it cannot be started, fails, hangs or takes too long. No process of it is left.
    """
    limits = limits or ProgramLimits()
    with log_file.open("wb+") as log:
        try:
            process = subprocess.Popen(
                list(command), cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(),
                start_new_session=os.name != "nt",
            )  # fmt: skip
        except OSError as error:
            raise HostError(f"{name} could not be started ({error.strerror}): {command[0]}. Check its path.") from error
        reason = "was interrupted"
        try:
            reason = _wait(process, log, watched, limits, progress)
        finally:
            if reason:  # after a good end something that it started may still be writing
                _end(process)
        if reason:
            raise HostError(f"{name} {reason}. {log_end(log_file)}")


def log_end(log_file: Path) -> str:
    """The last lines of a log as a sentence."""
    text = log_file.read_bytes()[-20000:].decode("utf-8", "replace") if log_file.is_file() else ""
    lines = [line.rpartition("\r")[2].strip() for line in text.splitlines()]
    last = [line[:300] for line in lines if line][-_LOG_LINES:]
    return f"Its log ends: {' | '.join(last)}" if last else "It said nothing."


def _wait(
    process: subprocess.Popen[bytes],
    log: BinaryIO,
    watched: Path,
    limits: ProgramLimits,
    progress: Callable[[int, int], bool] | None,
) -> str:
    """Wait for the end; returns "" or what went wrong; raises Cancelled when ``progress`` returns False."""
    started = alive = time.monotonic()
    state, percent = (-1, -1), 0
    while True:
        try:
            code = process.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            now = time.monotonic()
            current = (os.fstat(log.fileno()).st_size, _size(watched))
            if current != state:
                state, alive = current, now
                percent = _last_percent(Path(log.name), percent)
            if progress is not None and not progress(percent, 100):
                raise Cancelled("Stopped; no file was written.") from None
            if now - alive > limits.silent_seconds:
                return f"gave no sign of life for {limits.silent_seconds:.0f} seconds and was ended"
            if now - started > limits.seconds:
                return f"took more than {limits.seconds / 60:.0f} minutes and was ended"
            continue
        return "" if code == 0 else f"failed (exit code {code})"


def _last_percent(log_file: Path, before: int) -> int:
    with log_file.open("rb") as file:
        file.seek(max(log_file.stat().st_size - 2000, 0))
        found = _PERCENT.findall(file.read())
    return min(int(found[-1]), 100) if found else before


def _size(folder: Path) -> int:
    return sum(_file_size(path) for path in folder.rglob("*"))


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # removed meanwhile
        return 0


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it started."""
    if os.name == "nt":
        if process.poll() is None:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)  # noqa: S607
        process.wait()
        return
    for kind, seconds in ((signal.SIGTERM, _END_SECONDS), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, kind)  # its own session: the group has its number
        except ProcessLookupError:
            break
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not _OURS.search(name)}
    return inherited | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", "TMPDIR": tempfile.gettempdir()}
