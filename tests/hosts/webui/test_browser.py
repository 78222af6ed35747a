"""The FaceChain tab in a real browser on a real webui.

Set WEBUI_DIR as for test_real_host.py; needs Playwright and a Chromium. WEBUI_URL names a webui that runs already.
The steps of one test follow each other as a user's do.
"""

from __future__ import annotations

import os
import re

import pytest
from PIL import Image, ImageDraw, ImageOps

from tests.hosts.webui.browser import NEEDS_BROWSER, PHOTO, Tab
from tests.hosts.webui.hosts import Webui

pytestmark = NEEDS_BROWSER

NAME = f"Test person {os.getpid()}"


def test_a_photo_becomes_a_card_and_the_card_survives_a_reload(tab):
    tab.upload(PHOTO)
    tab.wait_for("look_1", "astronaut")
    assert tab.of("look_1").locator("img").is_visible()
    tab.unfold("keep_card")
    tab.set("card_name", NAME)
    tab.of("card_save").click()
    tab.wait_for("notes", "agrees")
    tab.of("card_consent").locator("input").check()
    tab.of("card_save").click()
    assert f"Saved {NAME}" in tab.wait_for("notes", "Saved|already|card called")
    assert tab.value("card") == NAME
    tab.open()
    tab.set("card", NAME)
    assert "is used, not the photos" in tab.wait_for("notes", "is used")


def test_one_click_on_a_style_and_generate(tab):
    tab.page.locator(".facechain-tile", has_text="Charcoal").click()
    tab.wait_for("style_facts", "Charcoal")
    tab.small()
    tab.generated()
    assert tab.pictures() == 2
    text = tab.value("infotext")
    assert "charcoal" in text.lower()
    assert f"FaceChain identity: {NAME} (" in text
    captions = tab.of("gallery").inner_text()
    assert re.search(r"-?\d\.\d\d|no face", captions), captions


def test_interrupt_keeps_what_is_finished(tab):
    tab.small(count=6, steps=30)
    tab.of("generate").click()
    tab.wait_for("status", r"\d+ %")
    tab.of("interrupt").click()
    assert "Stopped after" in tab.wait_for("status", "Stopped")


def test_ctrl_enter_generates_once(tab):
    tab.small(count=1)
    tab.of("prompt").locator("textarea").fill("by the keyboard")
    tab.of("prompt").locator("textarea").press("Control+Enter")
    tab.wait_for("status", r"\d+ %")
    tab.wait_for("status", "^(?!.*(Preparing|Waiting|%)).+")
    tab.page.wait_for_timeout(1500)
    assert "%" not in tab.text("status")
    assert "by the keyboard" in tab.value("infotext")


@pytest.mark.parametrize("target", ["txt2img", "img2img", "inpaint", "extras"])
def test_a_picture_is_sent_with_its_settings(tab, target):
    tab.choose_tab("FaceChain")
    tab.of("gallery").locator("button.thumbnail-lg, button.thumbnail-item").first.click()
    tab.of(f"send_{target}").click()
    page = tab.page
    if target == "extras":
        page.wait_for_selector("#extras_image img", state="visible")
        return
    kind = "txt2img" if target == "txt2img" else "img2img"
    page.wait_for_selector(f"#{kind}_prompt textarea", state="visible")
    page.wait_for_function(
        "id => gradioApp().querySelector(id).value.includes('by the keyboard')", arg=f"#{kind}_prompt textarea"
    )
    card = page.locator(f"#script_{kind}_facechain_card input").first
    assert card.input_value() == NAME
    if target == "img2img":
        page.wait_for_function(
            "() => [...gradioApp().querySelectorAll('#img2img_image img')].some((one) => one.naturalWidth === 128)"
        )
    if target == "inpaint":
        page.wait_for_selector("#img2maskimg img, #img2maskimg canvas", state="attached")  # drawn on, not shown


@pytest.mark.parametrize("name", ["../x", "CON", "a" * 300, ""])
def test_a_name_that_cannot_be_a_file_is_refused(tab, url, name):
    tab.choose_tab("FaceChain")
    before = Webui(url, is_forge=False).call("/facechain/v1/cards")
    tab.unfold("keep_card")
    tab.set("card_name", name)
    tab.of("card_consent").locator("input").check()
    tab.of("card_save").click()
    tab.wait_for("notes", "name")
    assert Webui(url, is_forge=False).call("/facechain/v1/cards") == before


def test_a_skeleton_steers_through_the_webuis_own_controlnet(tab, tmp_path):
    tab.choose_tab("FaceChain")
    tab.unfold("pose_panel")
    if tab.of("pose_reason").is_visible() and "Pose:" in tab.text("pose_reason"):
        pytest.skip(tab.text("pose_reason"))
    skeleton = Image.new("RGB", (128, 128))
    pen = ImageDraw.Draw(skeleton)
    pen.line([(64, 40), (64, 60), (40, 64), (34, 110)], fill=(153, 0, 0), width=3)
    pen.line([(64, 60), (88, 64), (94, 110)], fill=(0, 153, 0), width=3)
    skeleton.save(tmp_path / "skeleton.png")
    tab.upload(tmp_path / "skeleton.png", into="pose_picture")
    tab.of("pose_picture").locator("img").first.wait_for(state="visible")
    tab.of("pose_ready").locator("input").check()
    tab.generated()
    if "ControlNet" in tab.text("status"):  # such as a model that does not fit the checkpoint
        pytest.skip(tab.text("status"))
    unit = tab.value("infotext").split("ControlNet 0: ")[1]
    assert "module: none" in unit.lower()
    assert "openpose" in unit


