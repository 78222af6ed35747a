"""Batches: reading tables and folders, resuming, retries, lost workers, the report."""

from __future__ import annotations

import csv
import json
import os

import pytest
from PIL import Image

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.jobs.items import CARD_URL, FileSources, combine, embedded, list_people, make_items, read_table
from facechain_ext.jobs.results import ResultFolder
from facechain_ext.jobs.schedule import run_items, try_item
from tests.jobs.fakes import Worker, item, png


@pytest.fixture
def folder(tmp_path):
    for name in ("anna.png", "ben.png", "room.png"):
        (tmp_path / name).write_bytes(png(len(name)))
    (tmp_path / "cleo.safetensors").write_bytes(b"a card")
    return tmp_path


def test_a_csv_and_json_lines_say_the_same(folder):
    (folder / "a.csv").write_text(
        "photos,card,style,prompt,template,face 1,seed,steps,window,quality\n"
        "anna.png;ben.png,,,a photo,,,3,20,0-0.8,\n"
        ",cleo.safetensors,,a photo,,,4,,,\n"
        ",,,,room.png,cleo.safetensors,5,,,standard\n",
        encoding="utf-8",
    )
    rows = [
        {"recipe": "portrait", "photos": ["anna.png", "ben.png"], "prompt": "a photo",
         "settings": {"seed": 3, "steps": 20, "window": [0.0, 0.8]}},
        {"recipe": "portrait", "card": "cleo.safetensors", "prompt": "a photo", "settings": {"seed": 4}},
        {"recipe": "template", "template": "room.png", "faces": {"1": {"card": "cleo.safetensors"}},
         "settings": {"seed": 5, "quality": "standard"}},
    ]  # fmt: skip
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    assert read_table(folder / "a.csv") == rows == read_table(folder / "a.jsonl")
    assert len(make_items(rows, FileSources(folder))) == 3


def test_only_ends_of_lines_end_a_request(tmp_path):
    rows = [{"photos": ["a.png"], "prompt": "red\u2028hat\x85"}, {"photos": ["b.png"], "prompt": "x"}]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (tmp_path / "a.jsonl").write_bytes("\r\n".join(lines).encode("utf-8"))
    assert read_table(tmp_path / "a.jsonl") == rows


def test_one_order_twice_is_one_item(folder):
    rows = [{"photos": ["anna.png"], "prompt": "p"}, {"photos": ["anna.png"], "prompt": "p"}]
    assert len(make_items(rows, FileSources(folder))) == 1


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "photos,prompt\nmissing.png,x\n", "Row 1.*missing.png"),
        ("a.csv", "photos,prompt\nanna.png\n", "Row 1.*columns"),
        ("a.csv", "photos,prompt,steps\nanna.png,x,many\n", "steps"),
        ("a.csv", "photos,prompt,speed\nanna.png,x,3\n", "no setting 'speed'"),
        ("a.jsonl", '{"prompt": "x"}\n{', "Row 2 is no JSON"),
        ("a.jsonl", "[1]\n", "Row 1 is no object"),
        ("a.jsonl", '{"prompt": "x"}\n', "Row 1.*photos"),
    ],
)
def test_a_bad_row_is_named(folder, name, text, words):
    (folder / name).write_text(text)
    with pytest.raises(InputError, match=words):
        make_items(read_table(folder / name), FileSources(folder))


def test_folders_become_all_combinations(folder):
    people = folder / "people"
    (people / "dora").mkdir(parents=True)
    (people / "empty").mkdir()
    (people / "notes.txt").write_text("x")
    for name in ("anna.png", "dora/1.png", "dora/2.png", "cleo.safetensors"):
        (people / name).write_bytes(png(1))
    found = list_people(people)
    assert [path.name for path in found] == ["anna.png", "cleo.safetensors", "dora"]
    job_requests = combine(found, [], ["poster", "snow"], [1, 2, 3], {"prompt": "p"})
    assert len(job_requests) == 3 * 2 * 3
    dora = next(one for one in job_requests if len(one.get("photos", [])) == 2)
    assert dora["settings"] == {"seed": 1}
    placed = combine(found, [folder / "room.png"], [], [1], {}, face=2)
    assert [one["faces"] for one in placed][1] == {"2": {"card": str(people / "cleo.safetensors")}}
    with pytest.raises(InputError, match="nobody"):
        combine([], [], [], [1], {})


def test_an_order_for_elsewhere_has_its_files_inside(folder):
    (one,) = make_items([{"card": "cleo.safetensors", "prompt": "p"}], FileSources(folder))
    sent = embedded(one.job_request, FileSources(folder))
    assert sent["card"] == CARD_URL + "YSBjYXJk"
    assert str(folder) not in json.dumps(sent)


