"""The gallery of styles in a browser."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_choosing_a_style(page):
    page.text("style_search", "watercolour")
    page.page.wait_for_function("document.querySelectorAll('.facechain-tile').length < 20")
    page.page.click('.facechain-tile[data-key="watercolour"]')
    page.says("style_facts", "水彩")
    page.click("style_star")
    page.says("style_status", "favourite now")
    page.choose("style_tag", "favourites")
    page.text("style_search", "")
    page.page.wait_for_function("document.querySelectorAll('.facechain-tile').length == 2")


def test_an_own_style_from_the_settings_of_now(page):
    if page.page.locator('.facechain-tile[data-key="torn"]').count():  # of a run of this test that ended early
        page.page.click('.facechain-tile[data-key="torn"]')
        page.says("style_facts", "torn paper")
        page.open_part("own_styles")
        page.click("style_delete")
        page.click("style_delete_yes")
        page.page.wait_for_function("!document.querySelector('.facechain-tile[data-key=torn]')")
    page.page.click('.facechain-tile[data-key="charcoal"]')
    page.says("style_facts", "炭笔")
    page.text("prompt", "torn paper")
    page.open_part("own_styles")
    page.text("style_name", "Torn")
    page.click("style_save")
    assert "Torn · " not in page.says("style_facts", "torn paper")
    assert page.page.locator('.facechain-tile[data-key="torn"]').count() == 1
    assert page.text("prompt") == "", "the words are in the style now and must not act twice"
    page.text("prompt", "old paper")
    page.click("style_save")
    page.says("style_replace_sure", "You have a style Torn already")
    page.click("style_replace_yes")
    page.says("style_facts", "torn paper, old paper")
    page.text("style_name", "Watercolour")
    page.click("style_save")
    page.says("own_style_status", "comes with the extension")
    page.click("style_delete")
    page.says("style_delete_sure", "Delete the style Torn?")
    page.click("style_delete_no")
    page.click("style_delete")
    page.says("style_delete_sure", "Delete the style Torn?")
    page.click("style_delete_yes")
    page.says("own_style_status", "Deleted the style Torn")
    page.page.wait_for_function("!document.querySelector('.facechain-tile[data-key=torn]')")


def test_a_missing_lora_is_said_and_what_cannot_be_had_too(page):
    assert page.page.locator("#facechain_style_pull").is_disabled(), "no style is chosen"
    page.page.locator(".facechain-tile[data-badge='LoRA missing']").first.click()
    page.says("style_facts", "is missing")
    page.page.wait_for_function("!document.querySelector('#facechain_style_pull').disabled")
    page.page.click('.facechain-tile[data-key="charcoal"]')
    page.says("style_facts", "炭笔")
    page.page.wait_for_function("document.querySelector('#facechain_style_pull').disabled")


def test_the_tiles_have_pictures_and_are_one_stop_with_arrow_keys(page):
    page.page.wait_for_function(
        "[...document.querySelectorAll('.facechain-tile:not(.facechain-card)')]"
        ".every((tile) => getComputedStyle(tile).backgroundImage.includes('base64'))"
    )
    page.page.click('.facechain-tile[data-key="watercolour"]')
    page.says("style_facts", "水彩")
    page.page.wait_for_selector('.facechain-tile[data-key="watercolour"][aria-selected="true"]')
    stops = page.page.locator(".facechain-tiles [tabindex='0']")
    focused = "document.activeElement.dataset.key"
    keys = page.page.eval_on_selector_all(".facechain-tile", "tiles => tiles.map((tile) => tile.dataset.key)")
    start = keys.index("watercolour")
    page.page.keyboard.press("ArrowRight")
    assert page.page.evaluate(focused) == keys[start + 1]
    page.page.keyboard.press("ArrowLeft")
    page.page.keyboard.press("End")
    assert page.page.evaluate(focused) == keys[-1]
    page.page.keyboard.press("Home")
    assert page.page.evaluate(focused) == ""
    page.page.keyboard.press("ArrowDown")
    below = page.page.evaluate(focused)
    boxes = [page.page.locator(f'.facechain-tile[data-key="{key}"]').bounding_box() for key in ("", below)]
    assert boxes[0]["x"] == boxes[1]["x"]
    assert boxes[0]["y"] < boxes[1]["y"]
    assert stops.count() == 1
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector(f'.facechain-tile[data-key="{below}"][aria-selected="true"]')
    assert page.page.locator(".facechain-tile[aria-selected='true']").count() == 1


def test_the_chinese_name_leads_where_the_page_is_chinese(page):
    sizes = """() => { const tile = document.querySelector('.facechain-tile[data-key="watercolour"]');
        return [tile, null].map((_, n) => parseFloat(getComputedStyle(tile, n ? '::after' : null).fontSize)); }"""
    english, second = page.page.evaluate(sizes)
    assert english > second
    page.page.evaluate("window.opts = {localization: 'zh_CN'}")
    page.page.wait_for_selector(".facechain-chinese")
    english, chinese = page.page.evaluate(sizes)
    assert chinese > english