def test_a_pictures_own_text_restores_the_page(tab):
    tab.choose_tab("FaceChain")
    text = tab.value("infotext")
    tab.open()
    assert tab.value("prompt") == ""
    tab.set("infotext", text)
    tab.unfold("restore_panel")
    tab.of("restore").click()
    tab.page.wait_for_function("() => gradioApp().querySelector('#facechain_prompt textarea').value !== ''")
    assert tab.value("prompt") == "by the keyboard"
    tab.unfold("more")
    assert tab.of("steps").locator("input[type=number]").input_value() == "4"


def test_two_browsers_wait_for_each_other_and_each_gets_its_own_person(running, url, tab, tmp_path):
    mirrored = tmp_path / "other.png"
    ImageOps.mirror(Image.open(PHOTO)).save(mirrored)
    tab.choose_tab("FaceChain")
    tab.set("card", NAME)
    other = Tab(running, url)
    other.open()
    other.upload(mirrored)
    other.wait_for("look_1", "other")
    for one in (tab, other):
        one.small(count=1, steps=8)
    tab.of("generate").click()
    tab.wait_for("status", r"\d+ %")
    other.of("generate").click()
    other.wait_for("status", "Waiting")
    assert not other.of("preview").is_visible()
    for one in (tab, other):
        one.wait_for("status", "^(?!.*(Preparing|Waiting|%)).+")
    first, second = (one.value("infotext").split("FaceChain identity: ")[1].split(",")[0] for one in (tab, other))
    assert first.startswith(f"{NAME} (")
    assert NAME not in second
    assert second not in first
    other.page.close()


def test_boxes_drawn_in_the_accordion_put_two_people_into_the_picture(tab):
    page = tab.page
    tab.choose_tab("txt2img")
    ours = "#script_txt2img_facechain"
    if not page.locator(f"{ours}_refresh").is_visible():  # a picture that was sent here has opened it on Forge
        page.locator(f"{ours}_enabled .label-wrap").first.click()  # opening switches it on
    page.locator(f"{ours}_refresh").click()
    card = page.locator(f"{ours}_card input").first
    card.fill(NAME)
    page.wait_for_timeout(300)
    card.press("Enter")
    page.locator(f"{ours}_several .label-wrap").first.click()
    page.wait_for_selector(f'{ours}_boxes option:text-is("{NAME}")', state="attached")
    for name, value in (("steps", 2), ("width", 192), ("height", 128)):
        field = page.locator(f"#txt2img_{name} input[type=number]")
        field.fill(str(value))
        field.press("Tab")
    frame = page.locator(f"{ours}_boxes .facechain-boxes")
    frame.wait_for(state="visible")
    page.wait_for_timeout(800)
    frame.scroll_into_view_if_needed()
    edge = frame.bounding_box()
    assert abs(edge["width"] / edge["height"] - 1.5) < 0.05, "the frame has the shape of the picture"
    page.locator(f"{ours}_boxes select").select_option(NAME)
    page.mouse.move(edge["x"] + 0.55 * edge["width"], edge["y"] + 0.1 * edge["height"])
    page.mouse.down()
    page.mouse.move(edge["x"] + 0.95 * edge["width"], edge["y"] + 0.9 * edge["height"], steps=5)
    page.mouse.up()
    page.wait_for_timeout(600)
    people = page.locator(f"{ours}_people textarea").input_value()
    assert re.fullmatch(rf"{NAME}: 0\.5\d*, 0\.(1|09)\d*, 0\.9\d*, 0\.(9|89)\d*", people), people
    page.locator("#txt2img_generate").click()
    page.wait_for_function(
        "() => gradioApp().querySelector('#html_info_txt2img').innerText.includes('FaceChain people')"
    )
    text = page.locator("#html_info_txt2img").first.inner_text()
    assert f"{NAME}: 0.5" in text
    assert "FaceChain box: " in text
    assert "FaceChain: off" not in text


def test_the_browser_has_no_errors_and_a_deleted_card_is_gone(tab, url):
    ours = [error for error in tab.errors if "facechain" in error.lower()]
    assert ours == []
    tab.choose_tab("FaceChain")
    tab.page.locator("#facechain_tabs button", has_text=re.compile(r"^\s*People\s*$")).click()
    tab.page.wait_for_timeout(2000)  # the library is read anew
    if tab.of("people_agree").is_visible():
        tab.of("people_agree").click()
    tab.of("people_tiles").locator(f"button[data-name='{NAME}']").click()
    tab.wait_for("people_facts", NAME)
    tab.of("people_delete").click()
    tab.of("people_delete_yes").click()
    tab.wait_for("people_status", "Deleted")
    assert NAME not in Webui(url, is_forge=False).call("/facechain/v1/cards")
