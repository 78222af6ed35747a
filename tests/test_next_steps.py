"""No message sends a user to a step that does not exist where the user is."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

import facechain_ext
from facechain_ext import doctor, faces
from facechain_ext.errors import FaceChainError
from facechain_ext.next_steps import CommandSteps, PageSteps, next_steps, set_next_steps
from facechain_ext.retouch.sandbox import consent
from facechain_ext.styles import find_style
from facechain_ext.weights import lock_file, read_state_dict, store
from facechain_ext.weights.manifest import manifest

PACKAGE = Path(facechain_ext.__file__).parent
COMMANDS = "weights|doctor|styles|serve|portrait|template|identity|train|bench|demo|evaluate"
COMMAND = re.compile(rf"\bfacechain ({COMMANDS})\b|\bpip3? install\b|\binstall\.py\b")
OF_A_TERMINAL = (
    "bench/",
    "cli/",
    "demo/",
    "hosts/diffusers/",
    "training/",
    "next_steps.py",
    "__main__.py",
    "ui/train/environment.py",
)
"""Files whose texts only a terminal shows, and the page's command for the training environment, which is a separate
environment."""


@pytest.fixture
def in_a_webui(models_folder):
    set_next_steps(PageSteps(webui=True))
    yield models_folder
    set_next_steps(None)


def texts(path):
    """The texts of a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described
    ]


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(OF_A_TERMINAL):
            yield name, path


def test_no_text_of_the_library_or_of_a_page_holds_a_command():
    found = {name: text for name, path in modules() for text in texts(path) if COMMAND.search(text)}
    assert found == {}


def test_the_search_itself_finds_commands(tmp_path):
    path = tmp_path / "one.py"
    path.write_text('"""Run: facechain doctor."""\nX = f"{1} Run: facechain weights pull a"\nY = "pip install b"\n')
    assert [bool(COMMAND.search(text)) for text in texts(path)] == [True, True]


def refused(work):
    with pytest.raises(FaceChainError) as caught:
        work()
    return str(caught.value)


def test_in_a_webui_every_step_is_one_that_a_webui_has(in_a_webui):
    said = [store.how_to_get(key) for key in manifest()]
    said += [consent.remedy(key) for key in consent.keys_with_code()]
    said += [f"{check.detail} {check.remedy}" for check in doctor.examine()]
    said += [row.remedy for row in faces.availability()]
    said += [refused(lambda: find_style("no such style")), refused(lambda: read_state_dict(in_a_webui / "none.pt"))]
    (in_a_webui / lock_file.LOCK_FILE).write_text("{", encoding="utf-8")
    said.append(refused(lock_file.read_lock))
    for text in said:
        found = COMMAND.search(text)
        assert found is None or f'"{sys.executable}" -m pip install --no-deps ' in text, text
    assert any("press Download" in text for text in said)
    assert all(str(in_a_webui) in text for text in said if " or put the " in text)


@pytest.mark.parametrize("webui", [True, False])
def test_a_download_is_a_button_of_the_page_by_the_title_that_it_shows(webui):
    entry = manifest()["transface"]
    words = PageSteps(webui=webui).download(entry.key, entry.title)
    assert entry.title in words
    assert "Download" in words


def test_a_terminal_gets_commands_and_is_the_default():
    assert isinstance(next_steps(), CommandSteps)
    assert "facechain weights pull transface" in store.how_to_get("transface")


@pytest.mark.parametrize("package", ["modelscope", "insightface", "diffusers", "peft"])
def test_what_would_replace_packages_of_the_webui_has_no_line_there(package):
    assert "pip" not in PageSteps(webui=True).install(package)
    assert "pip install" in PageSteps(webui=False).install(package)
