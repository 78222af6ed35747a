"""The page, served without a webui on random small models, in a real browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from facechain_ext.standalone.commands.serve import give_gradio_its_name
from tests.page.driver import Driver, Server

give_gradio_its_name()

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync")  # fmt: skip


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The page in a process of its own, with nothing but small random models."""
    for module in ("gradio", "diffusers", "mediapipe"):
        pytest.importorskip(module, reason=f"{module} is not installed; the page cannot be served")
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "FACECHAIN_MODELS_DIR": str(folder / "models"),
        "GRADIO_TEMP_DIR": str(folder / "uploads"),
        "GRADIO_ANALYTICS_ENABLED": "False",
    }
    command = [sys.executable, "-W", "ignore", "-m", "facechain_ext", "serve", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--out", str(folder / "out")], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        until = time.monotonic() + 240
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"the page was not served:\n{(folder / 'log').read_text(encoding='utf-8')[-4000:]}")
            time.sleep(0.5)
        yield Server(f"http://127.0.0.1:{port}/", folder)
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="session")
def browser():
    """Chromium, headless."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    with api.sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        path = found or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("there is no Chromium: apt install chromium, or playwright install chromium")
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def page(server, browser):
    """The page, freshly opened, and closed after the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Driver.open(context, server)
    context.close()
