"""The Train page in a real browser: a style is learned in a process of its own, stopped, and gone on with."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from tests.page.driver import PATIENCE

pytestmark = pytest.mark.slow

NAME = "Paper cut"


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
def train(page):
    pytest.importorskip("peft", reason="peft is not installed; nothing can be trained")
    page.page.get_by_role("tab", name="Train").click()
    page.page.wait_for_selector("#facechain_train_start", state="visible")
    return page


def add(page, files):
    page.page.set_input_files("#facechain_train_files input[type=file]", [str(file) for file in files])
    page.page.wait_for_timeout(1500)
    page.click("train_collect")


def fill_in(page):
    page.text("train_name", NAME)
    page.choose("train_checkpoint", page.options("train_checkpoint")[0])
    page.number("train_steps", 100)
    page.number("train_size", 256)
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


def test_a_style_is_learned_stopped_and_gone_on_with(train, server, pictures):
    fill_in(train)
    add(train, pictures)
    train.says("train_status", "5 pictures")
    train.says("train_captions", "cut-3.png")
    train.click("train_start")
    train.says("train_status", "of 100, loss")
    train.click("train_stop")
    train.says("train_status", "stopped")
    train.tick("train_resume", on=True)
    train.click("train_start")
    train.says("train_status", "Done", patience=5 * PATIENCE)
    lora = next(server.folder.rglob("loras/*.safetensors"))
    with safe_open(lora, "pt") as file:
        assert all(name.startswith("lora_unet_") for name in file.keys())  # noqa: SIM118 - it is no dict
    previews = sorted(server.folder.rglob("training/paper-cut/previews/*.png"))
    assert previews
    train.page.wait_for_selector("#facechain_train_preview img", state="visible")
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
    table.write_text(table.read_text().replace("ownstyle, cut", "ownstyle, birds in a tree"))
    written = table.read_text()
    assert written.count("birds") == 5
    train.page.reload()
    train.ready()
    train.page.get_by_role("tab", name="Train").click()
    train.text("train_name", "Kept words")
    train.says("train_captions", "birds in a tree")
    train.choose("train_checkpoint", train.options("train_checkpoint")[0])
    train.tick("train_resume", on=True)
    train.click("train_start")
    train.says("train_status", "nothing to go on with")
    assert table.read_text() == written
