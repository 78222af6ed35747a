"""The page, served without a webui on random tiny models, in a real browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from facechain_ext.cli.serve import give_gradio_its_name
from tests import chromium
from tests.processes import end
from tests.ui.driver import Driver, Server

give_gradio_its_name()

ROOT = Path(__file__).resolve().parents[2]


def pytest_collection_modifyitems(config, items):
    """Let a test in a browser run twice more when it fails: on a busy machine gradio sometimes answers too late."""
    for item in items:
        if "can_be_opened" not in getattr(item, "fixturenames", ()):
            continue
        if config.pluginmanager.hasplugin("rerunfailures"):
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(scope="session")
def can_be_opened():
    """Skip what needs the page in a browser where that cannot be; where it was asked for, fail."""
    lacking = chromium.missing("gradio", "diffusers", "mediapipe")
    if lacking and os.environ.get("FACECHAIN_BROWSER_TESTS") == "required":
        pytest.fail(lacking)
    if lacking:
        pytest.skip(lacking)


def files_below(folder):
    return (path for path in folder.rglob("*") if not path.is_dir())


@contextmanager
def served(folder, *options, **variables):
    """The page in a process of its own, with nothing but small random models, what it needs below ``folder``.

    ``options`` are those of the command, ``variables`` are added to the environment.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "FACECHAIN_MODELS_DIR": str(folder / "models"),
        "GRADIO_TEMP_DIR": str(folder / "uploads"),
        "GRADIO_ANALYTICS_ENABLED": "False",
        **variables,
    }
    command = [sys.executable, "-W", "ignore", "-m", "facechain_ext", "serve", "--port", str(port), *options]
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
        yield Server(f"http://127.0.0.1:{port}/", folder, frozenset(files_below(folder / "models")))
    finally:
        end(process)


@pytest.fixture(scope="session")
def server(tmp_path_factory, can_be_opened):
    """The page that most tests share."""
    with served(tmp_path_factory.mktemp("served")) as one:
        yield one


@pytest.fixture(scope="session")
def browser(can_be_opened):
    """Chromium, headless."""
    with chromium.running() as opened:
        yield opened


@pytest.fixture
def page(server, browser):
    """The page, freshly opened on nothing saved or trained before, and closed after the test.

    A second try would else be refused the names that the first one has taken.
    """
    for path in files_below(server.folder / "models"):
        if path not in server.files:
            path.unlink(missing_ok=True)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    driver = Driver.open(context, server)
    yield driver
    driver.page.unroute_all(behavior="ignoreErrors")  # else a route in flight fails the next test
    context.close()
