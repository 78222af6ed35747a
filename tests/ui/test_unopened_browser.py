"""What stands in sub-tabs that nobody has opened is out of the document until then."""

from __future__ import annotations

import pytest

from facechain_ext.ui.page import SUB_TABS, sub_tab_name
from tests.ui.driver import Driver

pytestmark = pytest.mark.slow

LATER = [title for title in SUB_TABS if title != "Portrait"]


@pytest.fixture(scope="module")
def driver(server, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Driver.open(context, server)
    context.close()


def elements(driver, title):
    """How many elements a sub-tab has in the document."""
    return driver.page.locator(f"#facechain_tab_{sub_tab_name(title)} *").count()


def test_sub_tabs_are_filled_when_they_are_opened_and_stay_so(driver):
    assert {title: elements(driver, title) for title in LATER} == dict.fromkeys(LATER, 0)
    for title in LATER:
        driver.open_tab(title)
        assert elements(driver, title) > 20, title
    driver.open_tab("Portrait")
    assert all(elements(driver, title) > 20 for title in LATER)


def test_a_sub_tab_that_is_opened_later_works(server, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    driver = Driver.open(context, server)
    assert driver.page.locator("#facechain_models").count() == 0
    driver.open_tab("Models")
    assert "Files belong into" in driver.page.locator("#facechain_models").inner_text()
    driver.click("models_download")  # its handlers work as if it had always been there
    driver.says("models_status", "Choose one or more files first.")
    context.close()
