"""The status reports of a training process, and its check for stop requests."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import HostError
from facechain_ext.training_runs.status import (
    RUN_ID,
    TrainingStatus,
    new_status,
    read_status,
    start_lock,
    stop_requested,
    write_status,
)

if TYPE_CHECKING:
    from types import TracebackType

log = logging.getLogger(__name__)

_WRITE_ATTEMPTS = 10
HEARTBEAT = 2.0
"""Seconds between two writes of the status while only numbers change."""


class StatusReporter:
    """Context manager that writes the status of the run in ``folder`` from the training's events.

    Entering raises HostError when another process trains in this folder. An exception that leaves the block is written
    as the reason of the failure. A status that cannot be written (a full disk) does not end the training: it is logged
    once.
    """

    def __init__(self, folder: Path, name: str, steps: int) -> None:
        self._folder, self._name, self._steps = folder, name, steps
        self._run_id = os.environ.get(RUN_ID) or uuid.uuid4().hex
        self._status = TrainingStatus(self._run_id, name)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._first_step: tuple[float, int] | None = None
        self._write_failed = False

    def __enter__(self) -> StatusReporter:
        with start_lock(self._folder):
            other = read_status(self._folder)
            if other is not None and other.alive and other.run_id != self._run_id:
                raise HostError(
                    f"{self._folder} is being trained by process {other.pid} (step {other.step} of {other.steps}); "
                    "stop it or wait for its end."
                )
            saved = other.saved_step if other is not None else 0
            self._update(new_status(self._run_id, self._name, "Loading PyTorch and diffusers", self._steps, saved))
        threading.Thread(target=self._write_heartbeats, name="training-heartbeat", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if error is not None:
            why = str(error) or type(error).__name__
            self._update(replace(self._status, phase="failed", activity="", seconds_left=None, message=why))
        elif not self._status.ended:
            self._update(replace(self._status, phase="stopped", activity="", seconds_left=None))

    @property
    def stop_requested(self) -> bool:
        """Whether a page has requested that this run saves and ends."""
        return stop_requested(self._folder, self._run_id)

    def record_event(self, event: dict[str, Any]) -> None:
        """Update the status by one event of the training."""
        now = self._status
        match event["event"]:
            case "activity":
                self._update(replace(now, activity=event["words"]))
            case "started":
                self._steps = event["steps"]
                self._update(
                    replace(now, phase="running", step=event["step"], saved_step=event["step"], steps=self._steps)
                )
            case "step":
                left = self._seconds_left(event["step"])
                new = replace(now, activity="Learning", step=event["step"], loss=event["loss"], seconds_left=left)
                self._update(new, write_now=now.activity != new.activity)
            case "saved":
                self._update(replace(now, activity="Learning", saved_step=event["step"]))
            case "preview":
                self._update(replace(now, activity="Learning", preview=Path(event["file"]).name))
            case "note" | "memory" | "not used":
                words = event.get("words") or f"Not used: {event['reason']}"
                self._update(replace(now, notes=f"{now.notes}\n{words}".strip()))
            case "stopped" | "done":
                words = event.get("file", "")
                self._update(replace(now, phase=event["event"], activity="", seconds_left=None, message=words))

    def _seconds_left(self, step: int) -> float | None:
        """Seconds to the last step, from the mean of the steps of this run after its first, which warms up."""
        if self._first_step is None:
            self._first_step = (time.monotonic(), step)
            return None
        started, first = self._first_step
        return (time.monotonic() - started) / (step - first) * (self._steps - step)

    def _update(self, status: TrainingStatus, *, write_now: bool = True) -> None:
        with self._lock:
            self._status = status
            if write_now:
                self._write()

    def _write(self) -> None:
        self._status = replace(self._status, heartbeat=time.time())
        for tries_left in reversed(range(_WRITE_ATTEMPTS)):
            try:
                write_status(self._folder, self._status)
            except OSError as error:
                if isinstance(error, PermissionError) and tries_left:
                    time.sleep(0.05)  # Windows replaces no file that a page is reading at this moment
                    continue
                if not self._write_failed:
                    log.warning("the status of the training cannot be written (%s); it goes on", error)
                self._write_failed = True
            else:
                self._write_failed = False
            return

    def _write_heartbeats(self) -> None:
        while not self._ended.wait(HEARTBEAT):
            with self._lock:
                if not self._status.ended:
                    self._write()
