"""The Template page in a real browser: faces that are clicked, the line, the gallery, people in turn."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data

pytestmark = pytest.mark.slow

HEAD = data.astronaut()[:230, 110:340]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("templates")
    pictures = {
        "pair": np.concatenate([HEAD, HEAD[:, ::-1]], 1),
        "alone": HEAD,
        "guest": data.astronaut()[:, ::-1],
    }
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return {name: folder / f"{name}.png" for name in pictures}


@pytest.fixture
def template(page):
    page.page.get_by_role("tab", name="Picture in").click()
    page.page.wait_for_selector("#facechain_template_generate", state="visible")
    return page


def upload(page, name, *paths):
    page.page.set_input_files(f"#facechain_{name} input[type=file]", [str(path) for path in paths])
    page.page.wait_for_function(
        """([id, name]) => {
            const files = document.querySelector(`#${id} .file-preview`);  // not the label, which says "guests"
            const said = files === null ? "" : files.innerText;
            return said.includes(name) && !said.includes("Uploading");
        }""",  # gradio 3 shows the name before the file is there
        arg=[f"facechain_{name}", paths[-1].stem[:4]],
    )


def click_face(page, across, down):
    """Click into the numbered picture, in fractions of it."""
    picture = page.page.locator("#facechain_template_seen img").first
    box = picture.bounding_box()
    picture.click(position={"x": across * box["width"], "y": down * box["height"]})


def becomes(page, number, words):
    """Wait until a face's drop-down says who it becomes."""
    page.page.wait_for_function(
        "([id, words]) => document.querySelector(`#${id}`).value === words",
        arg=[f"facechain_template_face_{number}", words],
    )


def found(page, *templates, guests=()):
    if templates:
        upload(page, "template_files", *templates)
    if guests:
        upload(page, "guests", *guests)
    page.click("template_find")
    page.says("template_found", "Click a face")
    page.page.wait_for_selector("#facechain_template_seen img")
    page.page.wait_for_timeout(500)


def made(page, count):
    page.click("template_generate")
    page.page.wait_for_function(
        "n => document.querySelectorAll('#facechain_template_gallery img').length >= n",
        arg=count,
    )


def test_a_click_changes_who_a_face_becomes_and_the_line_shows_both(template, files, server):
    page = template
    found(page, files["pair"], guests=[files["guest"]])
    assert page.page.locator("#facechain_template_face_2").is_visible()
    assert page.page.locator("#facechain_template_face_3").count() == 0
    click_face(page, 0.75, 0.57)
    becomes(page, 2, "pixelate")
    click_face(page, 0.75, 0.57)
    becomes(page, 2, "photo: 1 guest.png")
    becomes(page, 1, "keep")
    click_face(page, 0.5, 0.05)
    page.page.wait_for_timeout(700)
    becomes(page, 2, "photo: 1 guest.png")
    made(page, 1)
    newest = max((server.folder / "out").glob("template-*.png"), key=lambda path: path.stat().st_mtime_ns)
    before, after = (np.asarray(Image.open(path)) for path in (files["pair"], newest))
    assert np.array_equal(before[:, :200], after[:, :200])
    assert not np.array_equal(before[:, 260:], after[:, 260:])

    frame = page.page.locator(".facechain-compare").first
    frame.scroll_into_view_if_needed()
    assert frame.evaluate("one => getComputedStyle(one).getPropertyValue('--cut')").strip() == "50%"
    box = frame.locator("input").bounding_box()
    page.page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    cut = frame.evaluate("one => getComputedStyle(one).getPropertyValue('--cut')")
    assert 80 <= float(cut.strip().rstrip("%")) <= 100
    hidden = frame.locator(".facechain-after").evaluate("one => getComputedStyle(one).clipPath")
    assert cut.strip() in hidden


def test_a_photo_that_does_not_suit_is_named_while_it_is_chosen(template, files, tmp_path):
    page = template
    masked = np.array(data.astronaut())
    masked[130:170, 190:260] = 20
    Image.fromarray(masked).save(tmp_path / "masked.png")
    found(page, files["pair"], guests=[tmp_path / "masked.png"])
    for choice in ("pixelate", "photo: 1 masked.png"):
        click_face(page, 0.25, 0.57)
        becomes(page, 1, choice)
    page.says("template_doubts", "Face 1: Something covers the mouth")


