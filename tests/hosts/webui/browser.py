"""The FaceChain tab in a browser, with gradio 3 or 4."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PHOTO = Path(__file__).with_name("astronaut.jpg")
PATIENCE = 240_000
"""Milliseconds to wait for what takes a machine without a graphics card its time."""

NEEDS_BROWSER = [
    pytest.mark.skipif(
        not (os.environ.get("WEBUI_DIR") or os.environ.get("WEBUI_URL")),
        reason="WEBUI_DIR names no webui; these tests open a real one in a browser",
    ),
    pytest.mark.skipif(bool(chromium.missing()), reason=chromium.missing()),
]
"""Marks of a file of tests that need a real webui and a browser."""


class Tab:
    """The tab by its visible elements; every wait is for something visible."""

    def __init__(self, running, url: str, *, theme: str = "light", width: int = 1280, height: int = 1000) -> None:
        self.url, self.theme = url, theme
        self.errors: list[str] = []
        self.page: Page = running.new_page(viewport={"width": width, "height": height})
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self) -> None:
        """Load the webui and choose the tab."""
        self.page.goto(f"{self.url}/?__theme={self.theme}")
        self.page.wait_for_selector("#txt2img_prompt textarea")
        self.page.wait_for_timeout(2000)  # the webui's own scripts settle
        self.choose_tab("FaceChain")
        self.of("generate").wait_for(state="visible")
        self.page.wait_for_timeout(1500)

    def choose_tab(self, name: str) -> None:
        """One of the webui's tabs."""
        self.page.locator("#tabs > .tab-nav button", has_text=re.compile(f"^\\s*{name}\\s*$", re.IGNORECASE)).click()

    def of(self, name: str) -> Locator:
        """A component of the page by the end of its id; gradio 3 nests a second element of the same id in some."""
        return self.page.locator(f"#facechain_{name}").first

    def text(self, name: str) -> str:
        """The text of a component."""
        return self.of(name).inner_text().strip()

    def upload(self, *files: Path, into: str = "photos") -> None:
        """Give files to a drop area."""
        self.of(into).locator("input[type=file]").set_input_files([str(file) for file in files])

    def set(self, name: str, value: object) -> None:
        """Write a text or a number, or choose from a drop-down."""
        part = self.of(name)
        if part.locator("ul.options, .wrap-inner, input[role=listbox]").count():
            field = part.locator("input").first
            field.click()
            field.fill(str(value))
            self.page.wait_for_timeout(300)
            field.press("Enter")
            field.press("Tab")
        else:
            field = part.locator("textarea, input[type=number], input[type=text]").first
            field.fill(str(value))
            field.press("Tab")
        self.page.wait_for_timeout(300)

    def value(self, name: str) -> str:
        """What a field holds."""
        return self.of(name).locator("textarea, input").first.input_value()

    def unfold(self, name: str) -> None:
        """Open an accordion that is closed."""
        head = self.of(name).locator(".label-wrap").first
        if "open" not in (head.get_attribute("class") or "").split():
            head.click()
            self.page.wait_for_timeout(500)

    def wait_for(self, name: str, pattern: str) -> str:
        """Wait until a component shows text that matches ``pattern``, a regular expression; returns its text."""
        matches = """([id, pattern]) => {
            const part = gradioApp().querySelector(id);
            return part && new RegExp(pattern, "s").test(part.innerText);
        }"""
        self.page.wait_for_function(matches, arg=[f"#facechain_{name}", pattern])
        return self.text(name)

    def small(self, *, count: int = 2, steps: int = 4) -> None:
        """Settings that a machine without a graphics card can do."""
        self.unfold("more")
        for name, value in (("sampler", "DDIM"), ("steps", steps), ("width", 128), ("height", 128), ("seed", 1)):
            self.set(name, value)
        self.set("count", count)
        self.set("keep", count)

    def generated(self, button: str = "generate") -> str:
        """Press a button that makes pictures, see the progress, wait for the end; returns the status text."""
        self.of(button).click()
        self.wait_for("status", r"\d+ %")
        return self.wait_for("status", "^(?!.*(Preparing|Waiting|%)).+")

    def pictures(self) -> int:
        """Pictures in the gallery of results."""
        return self.of("gallery").locator("button.thumbnail-lg").count()
