"""Work beside the page."""

from __future__ import annotations

import copy
import threading

import pytest

from facechain_ext.ui import background_task
from facechain_ext.ui.background_task import StopSignal, Task, TaskProgress, partial_progress


def test_task_reports_progress_and_gives_its_result():
    go, seen = threading.Event(), []

    def task(report):
        assert report(1, 4)
        go.wait(20)
        return "done"

    work = Task(task)
    for progress in work.progress_updates():
        seen.append((progress.done, progress.total))
        if progress.done:
            go.set()
    assert work.result() == "done"
    assert (1, 4) in seen


def test_result_raises_what_the_task_raised():
    def task(report):
        raise KeyError("x")

    work = Task(task)
    list(work.progress_updates())
    with pytest.raises(KeyError):
        work.result()


@pytest.mark.parametrize("way", ["stop", "leave"])
def test_stopping(way):
    stop, ended = StopSignal(), threading.Event()

    def task(report):
        while report(1, 2):
            threading.Event().wait(0.01)
        ended.set()
        return 1

    progress_updates = Task(task, stop).progress_updates()
    next(progress_updates)
    stop.set() if way == "stop" else progress_updates.close()
    assert ended.wait(20)


def test_task_that_no_page_polls_is_stopped(monkeypatch):
    monkeypatch.setattr(background_task, "_ABANDONED_SECONDS", 0.5)
    ended = threading.Event()

    def task(report):
        while report(1, 2):
            threading.Event().wait(0.01)
        ended.set()
        return 1

    held = Task(task).progress_updates()
    next(held)
    assert ended.wait(20)


def test_each_browser_has_its_own_stop_signal():
    first = StopSignal()
    second = copy.deepcopy(first)
    first.set()
    assert first.is_set()
    assert not second.is_set()
    first.clear()
    assert not first.is_set()


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (TaskProgress(0, 0, 3), "Preparing … 3 s"),
        (
            TaskProgress(0, 0, 5, 0, waiting=True),
            "Waiting: another run is going on here, and this one starts after it. 5 s",
        ),
        (TaskProgress(1, 4, 9, 0), "25 %"),
        (TaskProgress(3, 5, 9, 4), "60 %, 4 s left"),
    ],
)
def test_text(progress, text):
    assert progress.text == text


@pytest.mark.parametrize(("number", "done", "share"), [(0, 0, 0.0), (0, 20, 0.125), (1, 0, 0.25), (3, 40, 1.0)])
def test_partial_progress_counts_into_the_whole(number, done, share):
    seen = []
    report = partial_progress(lambda *far: seen.append(far) or far[0] < far[1], number, 4)
    assert report(done, 40) is (share < 1)
    assert seen[0][0] / seen[0][1] == share


def test_waiting_task_says_that_it_waits():
    turn, done, waiting = threading.Lock(), threading.Event(), set()

    def task(_report):
        waiting.add(threading.get_ident())
        with turn:
            waiting.clear()
            done.wait(20)
        return "done"

    turn.acquire()
    work, seen = Task(task, is_waiting=lambda thread: thread in waiting), []
    for progress in work.progress_updates():
        seen.append(progress.waiting)
        if progress.waiting and turn.locked() and not done.is_set():
            done.set()
            turn.release()
    assert work.result() == "done"
    assert True in seen
    assert "Waiting" not in TaskProgress(1, 4, 9, 1).text
