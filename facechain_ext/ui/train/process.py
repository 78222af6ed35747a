"""Style training in a separate process, which survives the page and the webui that started it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import threading
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError, InputError, PhotoError
from facechain_ext.training_runs.status import (
    LOG,
    RUN_ID,
    STATUS,
    TrainingStatus,
    new_status,
    read_status,
    request_stop,
    start_lock,
    write_status,
)
from facechain_ext.training_runs.style_entry import check_entry
from facechain_ext.ui.train.captions import load_captions
from facechain_ext.ui.train.environment import ROOT
from facechain_ext.ui.train.labels import RESUME_STYLE_LABEL
from facechain_ext.ui.train.request import TrainRequest, read_settings, saved_state, trainings_folder, write_settings
from facechain_ext.weights import models_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

log = logging.getLogger(__name__)


def check_request(request: TrainRequest) -> None:
    """Raise PhotoError without pictures, InputError when the training cannot be started or resumed as requested."""
    rows = load_captions(request)
    if not rows:
        raise PhotoError("Add pictures first.")
    check_entry(request.name.strip(), request.trigger)
    state = saved_state(request.folder)
    saved_settings = read_settings(request)
    if state is not None and not request.resume:
        raise InputError(f'This style was begun already; tick "{RESUME_STYLE_LABEL}", or choose another name.')
    if request.resume and state is None:
        raise InputError(f'This style has nothing to go on with yet; take the tick off "{RESUME_STYLE_LABEL}".')
    if state is None:
        earlier = saved_settings.trigger if saved_settings is not None else ""
        old = [row.file for row in rows if earlier and earlier in row.caption and request.trigger not in row.caption]
        if old:
            raise InputError(
                f'{len(old)} captions were written with the trigger word "{earlier}", and it is '
                f'"{request.trigger}" now. '
                "Put the new word into the captions, or set the old one again."
            )
        return
    assert saved_settings is not None
    fixed_settings = {
        "trigger word": (saved_settings.trigger, request.trigger),
        "learning rate": (saved_settings.rate, request.rate),
        "rank": (saved_settings.rank, request.rank),
        "training size": (saved_settings.size, request.size),
    }
    changed = [f"{name} {was}, now {now}" for name, (was, now) in fixed_settings.items() if was and was != now]
    if changed:
        raise InputError(
            f"This style was begun with {'; '.join(changed)}. Only the steps may change: set that back, "
            "or choose another name."
        )
    step = state[0]
    if step >= request.steps and _is_done(request.folder):
        raise InputError(f"All {step} steps are made. To train it further, set more training steps than {step}.")


def command(request: TrainRequest, python: Path) -> list[str]:
    """The command line of the training process."""
    arguments = [str(python), "-m", "facechain_ext", "train", "style", "--checkpoint", str(request.checkpoint)]
    arguments += ["--pictures", str(request.pictures), "--name", request.name.strip(), "--work", str(request.folder)]
    arguments += ["--trigger", request.trigger, "--steps", str(request.steps), "--rate", str(request.rate)]
    arguments += ["--rank", str(request.rank), "--size", str(request.size)]
    arguments += ["--lora-dir", str(request.lora_folder)] if request.lora_folder is not None else []
    return [*arguments, "--resume"] if request.resume else arguments


def running_status() -> TrainingStatus | None:
    """The training that is running on this machine, started by any page; None when there is none."""
    return next((status for status in _statuses() if status.alive), None)


def latest_status() -> TrainingStatus | None:
    """The training with the latest heartbeat; None when there never was one."""
    return max(_statuses(), key=lambda status: status.heartbeat, default=None)


def folder_of(status: TrainingStatus) -> Path:
    """The folder of the training that a status belongs to."""
    return TrainRequest(status.name, "", models_folder()).folder


def start(request: TrainRequest, python: Path) -> TrainingStatus:
    """Start the training in a detached process and return immediately.

    Raises HostError when one runs already on this machine or the process cannot be started,
    and what ``check_request`` raises.
    """

    def check() -> None:
        check_request(request)
        write_settings(request)

    return launch(request.name, request.folder, request.steps, command(request, python), check)


def launch(name: str, folder: Path, steps: int, arguments: Sequence[str], check: Callable[[], None]) -> TrainingStatus:
    """Start the command ``arguments`` as the training called ``name`` in ``folder``, after ``check`` has passed.

    Raises HostError when a training runs already on this machine or the process cannot be started, and what ``check``
    raises.
    """
    with start_lock(trainings_folder()):
        other = running_status()
        if other is not None:
            raise HostError(
                f'"{other.name}" is being trained already (step {other.step} of {other.steps}); stop it or wait for '
                "its end."
            )
        check()
        run_id = uuid.uuid4().hex
        state = saved_state(folder)
        status = new_status(run_id, name.strip(), "Starting Python", steps, state[0] if state else 0)
        try:
            write_status(folder, status)
            process = _spawn(arguments, folder, run_id)
        except OSError as error:
            why = f"{arguments[0]} cannot be started: {error}"
            _write_quietly(folder, replace(status, phase="failed", activity="", message=why))
            raise HostError(f"The training cannot be started ({error}).") from error
    threading.Thread(target=_wait_for_end, args=(process, folder, run_id), name="training-end", daemon=True).start()
    return status


def stop() -> TrainingStatus | None:
    """Request that the running training saves and ends; returns its status, None when none runs.

    Raises HostError when the request cannot be written.
    """
    status = running_status()
    if status is not None:
        try:
            request_stop(folder_of(status), status.run_id)
        except OSError as error:
            raise HostError(f"The training cannot be told to stop ({error}); check the disk.") from error
    return status


def last_log_line(folder: Path) -> str:
    """The last line of a training's log that is no event; "" when there is none."""
    try:
        lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip() and not _is_event(line)), "")


def _statuses() -> list[TrainingStatus]:
    found = (read_status(path.parent) for path in trainings_folder().glob(f"*/{STATUS}"))
    return [status for status in found if status is not None]


def _is_done(folder: Path) -> bool:
    status = read_status(folder)
    return status is not None and status.phase == "done"


def _is_event(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _spawn(arguments: Sequence[str], folder: Path, run_id: str) -> subprocess.Popen[bytes]:
    """Start a detached process: it shares no terminal, signals or pipes with this one."""
    settings = {**os.environ, "FACECHAIN_MODELS_DIR": str(models_folder()), "PYTHONUNBUFFERED": "1", RUN_ID: run_id}
    settings["PYTHONIOENCODING"] = "utf-8"
    windows = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    with (folder / LOG).open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - a fixed command without a shell
            list(arguments),
            cwd=ROOT,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            creationflags=windows,
        )


def _wait_for_end(process: subprocess.Popen[bytes], folder: Path, run_id: str) -> None:
    """Reap the process; record the reason when it ended before it could write a status of its own."""
    code = process.wait()
    status = read_status(folder)
    if status is not None and status.run_id == run_id and not status.ended and status.pid == os.getpid():
        why = last_log_line(folder) or f"Python ended with code {code}."
        _write_quietly(folder, replace(status, phase="failed", activity="", message=why, heartbeat=time.time()))


def _write_quietly(folder: Path, status: TrainingStatus) -> None:
    """Write a status; an error is logged, since nobody can handle it here."""
    try:
        write_status(folder, status)
    except OSError as error:
        log.warning("the status of the training of %s cannot be written (%s)", status.name, error)
