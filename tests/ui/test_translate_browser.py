"""The page in Chinese in a real browser: what the webui's localization file gives, values and all."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image
from skimage import data

from facechain_ext.ui.page import SUB_TABS
from tests.ui.driver import Driver

pytestmark = pytest.mark.slow

FILE = Path(__file__).resolve().parents[2] / "localizations" / "zh_CN.json"
ENGLISH = """() => {
    const found = new Set();
    const walker = document.createTreeWalker(document.querySelector("#facechain_tabs"), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        const drawn_by_gradio = ".wrap .or, .wrap, option, .facechain-tile, table .facechain-name";
        if (element.checkVisibility() && !element.closest(`style, script, textarea, ${drawn_by_gradio}`)
            && /[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}/.test(node.data) && !/\\p{Script=Han}/u.test(node.data)) {
            found.add(node.data.trim());
        }
    }
    return [...found];
}"""
NAMES = re.compile(r"ControlNet|majicMIX|MoonFilm|OpenRAIL|InsightFace|Apache|BSD|\.(safetensors|pth|onnx)|/")


@pytest.fixture
def chinese(server, browser):
    """The page as a webui with zh_CN chosen shows it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(f"window.localization = {FILE.read_text(encoding='utf-8')};")
    driver = Driver(context.new_page())
    driver.page.goto(server.url)
    driver.ready()
    yield driver
    context.close()


def in_chinese(text):
    return json.loads(FILE.read_text(encoding="utf-8"))[f"FaceChain: {text}"]


def test_nothing_on_the_page_is_left_in_english(chinese):
    left = []
    for number, title in enumerate(SUB_TABS):
        button = chinese.page.locator("#facechain_tabs .tab-nav button").nth(number)
        assert button.inner_text().strip() == in_chinese(title)
        button.click()
        closed = "#facechain_tabs .label-wrap:not(.open)"
        chinese.page.eval_on_selector_all(closed, "all => all.forEach((one) => one.offsetParent && one.click())")
        chinese.page.wait_for_timeout(1500)
        left += [f"{title}: {text}" for text in chinese.page.evaluate(ENGLISH) if not NAMES.search(text)]
    assert left == [], "\n".join(left)


def test_sentences_with_values_are_translated_and_the_server_gets_its_own_words(chinese, tmp_path):
    page = chinese
    photo = tmp_path / "astronaut.png"
    Image.fromarray(data.astronaut()).save(photo)
    page.click("generate")
    page.says("status", in_chinese("There is no photo and no card; add a photo of the person, or choose a card."))
    page.open_part("presets")
    page.text("preset", "beach 2")
    page.click("preset_save")
    page.says("preset_status", in_chinese("Saved the preset {0}.").replace("{0}", "beach 2"))
    page.add_photos(photo)
    page.small()
    page.click("generate")
    page.page.wait_for_function("document.querySelectorAll('#facechain_gallery img').length >= 1")
    page.page.wait_for_timeout(500)
    assert "FaceChain strength: 0.5" in page.text("infotext")  # what pictures hold is the same in every language


def test_a_drop_down_is_edited_in_its_own_words(chinese):
    field = chinese.page.locator("#facechain_lora input").first
    chinese.page.wait_for_function(
        "words => document.querySelector('#facechain_lora input').value === words", arg=in_chinese("the style's own")
    )
    field.focus()
    assert field.input_value() == "the style's own"
    field.press("Escape")
    field.press("Tab")
    chinese.page.wait_for_function(
        "words => document.querySelector('#facechain_lora input').value === words", arg=in_chinese("the style's own")
    )


def test_words_beside_our_page_stay_as_they_are(chinese):
    chinese.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p id=outside>Train</p><button title=Models>Settings</button>')"
    )
    chinese.page.wait_for_timeout(800)
    assert chinese.page.inner_text("#outside") == "Train"
    assert chinese.page.locator("button[title=Models]").inner_text() == "Settings"
