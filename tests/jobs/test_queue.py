"""The queue: order, fairness, limits, idempotency, stopping, restarts, and what is deleted."""

from __future__ import annotations

import json
import threading
import time

import pytest

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.jobs.queue import JobQueue, KeyReusedError, QueueFullError, QueueLimits
from facechain_ext.jobs.records import JobFolder, public_facts
from facechain_ext.storage.owner import Owner
from tests.jobs.fakes import job_request, make, png


@pytest.fixture
def folder(tmp_path):
    return JobFolder(tmp_path / "jobs")


def finish(queue, *records):
    """The records at their end; fails after a minute."""
    ended = []
    for record in records:
        deadline = time.monotonic() + 60
        current = queue.get(record.id, Owner(administrator=True))
        while not current.has_ended:
            assert time.monotonic() < deadline
            current = queue.wait(current, 1.0)
        ended.append(current)
    return ended


class Gate:
    """Makes requests one at a time when it is let to; notes in which order."""

    def __init__(self):
        self.open, self.seeds = threading.Event(), []
        self.begun = threading.Event()

    def __call__(self, parsed, progress):
        self.seeds.append(parsed.facts.settings.seed)
        self.begun.set()
        while not self.open.wait(0.01):
            if not progress(1, 4):
                break
        return make(parsed, progress)


def test_a_job_is_made_and_its_picture_is_that_of_its_order(folder):
    queue = JobQueue(folder, make)
    queue.start()
    records = [queue.submit(job_request(seed))[0] for seed in range(10)]
    for seed, record in enumerate(finish(queue, *records)):
        assert (record.state, record.pictures[0].seed, record.step) == ("done", seed, 4)
        assert queue.picture(record, 1) == png(seed)
        assert not (folder.folder / record.id / "order.json").exists()
        facts = public_facts(record)
        assert facts["pictures"][0]["url"] == f"/facechain/v1/jobs/{record.id}/pictures/1"
        json.dumps(facts)
    with pytest.raises(InputError, match="no number 2"):
        queue.picture(records and queue.get(records[0].id), 2)


def test_clients_take_turns_and_each_keeps_its_order(folder):
    gate = Gate()
    queue = JobQueue(folder, gate)
    for client, seeds in (("a", range(4)), ("b", range(10, 12)), ("c", range(20, 21))):
        for seed in seeds:
            queue.submit(job_request(seed), client=client)
    waiting = queue.jobs_of()
    places = {one.id: queue.position(one) for one in waiting}
    assert sorted(places.values()) == list(range(1, 8))
    gate.open.set()
    queue.start()
    finish(queue, *waiting)
    assert gate.seeds == [0, 10, 20, 1, 11, 2, 3]
    by_place = sorted(waiting, key=lambda one: places[one.id])
    assert [queue.get(one.id).pictures[0].seed for one in by_place] == gate.seeds


def test_a_full_queue_says_when_and_how_long(folder):
    queue = JobQueue(folder, make, lambda: QueueLimits(waiting=3))
    for seed in range(3):
        queue.submit(job_request(seed))
    with pytest.raises(QueueFullError) as caught:
        queue.submit(job_request(3))
    assert (caught.value.length, caught.value.seconds > 0) == (3, True)
    assert queue.length() == 3


def test_photos_are_limited_for_each_client(folder):
    queue = JobQueue(folder, make, lambda: QueueLimits(photos_per_minute=4))
    three = {"photos": ["x"] * 3, "prompt": "p"}
    queue.submit(three, client="a")
    with pytest.raises(QueueFullError, match="4 photos a minute"):
        queue.submit(three, client="a")
    queue.submit(three, client="b")
    queue.submit(job_request(1), client="a")


def test_the_same_key_is_the_same_job(folder):
    queue = JobQueue(folder, make)
    first, new = queue.submit(job_request(1), key="k", owner="anna")
    again, old = queue.submit(job_request(1), key="k", owner="anna")
    assert (again.id, new, old) == (first.id, True, False)
    with pytest.raises(KeyReusedError):
        queue.submit(job_request(2), key="k", owner="anna")
    assert queue.submit(job_request(2), key="k", owner="ben")[1]
    later = JobQueue(folder, make)
    assert later.submit(job_request(1), key="k", owner="anna")[0].id == first.id


def test_a_bad_order_is_refused_and_leaves_nothing(folder):
    queue = JobQueue(folder, make)
    with pytest.raises(InputError, match="recipe"):
        queue.submit({"recipe": "film"})
    assert folder.load() == []


