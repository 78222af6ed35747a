"""Boxes for several people in a real browser: by mouse, finger and keys, in step with the text fields."""

from __future__ import annotations

import re

import pytest
from PIL import Image
from skimage import data

from facechain_ext.recipes.regions import RegionPrompt, parse_region_prompts
from facechain_ext.ui.boxes import BoxFields, boxes_html

pytestmark = pytest.mark.slow


@pytest.fixture
def several(page):
    page.page.locator("#facechain_several_panel .label-wrap").first.click()
    page.page.wait_for_selector(".facechain-boxes", state="visible")
    page.page.locator(".facechain-boxes").first.scroll_into_view_if_needed()
    return page


def write(page, text):
    page.page.locator("#facechain_others textarea").fill(text)
    page.page.wait_for_timeout(700)


def people(page):
    return parse_region_prompts(page.text("others"))


def box(page, number):
    return page.page.locator(".facechain-box").nth(number)


def drag(page, element, across, down, *, at=(0.5, 0.5)):
    """Drag from a point of an element (fractions of it) by fractions of the frame."""
    boxes = page.page.locator(".facechain-boxes").first
    boxes.evaluate("one => one.scrollIntoView({block: 'center'})")
    frame, edge = boxes.bounding_box(), element.bounding_box()
    x, y = edge["x"] + at[0] * edge["width"], edge["y"] + at[1] * edge["height"]
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x + across * frame["width"], y + down * frame["height"], steps=5)
    page.page.mouse.up()
    page.page.wait_for_timeout(500)


def near(found, wanted):
    return found is not None and all(abs(one - other) < 0.02 for one, other in zip(found, wanted, strict=True))


def test_labels_can_be_read_on_their_colours_whatever_the_theme(several):
    write(several, "Anna")
    for part in ("span", "button"):
        script = "one => { const style = getComputedStyle(one); return [style.color, style.backgroundColor]; }"
        colour, behind = several.page.eval_on_selector(f".facechain-box {part}", script)
        assert colour == "rgb(255, 255, 255)"
        red, green, blue, *opacity = (float(number) for number in re.findall(r"[\d.]+", behind))
        assert max(red, green, blue) < 160
        assert opacity in ([], [1.0])


def test_it_says_that_somebody_has_no_box(several):
    lacking = several.page.locator(".facechain-boxless").first
    write(several, "Anna; Ben")
    assert not lacking.is_visible()
    write(several, "Anna: 0.5, 0, 1, 1; Ben")
    assert lacking.is_visible()
    several.page.locator("[data-act=columns]").first.click()
    several.page.wait_for_timeout(500)
    assert not lacking.is_visible()


def test_columns_become_boxes_that_move_and_change_their_size(several):
    page = several
    write(page, "Anna\nBob *0.8")
    labels = [one.get_attribute("aria-label") for one in page.page.locator(".facechain-box").all()]
    assert labels == ["1 this person: 0, 0, 0.333, 1", "2 Anna: 0.333, 0, 0.667, 1", "3 Bob *0.8: 0.667, 0, 1, 1"]
    drag(page, box(page, 1), 0.1, 0.2)
    anna, bob = people(page)
    assert near(anna.box, (0.433, 0, 0.767, 1)), "a box as high as the picture does not move down"
    assert bob == RegionPrompt("Bob", (0.667, 0, 1, 1), strength=0.8)
    assert page.text("box") == "0, 0, 0.333, 1"
    drag(page, box(page, 2).locator("i"), -0.1, -0.4)
    assert near(people(page)[1].box, (0.667, 0, 0.9, 0.6))
    page.page.click(".facechain-boxes-row [data-act=columns]")
    page.page.wait_for_timeout(500)
    assert people(page) == (RegionPrompt("Anna"), RegionPrompt("Bob", strength=0.8))
    assert page.text("box") == ""


