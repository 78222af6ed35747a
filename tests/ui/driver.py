"""Handling the page as a user does, the same on every release of gradio."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from facechain_ext.ui.page import sub_tab_name

PATIENCE = 60_000
"""Milliseconds; the machine may be busy with other things."""


_SCRIPT = Path(__file__).resolve().parents[2] / "javascript" / "facechain_unopened.js"
_AS_IN_A_WEBUI = f"""
    let config;
    Object.defineProperty(window, "gradio_config", {{
        get: () => config,
        set: function (value) {{
            config = value;
            {_SCRIPT.read_text(encoding="utf-8")}
        }},
    }});
"""
"""Runs that script where a webui runs it: after the configuration, before gradio. Without a webui it comes too late."""


@dataclass(frozen=True)
class Server:
    """Where the page is, the folder with its models, uploads and pictures, and the models that it began with."""

    url: str
    folder: Path
    files: frozenset[Path] = frozenset()


class Driver:
    """One browser tab with the Portrait page."""

    def __init__(self, page):
        self.page = page
        page.set_default_timeout(PATIENCE)

    @classmethod
    def open(cls, context, server, *, at_once=False):
        """Open the page and wait until it is usable.

        Its sub-tabs are built when they are opened, as in a webui, or all ``at_once``, as without one.
        """
        if not at_once:
            context.add_init_script(_AS_IN_A_WEBUI)
        driver = cls(context.new_page())
        driver.page.goto(server.url)
        driver.ready()
        return driver

    def ready(self):
        """Wait until the page is there and has fetched its lists."""
        self.page.wait_for_selector("#facechain_generate", state="visible")
        self.page.wait_for_selector("#facechain_style_gallery .facechain-tile")
        # the first answer brings the lists and the size of the small models; it renders the boxes again
        self.page.wait_for_function("document.querySelector('#facechain_width input').value !== '512'")
        self.page.wait_for_timeout(500)

    def open_tab(self, title):
        """Go to a sub-tab."""
        tabs = self.page.locator("#facechain_tabs").first
        tabs.get_by_text(title, exact=True).first.click()
        self.page.wait_for_selector(f"#facechain_{sub_tab_name(title)}", state="visible")

    def serious(self):
        """What axe-core calls serious or critical on our page, apart from the colours of gradio's own parts."""
        from axe_playwright_python.sync_playwright import Axe

        found = []
        for one in Axe().run(self.page, context="#facechain_tabs").response["violations"]:
            for node in one["nodes"] if one["impact"] in {"serious", "critical"} else ():
                if one["id"] == "color-contrast" and "facechain-" not in node["html"]:
                    continue
                found.append(f"{one['id']}: {node['html'][:160]}")
        return found

    def add_photos(self, *files):
        """Drop photos and wait until each has been looked at."""
        before = self.page.locator(".facechain-photo").count()
        self.page.set_input_files("#facechain_photos input[type=file]", [str(file) for file in files])
        self.page.wait_for_function(
            "n => document.querySelectorAll('.facechain-photo').length >= n", arg=before + len(files)
        )

    def paste(self, selector, file):
        """Paste a picture as the system's clipboard would."""
        data = base64.b64encode(Path(file).read_bytes()).decode()
        script = """([selector, data]) => {
            const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "pasted.png", {type: "image/png"}));
            const event = new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true});
            document.querySelector(selector).dispatchEvent(event);
        }"""
        self.page.evaluate(script, [selector, data])

    def open_part(self, name):
        """Open an accordion unless it is open."""
        part = self.page.locator(f"#facechain_{name}")
        if not part.locator("input, textarea, button.lg, button.sm").first.is_visible():
            part.locator(".label-wrap").first.click()
        self.page.wait_for_timeout(300)

    def number(self, name, value=None):
        """Set a number, or read it."""
        field = self.page.locator(f"#facechain_{name} input[type=number]")
        if value is not None:
            field.fill(str(value))
            field.press("Tab")
        return float(field.input_value())

    def text(self, name, value=None):
        """Set a text, or read it."""
        field = self.page.locator(f"#facechain_{name} textarea, #facechain_{name} input").first
        if value is not None:
            field.fill(value)
            field.press("End")  # gradio 3 takes what is written into a drop-down when a key goes up in it
            field.press("Tab")
        return field.input_value()

    def tick(self, name, on=None):
        """Set a tick, or read it."""
        field = self.page.locator(f"#facechain_{name} input[type=checkbox]")
        if on is not None:
            field.set_checked(on)
        return field.is_checked()

    def choose(self, name, option):
        """Choose from a drop-down."""
        field = self.page.locator(f"#facechain_{name} input").first
        field.click()
        field.fill(option)
        self.page.locator(f'ul.options li[aria-label="{option}"]').first.click()
        field.press("Tab")

    def chosen(self, name):
        """What a drop-down shows."""
        return self.page.locator(f"#facechain_{name} input").first.input_value()

    def options(self, name):
        """What a drop-down offers."""
        field = self.page.locator(f"#facechain_{name} input").first
        field.click()
        self.page.wait_for_timeout(300)
        found = [text.strip(" ✓\n") for text in self.page.locator("ul.options li").all_inner_texts()]
        field.press("Escape")
        field.press("Tab")
        return found

    def click(self, name):
        """Press a button."""
        self.page.click(f"#facechain_{name}")

    def says(self, name, words, *, patience=PATIENCE):
        """Wait until a part of the page shows words."""
        self.page.wait_for_function(
            "([id, words]) => (document.getElementById(id) || {innerText: ''}).innerText.includes(words)",
            arg=[f"facechain_{name}", words],
            timeout=patience,
        )
        return self.page.inner_text(f"#facechain_{name}")

    def small(self, **numbers):
        """Settings that make a picture in seconds."""
        self.open_part("more")
        for name, value in {"steps": 2, "width": 64, "height": 64, "cfg": 3, "count": 1, "keep": 1, **numbers}.items():
            self.number(name, value)

    def pictures(self):
        """Addresses of the gallery's pictures."""
        return self.page.eval_on_selector_all("#facechain_gallery img", "all => all.map((one) => one.src)")

    def ended(self, *, patience=PATIENCE):
        """Wait until pictures are there: two steps of a small model do not always show a face to judge."""
        script = "() => /Likeness by|without a face/.test(document.getElementById('facechain_status').innerText)"
        self.page.wait_for_function(script, timeout=patience)

    def generate(self, *, again=False):
        """Press Generate and wait for the end; gives the settings of the first picture."""
        self.click("generate")
        if again:  # the sentence of the last time is still there
            self.page.wait_for_selector("#facechain_status .facechain-progress")
        self.ended()
        self.page.wait_for_timeout(500)
        return self.text("infotext")
