"""What *Send to txt2img* of the FaceChain tab brings into the accordion of the same browser; see test_browser.py."""

from __future__ import annotations

import os
import re

import pytest
from PIL import Image, ImageOps

from facechain_ext.recipes.infotext import parse_identities
from tests.hosts.webui.browser import NEEDS_BROWSER, PHOTO

pytestmark = NEEDS_BROWSER

ACCORDION = "#script_txt2img_facechain"
NAMES = [f"Sent {part} {os.getpid()}" for part in ("one", "two")]


def identity(text):
    """The label of who is in the picture of these settings."""
    return re.search(r'FaceChain identity: ("[^"]*"|[^,]*)', text)[1].strip('"')


def sent(tab):
    """Press the button and wait for the accordion; gives the settings text that was sent from."""
    text = tab.value("infotext")
    tab.page.wait_for_function(
        "(text) => gradioApp().querySelector('#facechain_sent_settings textarea').value.startsWith(text)", arg=text
    )
    tab.of("send_txt2img").click()
    tab.page.wait_for_selector(f"{ACCORDION}_photos", state="visible")
    return text


def made_in_txt2img(tab):
    """Generate there; returns the infotext below the picture."""
    clear = "all => all.forEach((one) => one.querySelectorAll('p').forEach((line) => { line.textContent = ''; }))"
    tab.page.eval_on_selector_all("#html_info_txt2img", clear)  # what an earlier test made
    tab.page.locator("#txt2img_generate").click()
    says = "() => /FaceChain identity/.test(gradioApp().querySelector('#html_info_txt2img').innerText)"
    tab.page.wait_for_function(says)
    return tab.page.locator("#html_info_txt2img").first.inner_text()


@pytest.fixture(autouse=True)
def back(tab):
    yield
    tab.choose_tab("FaceChain")


def test_a_person_of_photos_is_sent(tab):
    tab.upload(PHOTO)
    tab.wait_for("look_1", "astronaut")
    tab.small(count=1, steps=20)  # so that its progress is seen on an idle machine too
    tab.generated()
    text = sent(tab)
    tab.page.wait_for_function(f"() => /astronaut/.test(gradioApp().querySelector('{ACCORDION}_photos').innerText)")
    tab.page.locator(f"{ACCORDION}_preview").click()
    tab.page.wait_for_function(
        f"(hash) => gradioApp().querySelector('{ACCORDION}_previewed').innerText.includes(hash)", arg=identity(text)
    )
    assert identity(made_in_txt2img(tab)) == identity(text)
    assert "FaceChain handover" not in tab.page.locator("#html_info_txt2img").first.inner_text()


def test_a_mix_of_two_cards_is_sent(tab, tmp_path):
    mirrored = tmp_path / "mirrored.png"
    ImageOps.mirror(Image.open(PHOTO)).save(mirrored)
    tab.unfold("keep_card")
    tab.of("card_consent").locator("input").check()
    tab.set("card_name", NAMES[0])
    tab.of("card_save").click()
    tab.wait_for("notes", f"Saved {NAMES[0]}")
    tab.page.locator("#facechain_remove_1").first.click()
    tab.upload(mirrored)
    tab.wait_for("look_1", "mirrored")
    tab.set("card_name", NAMES[1])
    tab.of("card_save").click()
    tab.wait_for("notes", f"Saved {NAMES[1]}")
    tab.set("card", NAMES[0])
    tab.set("second", NAMES[1])
    tab.set("mix", 35)
    tab.small(count=1, steps=20)  # so that its progress is seen on an idle machine too
    tab.generated()
    text = sent(tab)
    ((name, _),) = parse_identities({"FaceChain identity": identity(text)})
    assert all(part in name for part in NAMES)
    assert identity(made_in_txt2img(tab)) == identity(text)
