"""The status of a style training, in a JSON file of its folder where any page finds it.

A page can import this without the trainer's packages.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from facechain_ext.errors import HostError
from facechain_ext.storage.atomic_write import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

STATUS = "training-status.json"
STOP = "stop-requested"
LOG = "training.log"
"""What the process of a training that a page started writes: one JSON object a line, and any traceback."""
PREVIEWS = "previews"
RUN_ID = "FACECHAIN_TRAINING_RUN"
"""The environment variable by which a page tells the process that it starts which run it is."""
MAX_SILENCE_SECONDS = 60.0
"""Seconds without a heartbeat after which a process on another machine counts as ended."""

_PROC = Path("/proc")

Phase = Literal["starting", "running", "stopped", "done", "failed"]


@dataclass(frozen=True)
class TrainingStatus:
    """One run of a training.

    ``activity`` says in words what it is doing; ``pid`` with ``process``, the identity of that process, and ``machine``
    say who does it. ``heartbeat`` is the time (seconds since 1970) of the last sign of life. ``saved_step`` is the step
    of the state that it could go on from. ``preview`` names a file of the folder ``previews``. ``message`` is the
    reason of a failure, or the file of the LoRA when done; ``notes`` what else the user should know, a sentence a
    line. ``seconds_left`` is None while nobody can know.
    """

    run_id: str
    name: str
    phase: Phase = "starting"
    activity: str = ""
    pid: int = 0
    process: str = ""
    machine: str = ""
    heartbeat: float = 0.0
    step: int = 0
    steps: int = 0
    saved_step: int = 0
    loss: float | None = None
    seconds_left: float | None = None
    preview: str = ""
    message: str = ""
    notes: str = ""

    @property
    def ended(self) -> bool:
        """Whether the run itself has said that it ended."""
        return self.phase in {"stopped", "done", "failed"}

    @property
    def alive(self) -> bool:
        """Whether its process is there: that very process, not another one that was given its number later."""
        if self.ended or not self.pid:
            return False
        if self.machine != machine_name():
            return abs(time.time() - self.heartbeat) < MAX_SILENCE_SECONDS
        return bool(self.process) and process_identity(self.pid) == self.process


def machine_name() -> str:
    """The name of this machine: process numbers of another one, or of another container, say nothing here."""
    return socket.gethostname()


def process_identity(pid: int) -> str:
    """What tells a process from any other that has or will have its number; "" when there is no such process.

    On Linux the boot and the clock tick of its start, which no change of the clock moves; elsewhere its start time.
    """
    if _PROC.is_dir():
        try:
            state, *rest = (_PROC / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        except OSError:
            return ""
        return "" if state in {"Z", "X"} else f"{boot} {rest[18]}"
    import psutil  # type: ignore[import-untyped]  # every host has it; Linux does without

    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return ""


def read_status(folder: Path) -> TrainingStatus | None:
    """The status of the last run in a training's folder; None without one or, with a warning, when it is damaged."""
    path = folder / STATUS
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return _validated(raw)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        log.warning("%s cannot be read (%s); it counts as no training", path, error)
        return None


def write_status(folder: Path, status: TrainingStatus) -> None:
    """Write the status atomically; raises OSError."""
    with atomic_write(folder / STATUS) as temporary:
        temporary.write_text(json.dumps(asdict(status), indent=1) + "\n", encoding="utf-8")


def request_stop(folder: Path, run_id: str) -> None:
    """Request that a run saves and ends, by a file: on Windows no signal lets a process save first."""
    (folder / STOP).write_text(run_id, encoding="utf-8")


def stop_requested(folder: Path, run_id: str) -> bool:
    """Whether a stop was requested of this run; a request to an earlier run does not count."""
    try:
        return (folder / STOP).read_text(encoding="utf-8") == run_id
    except OSError:
        return False


@contextmanager
def start_lock(folder: Path) -> Iterator[None]:
    """Hold what only one process at a time may do: look whether a training runs in ``folder``, and begin one.

    Raises HostError when another one is at it for ten seconds.
    """
    from filelock import FileLock, Timeout  # comes with torch; only a start needs it

    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".start.lock", timeout=10):
            yield
    except Timeout as error:
        raise HostError(
            "Another training is being started at this moment; wait a little and press Train again."
        ) from error


@contextmanager
def only_training(folder: Path, name: str) -> Iterator[None]:
    """Hold what one training of this machine has at a time; ``folder`` is that of all trainings.

    Raises HostError, which names the one that has it.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / ".training-now"
    try:
        with FileLock(folder / ".training.lock", timeout=0):
            holder.write_text(name, encoding="utf-8")
            try:
                yield
            finally:
                holder.unlink(missing_ok=True)
    except Timeout as error:
        other = holder.read_text(encoding="utf-8") if holder.is_file() else "another"
        raise HostError(
            f'"{other}" is being trained on this machine already; two trainings at once share its memory, and both may '
            "fail. Wait for its end, or stop it."
        ) from error


def new_status(run_id: str, name: str, activity: str, steps: int, saved_step: int = 0) -> TrainingStatus:
    """The initial status of a run in this process."""
    pid = os.getpid()
    return TrainingStatus(
        run_id, name, "starting", activity, pid, process_identity(pid), machine_name(), time.time(),
        step=saved_step, steps=steps, saved_step=saved_step,
    )  # fmt: skip


def _validated(raw: dict[str, Any]) -> TrainingStatus:
    """The status of a JSON object; raises TypeError or ValueError for anything else."""
    status = TrainingStatus(**raw)
    for field in fields(status):
        value = getattr(status, field.name)
        kinds: tuple[type, ...] = (str,)
        if field.name in {"pid", "step", "steps", "saved_step"}:
            kinds = (int,)
        elif field.name in {"heartbeat", "loss", "seconds_left"}:
            kinds = (int, float)
        optional = value is None and field.name in {"loss", "seconds_left"}
        if not optional and not isinstance(value, kinds):
            raise ValueError(f"{field.name} is {value!r}")
    if status.phase not in get_args(Phase):
        raise ValueError(f"phase is {status.phase!r}")
    return status