def test_an_error_is_the_job_s_and_the_next_goes_on(folder):
    def failing(parsed, progress):
        if parsed.facts.settings.seed == 0:
            raise InputError("There is no card called Anna.")
        if parsed.facts.settings.seed == 1:
            raise ZeroDivisionError("no reason")
        return make(parsed, progress)

    queue = JobQueue(folder, failing)
    queue.start()
    ended = finish(queue, *(queue.submit(job_request(seed))[0] for seed in range(3)))
    assert [one.state for one in ended] == ["failed", "failed", "done"]
    assert ended[0].error == "There is no card called Anna."
    assert "no reason" in ended[1].error


def test_a_full_disk_ends_a_job_with_a_note_and_the_next_goes_on(folder):
    class FullDisk(JobFolder):
        def write(self, record):
            if record.has_ended:
                raise WeightsError("No space is left.")
            super().write(record)

    queue = JobQueue(FullDisk(folder.folder), make)
    queue.start()
    ended = finish(queue, *(queue.submit(job_request(seed))[0] for seed in range(2)))
    assert [(one.state, one.notes) for one in ended] == [("done", ("No space is left.",))] * 2


def test_a_job_that_cannot_be_kept_is_refused_and_leaves_nothing(folder):
    folder.folder.write_bytes(b"a file in place of the folder")
    queue = JobQueue(folder, make)
    with pytest.raises(WeightsError, match="The job cannot be kept"):
        queue.submit(job_request(0))
    assert queue.length() == 0


def test_stopping_and_deleting(folder):
    gate = Gate()
    queue = JobQueue(folder, gate)
    running, waiting = queue.submit(job_request(0))[0], queue.submit(job_request(1))[0]
    queue.start()
    assert gate.begun.wait(30)
    assert queue.stop(waiting.id).state == "stopped"
    assert queue.stop(running.id).state == "running"
    assert [one.state for one in finish(queue, running, waiting)] == ["stopped", "stopped"]
    assert queue.stop(running.id) is None
    assert not (folder.folder / running.id).exists()
    with pytest.raises(InputError, match="no such job"):
        queue.get(running.id)
    assert gate.seeds == [0]


def test_jobs_survive_the_end_of_the_program(folder):
    gate = Gate()
    first = JobQueue(folder, gate)
    records = [first.submit(job_request(seed), client="a")[0] for seed in range(4)]
    first.start()
    assert gate.begun.wait(30)  # the first runs and never ends: as if the program were killed
    assert folder.load()[0].state == "running"
    second = JobQueue(folder, make)
    second.start()
    ended = finish(second, *records)
    assert [one.pictures[0].seed for one in ended] == [0, 1, 2, 3]
    assert ended[0].starts == 2
    third = JobQueue(folder, make)
    assert [one.state for one in third.jobs_of()] == ["done"] * 4
    gate.open.set()


def test_a_job_that_ends_the_program_is_not_tried_for_ever(folder):
    from dataclasses import replace

    queue = JobQueue(folder, make)
    record, _ = queue.submit(job_request(1))
    folder.write(replace(record, state="running", starts=3))
    later = JobQueue(folder, make)
    assert later.get(record.id).state == "failed"
    assert "3 times" in later.get(record.id).error


def test_damaged_files_are_named_and_the_rest_is_there(folder, caplog):
    queue = JobQueue(folder, make)
    good, bad = queue.submit(job_request(1))[0], queue.submit(job_request(2))[0]
    (folder.folder / bad.id / "job.json").write_text('{"id": 3}')
    (folder.folder / "something else").mkdir()
    assert [one.id for one in JobQueue(folder, make).jobs_of()] == [good.id]
    assert bad.id in caplog.text


def test_results_go_when_their_time_has_passed(folder):
    limits = [QueueLimits()]
    queue = JobQueue(folder, make, lambda: limits[0])
    queue.start()
    (old,) = finish(queue, queue.submit(job_request(1))[0])
    limits[0] = QueueLimits(keep_hours=0)
    queue.submit(job_request(2))
    with pytest.raises(InputError):
        queue.get(old.id)
    assert not (folder.folder / old.id).exists()


def test_jobs_of_others_are_not_there(folder):
    queue = JobQueue(folder, make)
    record, _ = queue.submit(job_request(1), owner="anna")
    for ask in (queue.get, queue.stop):
        with pytest.raises(InputError, match="no such job"):
            ask(record.id, Owner("ben"))
    assert queue.jobs_of(Owner("ben")) == []
    assert queue.get(record.id, Owner("admin", administrator=True)).id == record.id


@pytest.mark.parametrize("name", ["..", "../x", "0" * 27, "", "g" * 28, "/etc/passwd"])
def test_a_name_from_a_request_reaches_no_file(folder, name):
    queue = JobQueue(folder, make)
    with pytest.raises(InputError):
        queue.get(name)
    with pytest.raises(InputError):
        folder.remove(name)
