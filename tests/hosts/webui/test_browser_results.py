"""Results and refusals of the FaceChain tab in a real browser on a real webui; see test_browser.py."""

from __future__ import annotations

import pytest

from tests.hosts.webui.browser import NEEDS_BROWSER, PHOTO

pytestmark = NEEDS_BROWSER


@pytest.fixture(scope="module")
def person(tab):
    """The tab with a photo and settings that take a moment."""
    tab.upload(PHOTO)
    tab.wait_for("look_1", "astronaut")
    tab.small(count=1)
    return tab


@pytest.mark.parametrize(
    ("name", "value", "nearest", "panel"),
    [
        ("strength", 9, 2, None),
        ("strength", -1, 0, None),
        ("window_start", 2, 1, None),
        ("lora_weight", -99, -2, None),
        ("alone", 2, 1, "several_panel"),
        ("pose_weight", 3, 2, "pose_panel"),
        ("steps", 0, 1, "more"),
        ("steps", 100000, 150, "more"),
        ("cfg", 0, 1, "more"),
        ("width", 8, 64, "more"),
        ("height", 100000, 2048, "more"),
        ("hires_scale", 9, 4, "more"),
        ("count", 0, 1, None),
        ("count", 1000, 32, None),
    ],
)
def test_a_slider_rounds_to_its_nearest_value(person, name, value, nearest, panel):
    if panel is not None:
        person.unfold(panel)
    before = person.value(name)
    person.set(name, value)
    found = float(person.value(name))
    person.set(name, before)
    assert found == nearest


@pytest.mark.parametrize(("name", "value"), [("seed", -2), ("prompt", "long " * 1000), ("subject", "x" * 4001)])
def test_a_field_beyond_its_limits_is_named_and_nothing_is_made(person, name, value):
    before, pictures = person.value(name), person.pictures()
    person.set(name, value)
    person.of("generate").click()
    message = person.wait_for("status", "cannot be")
    person.set(name, before)
    assert "went wrong" not in message
    assert person.pictures() == pictures


def test_after_all_refusals_a_picture_is_made(person):
    assert "cannot be" not in person.generated()
    assert person.pictures() == 1


def test_a_style_without_its_lora_uses_its_prompt_with_a_note(person):
    person.page.locator(".facechain-tile[data-badge*='LoRA missing']").first.click()
    person.wait_for("style_facts", "is missing")
    message = person.generated()
    assert "is missing, so only its words are used" in message
    person.page.locator(".facechain-tile", has_text="No style").first.click()


def test_one_click_makes_a_grid_of_strengths_with_an_overview_first(person):
    person.unfold("grid_panel")
    person.generated("grid")
    assert person.pictures() == 6
    captions = person.of("gallery").inner_text()
    assert captions.startswith("grid")
    assert captions.count("seed 1") == 5


def test_before_and_after_by_a_click(person):
    person.set("strength", 1)
    for name in ("fuse", "retouch"):
        person.of(name).locator("input").check()
    message = person.generated()
    flip = person.of("before")
    if not flip.is_visible():
        assert message.count("left the picture as it is") == 2, message
        pytest.skip("this checkpoint's picture shows no face to finish")
    seen = "() => gradioApp().querySelector('#facechain_gallery img').src"
    after = person.page.evaluate(seen)
    flip.click()
    person.wait_for("before", "Show after fusion and retouching")
    person.page.wait_for_function(f"(old) => ({seen})() !== old", arg=after)
