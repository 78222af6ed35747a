"""What the webui prints at its start because of us, and what the checks close with."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "install.py"


@pytest.fixture(scope="module")
def install():
    spec = importlib.util.spec_from_file_location("facechain_install", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ({"facexlib"}, ""),
        ({"mediapipe"}, ""),
        ({"facexlib", "mediapipe", "modelscope"}, ""),
        ({"modelscope", "onnxruntime"}, "mediapipe==0.10.9 flatbuffers absl-py attrs matplotlib"),
    ],
)
def test_only_what_is_needed_and_missing_is_said(install, monkeypatch, capsys, there, words):
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda module: module in there or None)
    assert install.main([]) == 0
    printed = capsys.readouterr().out
    assert words in printed
    assert bool(printed) == bool(words)
    assert printed.count("\n") <= 1


REPORT = """<testsuites><testsuite>
<testcase classname="tests.a" name="test_one"/>
<testcase classname="tests.a" name="test_two"><failure message="wrong"/></testcase>
<testcase classname="tests.a" name="test_three"><skipped message="no camera">a.py:3: no camera</skipped></testcase>
<testcase classname="tests.a" name="test_four"><skipped message="Skipped: no camera">a.py:9</skipped></testcase>
<testcase classname="" name="tests.b"><skipped message="collection skipped">('b.py', 3, "Skipped: it's not here")
</skipped></testcase>
<testcase classname="tests.c" name="test_five"><error message="no fixture"/></testcase>
</testsuite></testsuites>"""


def test_the_checks_close_with_what_did_not_run_and_why(install, monkeypatch, tmp_path):
    monkeypatch.setattr(install, "REPORTS", tmp_path)
    (tmp_path / "first.xml").write_text(REPORT)
    (tmp_path / "second.xml").write_text(REPORT)
    lines = install.not_run()
    assert lines[:3] == [
        "first: 3 of 6 did not run",
        "  2 in tests/a: no camera",
        "  1 in tests/b: it's not here",
    ]
    assert lines[3] == "second: 3 of 6 did not run"
    assert lines[-1] == "2 passed, 4 failed, 6 skipped"
