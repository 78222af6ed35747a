"""A real webui with a browser before it, for the tests that ask for one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import chromium
from tests.hosts.webui.browser import Tab
from tests.hosts.webui.hosts import start


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    if os.environ.get("WEBUI_URL"):
        yield os.environ["WEBUI_URL"]
        return
    log = tmp_path_factory.mktemp("webui") / "log.txt"
    process, running = start(Path(os.environ["WEBUI_DIR"]), log, page=True)
    yield running.url
    process.terminate()
    process.wait(60)


@pytest.fixture(scope="module")
def running():
    with chromium.running() as one:
        yield one


@pytest.fixture(scope="module")
def tab(running, url):
    one = Tab(running, url)
    one.open()
    return one
