"""A webui in which FaceChain cannot be imported: it starts, generates, and says why in FaceChain's place."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.webui import browser
from tests.webui.hosts import start

pytestmark = pytest.mark.skipif(
    not os.environ.get("WEBUI_DIR"), reason="WEBUI_DIR names no webui; this test starts a real one"
)

ROOT = Path(__file__).resolve().parents[2]
WORDS = "FaceChain could not be loaded: ImportError: cannot import name 'nothing'"


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """The webui with a copy of the extension that has a module which cannot be imported, and no other extension."""
    folder = tmp_path_factory.mktemp("data")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        if name.partition("/")[0] in ("facechain_ext", "scripts", "javascript", "localizations"):
            copy = folder / "extensions" / "facechain" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy)
    host = Path(os.environ["WEBUI_DIR"])
    (folder / "models").symlink_to(host / "models")
    module = folder / "extensions" / "facechain" / "facechain_ext" / "webui" / "run.py"
    module.write_text("from json import nothing\n", encoding="utf-8")
    process, running = start(host, folder / "log.txt", "--data-dir", str(folder), page=True)
    yield running
    process.terminate()
    process.wait(60)


def test_pictures_are_made_without_the_face_and_say_why(broken):
    assert WORDS in broken.generate({"photos": []}).infotext
    assert "FaceChain" not in broken.generate().infotext


@pytest.mark.skipif(browser.chromium() is None, reason="there is no Chromium here")
def test_the_accordion_shows_the_reason(broken):
    pytest.importorskip("playwright", reason="Playwright is not installed")
    with browser.browser() as running:
        page = running.new_page()
        page.goto(broken.url)
        page.locator("#script_txt2img_facechain_failed .label-wrap").first.click()
        page.wait_for_function(
            "words => gradioApp().querySelector('#script_txt2img_facechain_failed').innerText.includes(words)",
            arg=WORDS,
        )