def test_an_interrupt_stops_the_painting_at_its_next_step_and_keeps_no_half_face(template, files, server):
    page = template
    found(page, files["pair"], guests=[files["guest"]])
    for number in (1, 2):
        page.page.select_option(f"#facechain_template_face_{number}", "photo: 1 guest.png")
    page.page.locator("#facechain_template_quality input[value=standard]").check(force=True)
    page.open_part("template_more")
    page.number("template_steps", 150)
    before = set((server.folder / "out").glob("*.png"))
    page.click("template_generate")
    page.says("template_status", "%")
    page.click("template_interrupt")
    page.says("template_status", "topped")
    page.page.wait_for_selector("#facechain_template_status .facechain-progress", state="detached")
    assert set((server.folder / "out").glob("*.png")) == before
    page.number("template_steps", 2)
    made(page, 1)


def test_an_upload_arrives_although_the_page_is_updated_while_it_runs(template, files):
    page = template

    def slowly(route):
        page.click("template_find")  # its answer updates the page while the file is on its way
        page.page.wait_for_timeout(1500)
        route.continue_()

    page.page.route("**/upload*", slowly, times=1)
    upload(page, "guests", files["guest"])


def test_the_gallery_takes_templates_gives_them_and_deletes_them(template, files, server):
    page = template
    upload(page, "template_files", files["alone"])
    page.click("template_add")
    page.says("template_shelf_status", "Added alone.png")
    tile = page.page.locator('.facechain-template[data-name="alone.png"]')
    assert tile.get_attribute("aria-pressed") == "true"
    kept = server.folder / "models" / "templates" / "alone.png"
    assert kept.read_bytes() == files["alone"].read_bytes()

    page.page.reload()
    page.ready()
    page.page.get_by_role("tab", name="Picture in").click()
    tile.wait_for(state="visible")
    page.page.wait_for_timeout(1000)
    assert tile.get_attribute("aria-pressed") == "false"
    tile.click()
    page.page.wait_for_timeout(500)
    found(page)
    click_face(page, 0.5, 0.57)
    becomes(page, 1, "pixelate")
    made(page, 1)

    page.click("template_delete")
    page.says("template_shelf_status", "Delete alone.png?")
    page.click("template_delete_no")
    page.page.wait_for_selector("#facechain_template_sure", state="hidden")
    assert kept.exists()
    page.click("template_delete")
    page.click("template_delete_yes")
    page.says("template_shelf_status", "Deleted alone.png")
    assert not kept.exists()
    page.page.wait_for_selector('.facechain-template[data-name="alone.png"]', state="detached")


def test_templates_with_people_in_turn_become_a_contact_sheet(template, files, server):
    page = template
    found(page, files["pair"], files["alone"], guests=[files["guest"]])
    page.open_part("template_batch")
    page.choose("template_turn", "photo: 1 guest.png")
    before = set((server.folder / "out").glob("*.png"))
    made(page, 3)
    page.says("template_gallery", "contact sheet")
    new = sorted(path.name.split("-")[0] for path in set((server.folder / "out").glob("*.png")) - before)
    assert new == ["contact", "template", "template"]


def test_a_template_without_a_face_says_so_and_nothing_is_written(template, tmp_path, server):
    page = template
    Image.new("RGB", (200, 200), "grey").save(tmp_path / "plain.png")
    upload(page, "template_files", tmp_path / "plain.png")
    page.click("template_find")
    page.says("template_found", "No face was found")
    before = set((server.folder / "out").glob("*.png"))
    page.click("template_generate")
    page.says("template_status", "plain.png: No face was found")
    assert set((server.folder / "out").glob("*.png")) == before


def test_names_can_be_read_on_their_pictures_whatever_the_theme(template, files):
    upload(template, "template_files", files["alone"])
    template.click("template_add")
    template.page.wait_for_selector(".facechain-template b")
    colour = template.page.eval_on_selector(".facechain-template b", "one => getComputedStyle(one).color")
    assert colour == "rgb(255, 255, 255)"


def test_words_take_the_place_of_a_picture(template, files):
    page = template
    details, given = (page.page.locator(f"#facechain_{name}") for name in ("scene_details", "template_given"))
    assert not details.is_visible()
    upload(page, "guests", files["guest"])
    page.text("scene_words", "a pilot before an aeroplane")
    details.wait_for(state="visible")
    given.wait_for(state="hidden")
    page.click("template_generate")
    page.says("template_status", "Choose who is in the scene")
    page.choose("scene_people", "photo: 1 guest.png")
    upload(page, "template_files", files["alone"])
    page.click("template_generate")
    page.says("template_status", "a template is one of the two")
    page.page.locator("#facechain_template_action input[value='repair faces']").check(force=True)
    details.wait_for(state="hidden")
