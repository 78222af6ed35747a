"""The measurement of people's LoRAs: who is drawn, what of the words is read off a picture, and the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from facechain_ext.errors import InputError
from facechain_ext.training_runs.settings import LoraSettings
from research.commands.person_lora import person_lora
from research.person_lora import run
from research.person_lora.cell import ARMS, Cell, Score, drawn_file
from research.person_lora.judge import PLAIN, words_followed
from research.person_lora.locator import SIDE
from research.person_lora.people import CALL, called, examples, rendered_in, wanted_scenes
from research.person_lora.sheet import SHEET, write_sheet


def test_pictures_to_learn_from_are_photos_of_the_person_with_the_words_that_call_them():
    first, again = examples(3, 2), examples(3, 5)
    assert all(np.array_equal(one.pixels, other.pixels) for one, other in zip(first, again, strict=False))
    assert all(CALL in one.caption and "a person" not in one.caption for one in again)
    assert all(one.inside is not None and 0.03 < one.inside.mean() < 0.9 for one in again)


def test_other_scenes_are_asked_for_than_were_learned():
    scenes = wanted_scenes(3, 8)
    assert {scene.style for scene in scenes} == {"photo"}
    assert {scene.background for scene in scenes} <= set(PLAIN)
    assert not {called(scene) for scene in scenes} & {one.caption for one in examples(3, 15)}


def test_the_words_of_the_worlds_own_pictures_are_followed():
    found = []
    for person in range(5):
        scenes = wanted_scenes(person, 4)
        found += [words_followed(one, scene) for one, scene in zip(rendered_in(person, scenes), scenes, strict=True)]
    assert np.mean(found) > 0.7
    assert words_followed(np.full((96, 96, 3), (240, 240, 238), np.uint8), scenes[0]) <= 0.5


def test_cells_are_read_as_they_were_written_and_the_page_has_every_way(tmp_path):
    good, poor = Score(0.5, 0.4, 0.9), Score(0.25, 0.2, 0.8)
    cells = [
        Cell(0, 15, 61.5, 0.12, 1234, dict.fromkeys(ARMS, good), good, poor, good),
        Cell(1, 15, 70.0, 0.12, 1234, dict.fromkeys(ARMS, poor), good, poor, poor),
        Cell(0, 1, 40.0, 0.12, 1234, {"LoRA": poor}),
    ]
    results = run.Results(LoraSettings(size=96), cells)
    assert results.counts == (15, 1)
    run.write_results(tmp_path / run.RESULTS, results)
    assert run.read_results(tmp_path / run.RESULTS) == results
    text = run.page(results, (0.87, 0.85), "the command")
    assert "2 rendered people" in text
    assert "| 15 | both | 2 | 38% | 0.300 | 85% |" in text
    assert "| 1 | LoRA | 1 | 25% | 0.200 | 80% |" in text
    assert "| the average | 2 | 25% | 0.200 | 80% |" in text
    assert "| the last step | 2 | 38% | 0.300 | 85% |" in text
    assert "which a training takes | 2 | 38% | 0.300 | 85% |" in text
    assert "40 to 70 s" in text
    assert "1234 kB" in text
    assert "through the autoencoder, which bounds every way of drawing | 62 % | 0.483 | 84 %" in text
    assert "| found by the LoRA alone, from 15 | 60% | 38% | 2 | no |" in text
    assert "| found by the LoRA alone, from 1 | 25% | 25% | 1 | yes |" in text
    assert "| the average against the best step | no worse | -25.0 points | 2 | no |" in text
    assert "| words of the LoRA alone against neither | at most 5 points lost | +0.0 points | 2 | yes |" in text
    assert "pictures in these ways alone: *LoRA*; *both*; *both, the LoRA at 0.4*." in text


def test_cells_of_other_settings_are_not_taken_for_those_of_this_run(tmp_path):
    path, judge = tmp_path / run.RESULTS, SimpleNamespace(encoder=None)
    run.write_results(path, run.Results(run.SETTINGS, [Cell(0, 15, 61.5, 0.12, 1234, {})]))
    with pytest.raises(InputError, match=r"was measured with .*'rank': 16.*, now .*'rank': 8"):
        run.measure(None, judge, tmp_path, [0], [15], replace(run.SETTINGS, rank=8), print)
    path.write_text("[]")
    with pytest.raises(InputError, match="does not say which settings"):
        run.read_results(path)


def test_a_stopped_measurement_goes_on_with_the_cells_that_are_missing(tmp_path, monkeypatch):
    asked = []

    class Stopped:
        def __init__(self, *_models) -> None:
            pass

        def cell(self, person, pictures, _settings, _work, **_options):
            if len(asked) == 2:
                raise KeyboardInterrupt
            asked.append((person, pictures))
            return Cell(person, pictures, 61.5, 0.12, 1234, {})

    monkeypatch.setattr(run, "Laboratory", Stopped)
    monkeypatch.setattr(run, "load_adapter", lambda _file: None)
    models, judge = SimpleNamespace(adapter=None), SimpleNamespace(encoder=None)
    arguments = (models, judge, tmp_path, [0, 1], [5, 1], run.SETTINGS, lambda _words: None)
    with pytest.raises(KeyboardInterrupt):
        run.measure(*arguments)
    assert asked == [(0, 5), (0, 1)]
    asked[:] = asked[:1]  # one more may be measured, then it stops again
    with pytest.raises(KeyboardInterrupt):
        run.measure(*arguments)
    asked[:] = []
    results = run.measure(*arguments)
    assert asked == [(1, 1)]
    assert [(one.person, one.pictures) for one in results.cells] == [(0, 5), (0, 1), (1, 5), (1, 1)]
    assert run.read_results(tmp_path / run.RESULTS) == results


def test_a_page_alone_is_of_the_settings_that_were_measured(tmp_path, monkeypatch):
    score = Score(0.5, 0.4, 0.9)
    stored = replace(run.SETTINGS, steps=77)
    run.write_results(tmp_path / run.RESULTS, run.Results(stored, [Cell(2, 5, 61.5, 0.12, 1234, {"LoRA": score})]))
    monkeypatch.setattr("facechain_ext.demo.tiny_models", lambda _folder: SimpleNamespace(encoder=None))
    monkeypatch.setattr("facechain_ext.identity.TransFace.from_file", lambda _file: None)
    monkeypatch.setattr("research.person_lora.judge.Judge", lambda _encoder, _folder: None)
    monkeypatch.setattr(run, "drawn_by_the_world", lambda _judge, _people: (0.87, 0.85))
    person_lora(work=tmp_path, counts="15", docs=tmp_path, only_page=True, rank=4)
    text = (tmp_path / "person-lora.md").read_text()
    assert "`python -m research person-lora --work FOLDER --people 1 --counts 5 --first 2 --steps 77`" in text
    assert "steps 77" in text
    assert "rank 16" in text


def test_the_sheet_has_a_row_for_each_person_and_a_column_for_each_way_that_all_were_drawn_by(tmp_path):
    score = Score(0.5, 0.4, 0.9)
    cells = [Cell(number, 5, 61.5, 0.12, 1234, {"LoRA": score, "both": score}) for number in (4, 2)]
    cells[0].scores["FACT"] = score
    assert not write_sheet(tmp_path / SHEET, tmp_path, cells)
    assert not (tmp_path / SHEET).exists()
    for grey, one in enumerate(cells):
        for arm in one.scores:
            pixels = np.full((SIDE, 8 * SIDE, 3), 200 * grey, np.uint8)
            Image.fromarray(pixels).save(drawn_file(tmp_path, one.person, 5, arm))
    assert write_sheet(tmp_path / SHEET, tmp_path, cells)
    sheet = np.asarray(Image.open(tmp_path / SHEET))[16:].reshape(2, 2 * SIDE, 3, 2 * SIDE, 3)
    assert np.abs(sheet.mean((1, 3, 4))[:, 1:] - [[200, 200], [0, 0]]).max() < 2  # person 2 is above person 4


def test_the_page_of_today_says_of_the_measure_what_the_next_one_will():
    page = (Path(__file__).parents[3] / "docs" / "research" / "person-lora.md").read_text(encoding="utf-8")
    words = " ".join(page.split())
    assert [line for line in run.OF_THE_MEASURE if " ".join(line.split()) not in words] == []
