"""A webui with no extension but FaceChain: it shows what is missing, and why FaceChain cannot be imported."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.hosts.webui.browser import NEEDS_BROWSER, Tab
from tests.hosts.webui.hosts import start
from tests.processes import end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hosts.webui.hosts import Webui

pytestmark = pytest.mark.skipif(
    not os.environ.get("WEBUI_DIR"), reason="WEBUI_DIR names no webui; these tests start a real one"
)

ROOT = Path(__file__).resolve().parents[3]
NEEDLESS = ("docs", "tests")
REASON = "FaceChain could not be loaded: ImportError: cannot import name 'nothing'"


@contextmanager
def bare(folder: Path, changes: dict[str, str]) -> Iterator[Webui]:
    """The webui with a data folder of its own, in which files of a copy of the extension are changed."""
    copy = folder / "extensions" / "facechain"
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        if name.partition("/")[0] not in NEEDLESS:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    for name, text in changes.items():
        (copy / name).write_text(text, encoding="utf-8")
    host = Path(os.environ["WEBUI_DIR"])
    (folder / "models").symlink_to(host / "models")
    process, running = start(host, folder / "log.txt", "--data-dir", str(folder), page=True)
    try:
        yield running
    finally:
        end(process)


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A webui whose extension fails at the start."""
    with bare(tmp_path_factory.mktemp("broken"), broken_module("accordion")) as host:
        yield host


def broken_module(name: str) -> dict[str, str]:
    return {f"facechain_ext/hosts/webui/{name}.py": "from json import nothing\n"}


def test_pictures_are_made_without_the_face_and_say_why(broken, tmp_path):
    assert REASON in broken.generate({"photos": []}).infotext
    assert "FaceChain" not in broken.generate().infotext
    with bare(tmp_path, broken_module("face_run")) as host:  # it is imported by the first generation
        assert REASON in host.generate({"photos": []}).infotext
        assert "FaceChain" not in host.generate().infotext


def needs_a_browser(test):
    for mark in NEEDS_BROWSER:
        test = mark(test)
    return test


@needs_a_browser
def test_the_accordion_shows_the_reason(broken, running):
    page = running.new_page()
    page.goto(broken.url)
    page.locator("#script_txt2img_facechain_failed .label-wrap").first.click()
    page.wait_for_function(
        "text => gradioApp().querySelector('#script_txt2img_facechain_failed').innerText.includes(text)", arg=REASON
    )
    page.close()


@needs_a_browser
def test_the_tab_says_that_a_pose_needs_controlnet(running, tmp_path):
    with bare(tmp_path, {}) as host:
        if host.is_forge:
            pytest.skip("Forge brings its own ControlNet")
        tab = Tab(running, host.url)
        tab.open()
        tab.unfold("pose_panel")
        message = tab.text("pose_reason")
        assert "sd-webui-controlnet is not installed" in message
        assert not tab.of("pose_show").is_enabled()
        tab.page.close()
