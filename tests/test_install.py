"""What the webui prints at its start because of us: nothing, unless no face can be found."""

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
