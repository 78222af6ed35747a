"""What the webui prints at its start because of us, and what the checks close with."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path

import pytest

import host_matrix

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


def test_a_python_without_mediapipe_is_told_how_to_get_its_networks(install, monkeypatch, capsys):
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda _module: None)
    monkeypatch.setattr(install.sys, "version_info", (3, 13, 0))
    assert install.main([]) == 0
    printed = capsys.readouterr().out
    assert "pip download --no-deps" in printed
    assert "pip install" not in printed


def test_the_matrix_has_both_ends_of_every_package():
    rows = [dict(pin.split("==") for pin in row.pins) | {"python": row.python} for row in host_matrix.MATRIX]
    ends = {
        "python": ("3.10", "3.13"), "numpy": ("1.26.2", "2.3.5"), "Pillow": ("9.5.0", "12.2.0"),
        "gradio": ("3.41.2", "4.40.0"),
    }  # fmt: skip
    for package, both in ends.items():
        assert {row[package] for row in rows} >= set(both)
    assert {row["pydantic"].partition(".")[0] for row in rows} == {"1", "2"}


@pytest.mark.parametrize("row", host_matrix.MATRIX, ids=lambda row: row.name)
def test_the_steps_of_a_row_pin_each_package_once(install, row, tmp_path):
    steps = host_matrix.steps(row, install.GRADIO, install.MEDIAPIPE, install.LDM, tmp_path)
    names = Counter(pin.partition("==")[0].lower() for step in steps for pin in step if "==" in pin)
    assert max(names.values()) == 1
    assert {pin.partition("==")[0].lower() for pin in row.pins} <= names.keys()


def test_a_python_that_does_not_start_is_none(monkeypatch, tmp_path):
    (tmp_path / "python3.99").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3.99").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert host_matrix.find_python("3.99") == ""


@pytest.mark.parametrize("uv", [None, "/usr/bin/uv"])
def test_uv_installs_where_it_is_and_pip_downloads(install, uv):
    command = install.installer("venv/bin/python", ["--no-deps", "facexlib"], uv)
    assert command[-2:] == ["--no-deps", "facexlib"]
    assert command[:3] == ([uv, "pip", "install"] if uv else ["venv/bin/python", "-m", "pip"])
    assert install.installer("venv/bin/python", ["download", "facexlib"], uv)[1:4] == ["-m", "pip", "download"]
