"""The browser that opens pages in the tests: the system's Chromium, without a window."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip


def path() -> str | None:
    """The browser's program; CHROMIUM names another one than the system's."""
    return os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


def missing(*packages: str) -> str:
    """What a test in a browser lacks here, in words; nothing when it can run."""
    lacking = [name for name in ("playwright", *packages) if find_spec(name) is None]
    if lacking:
        return f"not installed: {', '.join(lacking)}"
    return "" if path() else "there is no Chromium: apt install chromium"


@contextmanager
def running() -> Iterator[Browser]:
    """The browser, until the end of the block."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path(), args=list(FLAGS))
        yield opened
        opened.close()
