"""The page for everybody: names, focus, keys and announcements, judged by axe-core and by hand in a real browser."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data

from facechain_ext.ui.page import SUB_TABS
from tests.ui.driver import Driver

pytestmark = pytest.mark.slow

CONTROLS = "button, input:not([type=hidden]), textarea, select, a[href], [role=button], [role=option], [tabindex='0']"


@pytest.fixture(scope="module", params=[1280, 400])
def opened(request, server, browser):
    """The page in a wide window and on a phone."""
    context = browser.new_context(viewport={"width": request.param, "height": 900})
    yield Driver.open(context, server)
    context.close()


@pytest.fixture(scope="module", params=SUB_TABS)
def part(request, opened):
    """One part of the page after the other."""
    shown(opened, request.param)
    return opened


def shown(driver, title):
    """Show a part of the page with all its accordions open."""
    driver.open_tab(title)
    closed = "#facechain_tabs .label-wrap:not(.open)"
    driver.page.eval_on_selector_all(closed, "all => all.forEach((one) => one.offsetParent && one.click())")
    driver.page.wait_for_timeout(1500)


def test_axe_finds_nothing_serious(part):
    found = part.serious()
    assert found == [], "\n".join(found)


def test_every_control_has_a_name_of_words(part):
    nameless = part.page.evaluate(
        """(controls) => [...document.querySelectorAll(`#facechain_tabs :is(${controls})`)]
            .filter((one) => one.checkVisibility() && one.getAttribute("role") !== "presentation")
            .filter(function (one) {
                const label = one.getAttribute("aria-label")
                    || [...(one.labels || [])].map((label) => label.innerText).join(" ")
                    || one.innerText || one.title || one.placeholder || "";
                return !/\\p{L}{2}/u.test(label);
            })
            .map((one) => `${one.closest("[id^=facechain_]").id}: ${one.outerHTML.slice(0, 120)}`)""",
        CONTROLS,
    )
    assert nameless == [], "\n".join(nameless)


def test_a_changed_status_visits_no_other_control(opened):
    """A run changes its status twice a second: naming every control anew each time kept the browser busy."""
    opened.open_tab("Portrait")
    opened.page.wait_for_timeout(1500)
    visits = opened.page.evaluate(
        """async () => {
            const closest = Element.prototype.closest;
            const visited = [];
            Element.prototype.closest = function (selector) {
                if (selector === "label") {  // a control that is given a name
                    visited.push(closest.call(this, "[id^=facechain_]").id);
                }
                return closest.call(this, selector);
            };
            const counted = async function (id) {
                visited.length = 0;
                document.getElementById(id).append(document.createElement("p"));
                await new Promise((resolve) => setTimeout(resolve, 1200));
                return new Set(visited).size;
            };
            const counts = [await counted("facechain_status"), await counted("facechain_more")];
            Element.prototype.closest = closest;
            return counts;
        }"""
    )
    assert visits[0] == 0
    assert visits[1] > 5


def test_the_focus_is_seen_on_every_control(part):
    part.page.keyboard.press("Tab")  # from now on the browser shows the focus
    unseen = part.page.evaluate(
        """(controls) => [...document.querySelectorAll(`#facechain_tabs :is(${controls})`)]
            .filter((one) => one.checkVisibility() && !one.disabled && one.tabIndex >= 0)
            .filter(function (one) {
                one.focus({preventScroll: true});
                const drawn = [one, one.parentElement].map((element) => getComputedStyle(element));
                return document.activeElement === one
                    && !drawn.some((style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
            })
            .map((one) => `${one.closest("[id^=facechain_]").id}: ${one.outerHTML.slice(0, 120)}`)""",
        CONTROLS,
    )
    assert unseen == [], "\n".join(unseen)


def test_nothing_is_cut_and_no_word_is_broken(part):
    cut = part.page.evaluate(
        """() => {
            const found = [];
            const tabs = document.querySelector("#facechain_tabs");
            if (tabs.scrollWidth > tabs.clientWidth + 1) {
                found.push(`the page is ${tabs.scrollWidth} wide in ${tabs.clientWidth}`);
            }
            const walker = document.createTreeWalker(tabs, NodeFilter.SHOW_TEXT);
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                const element = node.parentElement;
                const aside = "style, script, textarea, .facechain-announcer, .icon-wrap";
                if (!element.checkVisibility() || element.closest(aside)) {
                    continue;
                }
                for (const match of node.data.matchAll(/[\\p{L}\\p{N}]{2,14}/gu)) {
                    const range = document.createRange();
                    range.setStart(node, match.index);
                    range.setEnd(node, match.index + match[0].length);
                    const lines = new Set([...range.getClientRects()].map((one) => Math.round(one.top)));
                    const around = node.data.slice(Math.max(match.index - 1, 0), match.index + match[0].length + 1);
                    if (lines.size > 1 && !/[./\\\\_]/.test(around)) {
                        found.push(`${match[0]} is broken in: ${node.data.trim().slice(0, 60)}`);
                    }
                }
                const style = getComputedStyle(element);
                if (element.tagName === "BUTTON" && element.scrollWidth > element.clientWidth + 1
                    && style.overflow !== "visible") {
                    found.push(`cut: ${node.data.trim().slice(0, 60)}`);
                }
            }
            return [...new Set(found)];
        }"""
    )
    assert cut == [], "\n".join(cut)


def test_the_browser_reports_no_error_of_ours(server, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto(server.url)
    driver = Driver(page)
    driver.ready()
    for title in SUB_TABS:
        shown(driver, title)
    context.close()
    fonts_from_elsewhere = ("net::ERR_NAME_NOT_RESOLVED", "net::ERR_INTERNET_DISCONNECTED")  # gradio asks for some
    assert [error for error in errors if not any(one in error for one in fonts_from_elsewhere)] == []


def test_a_photo_is_added_with_keys_alone(page, tmp_path):
    photo = tmp_path / "astronaut.png"
    Image.fromarray(data.astronaut()).save(photo)
    page.page.wait_for_selector("#facechain_photos [role=button], #facechain_photos button")
    for _ in range(40):
        page.page.keyboard.press("Tab")
        if page.page.evaluate("!!document.activeElement.closest('#facechain_photos')"):
            break
    with page.page.expect_file_chooser() as chooser:
        page.page.keyboard.press("Enter")
    chooser.value.set_files(str(photo))
    page.says("look_1", "astronaut.png")


def test_control_and_enter_keep_the_focus_and_the_place_in_the_text(page):
    field = page.page.locator("#facechain_prompt textarea")
    field.fill("a green scarf")
    field.press("Home")
    field.press("ArrowRight")
    field.press("Control+Enter")
    page.says("status", "add a photo")
    assert page.page.evaluate("document.activeElement === document.querySelector('#facechain_prompt textarea')")
    page.page.keyboard.type("X")
    assert field.input_value() == "aX green scarf"


def test_what_is_said_is_in_live_regions(page, tmp_path):
    page.click("generate")
    page.says("status", "add a photo")
    plain = tmp_path / "grey.png"
    Image.fromarray(np.full((200, 200, 3), 128, np.uint8)).save(plain)
    page.add_photos(plain)
    for name in ("status", "notes", "look_1", "style_status"):
        assert page.page.get_attribute(f"#facechain_{name}", "aria-live") == "polite", name


def test_progress_is_announced_and_not_twice_a_second(page, tmp_path):
    photo = tmp_path / "astronaut.png"
    Image.fromarray(data.astronaut()).save(photo)
    page.add_photos(photo)
    page.small(count=8, keep=8, steps=8)
    page.click("generate")
    bar = page.page.wait_for_selector("#facechain_status [role=progressbar]")
    assert bar.get_attribute("aria-live") == "off"
    assert bar.get_attribute("aria-label")
    page.page.wait_for_function("/%|…/.test(document.querySelector('.facechain-announcer').textContent)")
    page.click("interrupt")
    page.page.wait_for_function("document.querySelector('.facechain-announcer').textContent === ''")
