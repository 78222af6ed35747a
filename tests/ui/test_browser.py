"""What a user does on the page, in a real browser against the served page."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image, ImageOps
from skimage import data

from tests.ui.driver import Driver

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "astronaut.png"
    Image.fromarray(data.astronaut()).save(path)
    return path


@pytest.fixture(scope="module")
def landscape(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "rocks.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)).save(path)
    return path


def test_photo_to_portrait(page, photo):
    page.add_photos(photo)
    assert "astronaut.png" in page.page.inner_text("#facechain_look_1")
    assert page.page.locator("#facechain_look_1 img").get_attribute("src").startswith("data:image/")
    page.small(count=2, keep=2, steps=8, width=96, height=96, seed=1)  # enough for a face that can be judged
    page.click("generate")
    page.page.wait_for_selector("#facechain_status .facechain-progress")
    page.says("status", "Likeness by TransFace")
    page.page.wait_for_function("document.querySelectorAll('#facechain_gallery img').length >= 2")
    assert "seed" in page.page.inner_text("#facechain_gallery")
    settings = page.text("infotext")
    assert "FaceChain strength: 0.5" in settings
    assert "FaceChain recipe: portrait" in settings
    assert "Size: 96x96" in settings
    numbers = re.findall(r"-?\d+\.\d{4,}", settings)
    assert not numbers, "no embedding is ever written"


def test_a_photo_without_a_face_says_so_in_its_place(page, photo, landscape):
    page.add_photos(landscape)
    assert "no face" in page.page.inner_text("#facechain_look_1").lower()
    page.add_photos(photo)
    assert page.page.locator("#facechain_photo_2").is_visible()
    page.click("remove_1")
    page.says("look_1", "astronaut.png")
    page.page.wait_for_selector("#facechain_photo_2", state="hidden")


def test_photos_are_pasted(page, photo):
    page.paste("body", photo)
    page.says("look_1", "pasted.png")


def test_a_card_needs_consent_and_survives_reloading(page, photo):
    page.add_photos(photo)
    page.open_part("keep_card")
    page.text("card_name", "Eileen")
    page.click("card_save")
    page.says("notes", "Tick")
    page.tick("card_consent", on=True)
    page.click("card_save")
    page.says("notes", "Saved Eileen")
    assert page.chosen("card") == "Eileen"
    page.page.reload()
    page.ready()
    assert "Eileen" in page.options("card")
    page.choose("card", "Eileen")
    page.says("notes", "card Eileen is used")
    page.small()
    assert "Eileen" in page.generate()


def test_photos_of_somebody_else_take_the_place_of_the_card_and_are_what_is_kept(page, photo, landscape, tmp_path):
    ImageOps.mirror(Image.open(photo)).save(tmp_path / "mirrored.png")
    page.add_photos(photo)
    page.open_part("keep_card")
    page.tick("card_consent", on=True)
    page.text("card_name", "Cora")
    page.click("card_save")
    page.says("notes", "The card Cora is used")
    assert "Saved Cora" in page.says("notes", "Saved Cora")
    page.add_photos(landscape)
    assert page.chosen("card") == "Cora"
    assert "The card Cora is used" in page.says("notes", "The card Cora is used")
    page.click("remove_1")
    page.says("look_1", "rocks.png")
    page.add_photos(tmp_path / "mirrored.png")
    page.says("notes", "The photos are used now, not the card Cora")
    page.page.wait_for_function("!document.getElementById('facechain_notes').innerText.includes('The card')")
    assert page.chosen("card") == ""
    page.small(seed=1)
    of_the_photo = identity_in(page.generate())
    assert "Cora" not in of_the_photo
    page.choose("card", "Cora")  # even a card that is chosen again is not what is kept
    page.says("notes", "The card Cora is used")
    page.text("card_name", "Doris")
    page.click("card_save")
    page.says("notes", "Saved Doris")
    assert identity_in(page.generate(again=True)) == f"Doris ({of_the_photo})"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../x", "Choose another name"),
        ("CON", "Choose another name"),
        ("a" * 300, "Choose another name"),
        ("", "needs a name"),
        (".hidden", "Choose another name"),
    ],
)
def test_names_that_cannot_be_files_are_refused(page, photo, name, words):
    page.open_part("keep_card")
    page.tick("card_consent", on=True)
    page.text("card_name", name)
    page.click("card_save")
    page.says("notes", words)


def test_interrupting_keeps_what_is_finished(page, photo):
    page.add_photos(photo)
    page.small(count=30, keep=30, steps=10)
    page.click("generate")
    page.page.wait_for_function("document.querySelector('#facechain_status').innerText.includes(' s left')")
    page.click("interrupt")
    assert "of 30 pictures" in page.says("status", "Stopped after")
    page.small()
    assert "Steps: 2" in page.generate()


def test_settings_come_back_from_a_picture(page, photo, server):
    page.add_photos(photo)
    page.small(seed=7, count=2, keep=1)
    page.page.click('.facechain-tile[data-key="watercolour"]')
    page.says("style_facts", "水彩")
    page.text("prompt", "a red hat, with a feather")
    page.number("strength", 0.85)
    page.number("window_end", 0.7)
    settings = page.generate()
    assert "Seed: 7" in settings or "Seed: 8" in settings
    page.page.reload()
    page.ready()
    page.text("infotext", settings)
    page.open_part("restore_panel")
    page.click("restore")
    page.says("restore_status", "Restored")
    page.open_part("more")
    assert page.text("prompt") == "a red hat, with a feather"
    assert (page.number("strength"), page.number("window_end")) == (0.85, 0.7)
    assert (page.number("steps"), page.number("width"), page.number("count"), page.number("keep")) == (2, 64, 2, 1)
    page.says("style_facts", "水彩")
    assert page.number("strength") == 0.85, "the style's suggestion does not overwrite what was restored"
    newest = max((server.folder / "out").glob("*.png"), key=lambda path: path.stat().st_mtime)
    page.text("prompt", "something else")
    page.page.set_input_files("#facechain_pnginfo input[type=file]", str(newest))
    page.page.wait_for_function("document.querySelector('#facechain_prompt textarea').value.includes('red hat')")


def test_presets(page):
    page.text("prompt", "by the sea")
    page.number("strength", 1.2)
    page.open_part("presets")
    page.text("preset", "beach")
    page.click("preset_save")
    page.says("preset_status", "Saved the preset beach")
    page.text("prompt", "other")
    page.click("preset_load")
    page.says("preset_status", "Loaded the preset beach")
    assert page.text("prompt") == "by the sea"
    page.text("prompt", "in the hills")
    page.click("preset_save")
    page.says("preset_replace_sure", "There is a preset beach already")
    page.click("preset_replace_no")
    page.click("preset_load")
    page.page.wait_for_function("document.querySelector('#facechain_prompt textarea').value == 'by the sea'")
    page.text("prompt", "in the hills")
    page.click("preset_save")
    page.says("preset_replace_sure", "There is a preset beach already")
    page.click("preset_replace_yes")
    page.says("preset_status", "Saved the preset beach")
    page.text("prompt", "other")
    page.click("preset_load")
    page.page.wait_for_function("document.querySelector('#facechain_prompt textarea').value == 'in the hills'")
    page.click("preset_delete")
    page.says("preset_delete_sure", "Delete the preset beach?")
    page.click("preset_delete_yes")
    page.says("preset_status", "Deleted the preset beach")
    page.text("preset", "")
    page.click("preset_save")
    page.says("preset_status", "No preset is named")
    page.text("preset", "../beach")
    page.click("preset_save")
    page.says("preset_status", "Choose another name")


def test_nobody_to_show_says_what_to_do(page):
    page.click("generate")
    page.says("status", "add a photo of the person, or choose a card")


def test_several_photos_have_weights_that_count(page, photo, tmp_path):
    ImageOps.mirror(Image.open(photo)).save(tmp_path / "mirrored.png")
    page.add_photos(photo, tmp_path / "mirrored.png")
    page.small()
    both = identity_in(page.generate())
    page.number("weight_2", 0.3)
    less = identity_in(page.generate(again=True))
    page.click("remove_2")
    page.page.wait_for_selector("#facechain_photo_2", state="hidden")
    assert len({both, less, identity_in(page.generate(again=True))}) == 3


def test_two_browsers_at_once_do_not_mix_their_people(page, photo, tmp_path, browser, server):
    ImageOps.mirror(Image.open(photo)).save(tmp_path / "mirrored.png")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    other = Driver.open(context, server)
    alone = []
    for one, file in ((page, photo), (other, tmp_path / "mirrored.png")):
        one.add_photos(file)
        one.small(seed=1)
        alone.append(identity_in(one.generate()))
    assert alone[0] != alone[1]
    for one in (page, other):
        one.small(seed=2, count=4, keep=0, steps=6)
        one.click("generate")
    together = []
    for one in (page, other):
        one.page.wait_for_function("document.querySelectorAll('#facechain_gallery img').length >= 4")
        # the most like of the four comes first, whichever that is
        one.page.wait_for_function("/Seed: [2-5],/.test(document.querySelector('#facechain_infotext textarea').value)")
        together.append(identity_in(one.text("infotext")))
    context.close()
    assert together == alone


def test_a_grid_of_strength(page, photo):
    page.add_photos(photo)
    page.small(seed=5)
    page.open_part("grid_panel")
    page.click("grid")
    page.page.wait_for_function("document.querySelectorAll('#facechain_gallery img').length >= 6")
    assert "grid" in page.page.inner_text("#facechain_gallery")
    assert "FaceChain strength: 0," in page.text("infotext")


def test_a_pose_without_controlnet_says_what_would_make_it_possible(page):
    page.open_part("pose_panel")
    page.says("pose_reason", "--controlnet openpose=FILE")


def test_control_and_enter_generates(page, photo):
    page.add_photos(photo)
    page.small(seed=4)
    field = page.page.locator("#facechain_prompt textarea")
    field.fill("a green scarf")
    field.press("Control+Enter")
    page.ended()
    page.page.wait_for_function("document.querySelector('#facechain_infotext textarea').value.includes('green scarf')")


def identity_in(settings):
    return re.search(r"FaceChain identity: ([^,]+)", settings)[1]
