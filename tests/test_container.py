"""The container's files name what is there; no image is built here."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()


def test_what_is_copied_is_there_and_not_ignored():
    copied = [name for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.M) for name in line.split()]
    assert len(copied) > 5
    for name in copied:
        assert (ROOT / name).exists()
        assert name not in IGNORED


@pytest.mark.parametrize("name", ["install", "standalone_steps", "GRADIO", "GRADIO_LIMITS"])
def test_what_the_image_takes_from_install_py_is_there(name):
    assert name in DOCKERFILE
    tree = ast.parse((ROOT / "install.py").read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    values = {ast.unparse(target) for node in tree.body if isinstance(node, ast.Assign) for target in node.targets}
    assert name in functions | values


def test_the_models_folder_is_the_one_that_the_program_reads(monkeypatch):
    from facechain_ext.weights.folders import models_folder

    (name, value) = re.search(r"(FACECHAIN_\w+)=(\S+)", DOCKERFILE).groups()
    monkeypatch.setenv(name, value)
    assert str(models_folder()) == value
