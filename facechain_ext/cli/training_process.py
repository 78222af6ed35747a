"""A training as a process of its own: status file, JSON on standard output, stop by signal or by file."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def reported_run(work: Path, name: str, steps: int) -> Iterator[Callable[[dict[str, object]], bool]]:
    """The function that a training reports its events to; it answers False once the training is to save and end.

    Raises HostError when another process trains on this machine, in whatever folder: two share its memory and neither
    ends. Whatever ends the block is in the status file of ``work``.
    """
    import signal

    from facechain_ext.training_runs.reporting import StatusReporter
    from facechain_ext.training_runs.status import only_training
    from facechain_ext.weights import models_folder

    stopped = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True

    with StatusReporter(work, name, steps) as status, only_training(models_folder() / "training", name):

        def report(event: dict[str, object]) -> bool:
            status.record_event(event)
            typer.echo(json.dumps(event))
            return not stopped and not status.stop_requested

        for number in (signal.SIGINT, signal.SIGTERM):  # a page asks by a file, since signals do this on POSIX alone
            signal.signal(number, stop)
        yield report