def test_keys_move_resize_and_remove(several):
    page = several
    write(page, "Anna: 0.5, 0.2, 0.9, 0.8\nBob: 0, 0, 0.4, 0.5")
    page.text("box", "0.1, 0.1, 0.3, 0.9")
    page.page.wait_for_timeout(700)
    box(page, 1).focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowDown", "Shift+ArrowRight", "Shift+ArrowUp"):
        page.page.keyboard.press(key)
    page.page.wait_for_timeout(500)
    assert near(people(page)[0].box, (0.48, 0.21, 0.89, 0.8))
    page.page.keyboard.press("Delete")
    page.page.wait_for_timeout(500)
    assert [one.card for one in people(page)] == ["Bob"]
    box(page, 0).focus()
    page.page.keyboard.press("Delete")
    page.page.wait_for_timeout(500)
    assert page.text("box") == "0, 0, 1, 1", "the person of the photos stays"
    box(page, 1).locator("span").click()
    box(page, 1).locator("button").click()
    page.page.wait_for_timeout(500)
    assert (page.text("others"), page.text("box")) == ("", "")


def test_a_finger_moves_a_box(several):
    page = several
    write(page, "Anna: 0.5, 0.2, 0.9, 0.8")
    page.text("box", "0, 0, 0.3, 1")
    page.page.wait_for_timeout(700)
    page.page.evaluate(
        """() => {
            const one = document.querySelectorAll(".facechain-box")[1], frame = one.parentElement;
            const here = one.getBoundingClientRect(), all = frame.getBoundingClientRect();
            const touch = (kind, x, y, target) => target.dispatchEvent(new PointerEvent(kind, {
                bubbles: true, cancelable: true, pointerId: 1, pointerType: "touch", isPrimary: true,
                clientX: here.x + here.width / 2 + x * all.width, clientY: here.y + here.height / 2 + y * all.height,
            }));
            frame.setPointerCapture = () => {};
            touch("pointerdown", 0, 0, one);
            touch("pointermove", -0.1, 0.1, frame);
            touch("pointerup", -0.1, 0.1, frame);
        }"""
    )
    page.page.wait_for_timeout(500)
    assert near(people(page)[0].box, (0.4, 0.3, 0.8, 0.9))


def test_without_a_card_drawing_says_what_is_missing(several):
    page = several
    drag(page, page.page.locator(".facechain-boxes").first, 0.3, 0.3, at=(0.1, 0.1))
    assert page.page.locator(".facechain-boxes-note").first.is_visible()
    assert page.text("others") == ""


def test_a_card_gets_the_box_that_is_drawn_and_both_are_in_one_picture(page, tmp_path):
    photo = tmp_path / "astronaut.png"
    Image.fromarray(data.astronaut()).save(photo)
    page.add_photos(photo)
    page.open_part("keep_card")
    page.text("card_name", "Second person")
    page.tick("card_consent", on=True)
    page.click("card_save")
    page.says("notes", "Saved Second person")
    page.page.reload()
    page.ready()
    page.page.locator("#facechain_several_panel .label-wrap").first.click()
    frame = page.page.locator(".facechain-boxes").first
    frame.scroll_into_view_if_needed()
    page.page.locator(".facechain-boxes-row select").select_option("Second person")
    drag(page, frame, 0.4, 0.8, at=(0.55, 0.1))
    (other,) = people(page)
    assert other.card == "Second person"
    assert near(other.box, (0.55, 0.1, 0.95, 0.9))
    drag(page, box(page, 0).locator("i"), -0.5, 0)
    page.add_photos(photo)
    page.small()
    page.tick("hires", on=True)
    page.number("hires_scale", 1.5)
    settings = page.generate()
    assert re.search(r'FaceChain people: "Second person: 0\.5\d*, 0\.1', settings)
    assert "FaceChain box: " in settings
    assert "Hires upscale: 1.5" in settings
    identities = settings.split("FaceChain identity: ")[1].split(",")[0]
    assert len(identities.split("; ")) == 2


def test_names_of_cards_run_nothing():
    text = boxes_html(BoxFields("a", "b", "c", "d"), ["<script>alert(1)</script>", 'x" onload="y'])
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
