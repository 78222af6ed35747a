"""The Train page in a real browser: a style is learned in a process of its own, found again, stopped, gone on with."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from facechain_ext.training_runs.status import STATUS, read_status, request_stop
from facechain_ext.ui.train.environment import PYTHON
from tests.ui.driver import PATIENCE, Driver

pytestmark = pytest.mark.slow

NAME = "Torn paper"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Five pictures of coloured squares."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    files = [folder / f"cut {number}.png" for number in range(5)]
    for file in files:
        squares = rng.integers(0, 255, (8, 8, 3), np.uint8)
        Image.fromarray(squares.repeat(40, 0).repeat(40, 1)).save(file)
    return files


@pytest.fixture
def train(page, server):
    """The Train page; what still trains after the test is stopped, since it would outlive the tests."""
    if PYTHON not in os.environ:
        pytest.importorskip("peft", reason=f"there is no peft, and {PYTHON} names no Python")
    page.page.get_by_role("tab", name="Train").click()
    page.page.wait_for_selector("#facechain_train_start", state="visible")
    yield page
    for path in server.folder.rglob(STATUS):
        status = read_status(path.parent)
        if status is not None and status.alive:
            request_stop(path.parent, status.run_id)


def add(page, files):
    page.page.set_input_files("#facechain_train_files input[type=file]", [str(file) for file in files])
    page.page.wait_for_timeout(1500)
    page.click("train_collect")


def fill_in(page):
    page.text("train_name", NAME)
    page.choose("train_checkpoint", page.options("train_checkpoint")[0])
    page.number("train_steps", 5000)
    page.number("train_size", 64)
    page.number("train_rank", 4)


def test_what_is_missing_is_said(train):
    train.click("train_collect")
    train.says("train_status", "Give the style a name")
    train.text("train_name", "Nothing yet")
    train.click("train_start")
    train.says("train_status", "Choose the checkpoint")
    train.choose("train_checkpoint", train.options("train_checkpoint")[0])
    train.click("train_start")
    train.says("train_status", "Add pictures first")
    train.click("train_stop")
    train.says("train_status", "Nothing is being trained")


def opened_again(train):
    """The page after a reload, at the Train part."""
    train.page.reload()
    train.ready()
    train.page.get_by_role("tab", name="Train").click()
    train.page.wait_for_selector("#facechain_train_start", state="visible")


def test_a_style_is_learned_found_again_stopped_and_gone_on_with(train, server, pictures, browser):
    fill_in(train)
    train.text("train_trigger", "papercut")
    add(train, pictures)
    train.says("train_status", "5 pictures")
    train.says("train_captions", "cut-3.png")
    train.click("train_start")
    train.says("train_run_status", "is being trained")
    train.says("train_progress", "…")  # what it does before the first step
    opened_again(train)
    train.says("train_run_status", "is being trained")
    field = "#facechain_train_name textarea, #facechain_train_name input"
    train.page.wait_for_function("([field, name]) => document.querySelector(field).value === name", arg=[field, NAME])
    assert train.text("train_trigger") == "papercut"
    assert [train.number(f"train_{part}") for part in ("steps", "size", "rank")] == [5000, 64, 4]
    assert train.page.locator("#facechain_train_run_status").first.get_attribute("aria-live") == "polite"
    other = Driver.open(browser.new_context(), server)
    other.page.get_by_role("tab", name="Train").click()
    other.says("train_run_status", "is being trained")
    other.page.wait_for_function("() => document.querySelector('#facechain_train_checkpoint input').value")
    other.click("train_start")
    other.says("train_status", "is being trained already")
    other.says("train_progress", "of 5000, loss", patience=3 * PATIENCE)
    other.click("train_stop")
    words = train.says("train_run_status", "is stopped at step", patience=3 * PATIENCE)
    goal = int(re.search(r"stopped at step (\d+)", words)[1]) + 10
    other.page.context.close()
    opened_again(train)
    train.text("train_name", NAME)
    train.page.wait_for_function("() => document.querySelector('#facechain_train_resume input').checked")
    assert train.text("train_trigger") == "papercut"
    train.number("train_rank", 8)
    train.click("train_start")
    train.says("train_status", "rank 4, now 8")
    train.number("train_rank", 4)
    train.number("train_steps", goal)
    train.click("train_start")
    words = train.says("train_run_status", "Done", patience=5 * PATIENCE)
    lora = Path(re.search(r"Done: (.+\.safetensors);", words)[1])
    before = lora.read_bytes()
    with safe_open(lora, "pt") as file:
        names = file.keys()
        assert all(name.startswith("lora_unet_") for name in names)
        assert file.metadata()["facechain.trigger"] == "papercut"
    train.click("train_start")
    train.says("train_status", f"All {goal} steps are made")
    train.number("train_steps", goal + 10)
    train.click("train_start")
    train.page.wait_for_selector("#facechain_train_run_status [data-running]")
    train.says("train_run_status", "Done", patience=5 * PATIENCE)
    assert lora.read_bytes() != before
    previews = sorted(server.folder.rglob("training/torn-paper/previews/*.png"))
    assert [preview.stem for preview in previews][-1] == f"{goal + 10:06d}"
    train.page.wait_for_selector("#facechain_train_preview img", state="visible")
    links = "all => all.every((link) => (link.ariaLabel || link.innerText).trim())"
    train.page.wait_for_function(f"({links})([...document.querySelectorAll('#facechain_train_preview a')])")
    train.page.get_by_role("tab", name="Portrait").click()
    train.page.locator("#facechain_style_search textarea, #facechain_style_search input").first.fill(NAME)
    train.page.wait_for_function(
        "name => [...document.querySelectorAll('.facechain-tile')].some((tile) => tile.innerText.includes(name))",
        arg=NAME,
    )


def test_captions_that_were_put_right_stay_when_the_page_is_opened_again(train, server, pictures, tmp_path):
    words = tmp_path / "words.png"
    words.write_bytes(b"no picture")
    train.text("train_name", "Kept words")
    add(train, [*pictures, words])
    train.says("train_status", "5 pictures")
    train.says("train_status", "words.png is not a picture")
    table = next(server.folder.rglob("training/kept-words/pictures/captions.csv"))
    for number in range(5):
        train.page.get_by_label(f"caption of cut-{number}.png").fill(f"ownstyle, birds in tree {number}")
    train.page.get_by_label("use cut-3.png").uncheck()
    train.text("train_name", "Others")  # another one: what was written is kept with the first
    train.page.wait_for_function("() => !document.querySelector('#facechain_train_captions tr')")
    written = table.read_text()
    assert re.findall(r"birds in tree (\d)", written) == [*"01234"]
    assert "cut-3.png,no" in written
    train.page.reload()
    train.ready()
    train.page.get_by_role("tab", name="Train").click()
    train.text("train_name", "Kept words")
    train.says("train_captions", "cut-4.png")
    assert train.page.get_by_label("caption of cut-1.png").input_value() == "ownstyle, birds in tree 1"
    assert not train.page.get_by_label("use cut-3.png").is_checked()
    train.choose("train_checkpoint", train.options("train_checkpoint")[0])
    train.tick("train_resume", on=True)
    train.click("train_start")
    train.says("train_status", "nothing to go on with")
    assert table.read_text() == written
