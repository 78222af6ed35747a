"""What stands in a sub-tab is built when the sub-tab is first opened."""

from __future__ import annotations

import pytest

from facechain_ext.ui.page import SUB_TABS, sub_tab_name
from tests.ui.driver import Driver

pytestmark = pytest.mark.slow

LATER = [title for title in SUB_TABS if title != "Portrait"]


@pytest.fixture
def context(browser):
    one = browser.new_context(viewport={"width": 1280, "height": 900})
    yield one
    one.close()


def elements(driver, title):
    """How many elements a sub-tab has."""
    return driver.page.locator(f"#facechain_{sub_tab_name(title)} *").count()


def is_built(driver, title):
    name = f"facechain_{sub_tab_name(title)}"
    driver.page.wait_for_function("name => document.getElementById(name).childElementCount", arg=name)


def parts(driver, title):
    """The ids of a sub-tab's parts, and how many controls it has."""
    found = driver.page.locator(f"#facechain_{sub_tab_name(title)}")
    ids = found.locator("[id^=facechain]").evaluate_all("all => all.map((one) => one.id).sort()")
    return ids, found.locator("button, input, textarea, select").count()


def test_sub_tabs_are_built_when_they_are_opened_and_stay_so(page):
    assert {title: elements(page, title) for title in LATER} == dict.fromkeys(LATER, 0)
    for title in LATER:
        page.open_tab(title)
        is_built(page, title)
        assert elements(page, title) > 20, title
    page.open_tab("Portrait")
    assert all(elements(page, title) > 20 for title in LATER)


def test_what_is_built_later_is_what_is_built_at_once(page, server, context):
    at_once = Driver.open(context, server, at_once=True)
    for title in SUB_TABS:
        for driver in (page, at_once):
            driver.open_tab(title)
            is_built(driver, title)
        at_once.page.wait_for_timeout(1500)  # lists are filled in
        assert parts(page, title) == parts(at_once, title), title


def test_the_handlers_of_a_sub_tab_that_is_opened_later_work(page):
    page.open_tab("Models")
    page.page.wait_for_selector("#facechain_models_download")
    assert "Files belong into" in page.page.locator("#facechain_models").inner_text()
    page.click("models_download")
    page.says("models_status", "Choose one or more files first.")
