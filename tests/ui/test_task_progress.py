"""A task on a page: progress, the result, and a note for every way in which it fails."""

from __future__ import annotations

import threading

import pytest

from facechain_ext.errors import InputError
from facechain_ext.ui.background_task import StopSignal, Task
from facechain_ext.ui.task_progress import run_with_progress


def run(function, stop=None):
    """Every update that the handler yields, and the result; ``function`` goes on once the first update is made."""
    stop, shown = stop or StopSignal(), threading.Event()
    results = []

    def work(report):
        assert shown.wait(20)
        return function(report)

    def updates(status, progress):
        shown.set()
        return [status, progress]

    def collect():
        results.append((yield from run_with_progress(Task(work, stop), stop, updates)))

    return list(collect()), results[0]


def test_updates_show_progress_and_the_result_is_returned():
    seen, result = run(lambda report: report(1, 4))
    assert result is True
    assert seen
    assert all("role='progressbar'" in status and progress is not None for status, progress in seen)


def test_updates_say_that_a_stop_was_requested():
    stop = StopSignal()
    stop.set()
    seen, result = run(lambda report: [report(1, 4)], stop)
    assert result == [False]
    assert "Stopping …" in seen[-1][0]


@pytest.mark.parametrize(
    ("error", "words", "logged"),
    [
        (InputError("Strength is 3; set it to 0 to 2."), "Strength is 3; set it to 0 to 2.", False),
        (
            ValueError("shapes <2> differ"),
            "This went wrong: shapes &lt;2&gt; differ. The console has the details.",
            True,
        ),
        (KeyError(), "This went wrong: KeyError.", True),
    ],
)
def test_a_failed_task_ends_with_a_note(caplog, error, words, logged):
    def fail(report):
        raise error

    seen, result = run(fail)
    assert result is None
    status, progress = seen[-1]
    assert words in status
    assert progress is None
    assert ("Traceback" in caplog.text) == logged