def test_everything_is_made_once_and_a_second_run_makes_nothing(tmp_path):
    results, items = ResultFolder(tmp_path), [item(seed) for seed in range(20)]
    workers = [Worker("a"), Worker("b")]
    assert run_items(items, workers, results)
    assert sorted(workers[0].made + workers[1].made) == list(range(20))
    again = Worker("c")
    assert run_items(items, [again], results)
    assert again.made == []


def test_only_what_is_missing_is_made_again(tmp_path):
    results, items = ResultFolder(tmp_path), [item(seed) for seed in range(5)]
    run_items(items, [Worker()], results)
    (tmp_path / f"{items[1].id}.png").unlink()
    (tmp_path / "rows" / f"{items[3].id}.json").write_text("{")
    again = Worker()
    run_items(items, [again], results)
    assert sorted(again.made) == [1, 3]


def test_a_failing_item_is_tried_three_times_and_the_rest_goes_on(tmp_path):
    results, items = ResultFolder(tmp_path), [item(seed) for seed in range(4)]
    worker = Worker(failing={1: 2, 2: 99})
    assert run_items(items, [worker], results)
    assert (results.row(items[1].id).attempts, results.row(items[1].id).error) == (3, "")
    failed = results.row(items[2].id)
    assert (failed.attempts, failed.error) == (3, "seed 2 fails")
    assert worker.failing[2] == 96
    assert results.is_done(items[3].id)
    assert not results.is_done(items[2].id)
    run_items(items, [Worker()], results)
    assert results.is_done(items[2].id)


def test_a_lost_worker_loses_no_item(tmp_path):
    results, items = ResultFolder(tmp_path), [item(seed) for seed in range(12)]
    lost, left = Worker("lost", lost_after=3), Worker("left")
    assert run_items(items, [lost, left], results, pause=0.01)
    assert sorted(lost.made + left.made) == list(range(12))


def test_a_worker_that_comes_back_goes_on(tmp_path):
    results, items = ResultFolder(tmp_path), [item(seed) for seed in range(6)]
    worker = Worker(lost_after=2, back=True)
    assert run_items(items, [worker], results, pause=0.01)
    assert sorted(worker.made) == list(range(6))


def test_without_any_worker_left_items_are_left_and_said_so(tmp_path):
    results, items = ResultFolder(tmp_path), [item(seed) for seed in range(6)]
    assert not run_items(items, [Worker(lost_after=2)], results, pause=0.01)
    assert sum(results.is_done(one.id) for one in items) == 2
    assert results.row(items[5].id) is None


def test_an_unexpected_error_is_the_item_s_and_not_the_end(tmp_path):
    class Broken(Worker):
        def make(self, one):
            if one.job_request.facts.settings.seed == 1:
                raise ZeroDivisionError("no reason")
            return super().make(one)

    results, items = ResultFolder(tmp_path), [item(seed) for seed in range(3)]
    assert run_items(items, [Broken()], results)
    assert results.row(items[1].id).error == "ZeroDivisionError: no reason"
    assert results.is_done(items[2].id)


def test_a_disk_that_refuses_ends_the_batch_and_every_worker(tmp_path):
    class FullDisk(ResultFolder):
        def save(self, *_, **__):
            raise WeightsError("No space is left.")

    with pytest.raises(WeightsError, match="No space is left"):
        run_items([item(seed) for seed in range(6)], [Worker("a"), Worker("b")], FullDisk(tmp_path))


def test_a_picture_that_another_worker_wrote_stays(tmp_path):
    results, one = ResultFolder(tmp_path), item(1)
    (tmp_path / f"{one.id}.png").write_bytes(b"there already")
    try_item(Worker(), one, results)
    assert (tmp_path / f"{one.id}.png").read_bytes() == b"there already"
    assert results.is_done(one.id)


def test_the_report_has_a_row_for_each_item_and_sheets(tmp_path):
    results, items = ResultFolder(tmp_path), [item(seed) for seed in range(62)]
    run_items(items[:61], [Worker(failing={3: 9})], results)
    files = results.write_report(items)
    assert [file.name for file in files] == ["report.csv", "report.json", "contact-sheet-01.png"]
    rows = list(csv.DictReader(files[0].open(encoding="utf-8")))
    assert [row["id"] for row in rows] == [one.id for one in items]
    assert rows[3]["error"] == "seed 3 fails"
    assert rows[61]["error"] == "not made yet"
    assert rows[0]["likeness"] == "0.5"
    assert json.loads(files[1].read_text())[0]["infotext"] == '{"seed": 0}'
    assert Image.open(files[2]).size[0] > 256


def test_no_pipe_of_a_table_is_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InputError, match=r"pipe\.png' is a named pipe, not a file\. Check"):
        FileSources(tmp_path).picture("pipe.png")
