"""Where the models folder is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from facechain_ext.weights import models_folder, set_models_folder


@pytest.fixture(autouse=True)
def _default_folder():
    yield
    set_models_folder(None)


def test_the_models_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("FACECHAIN_MODELS_DIR", raising=False)
    assert models_folder().parts[-2:] == ("facechain", "models")
    monkeypatch.setenv("FACECHAIN_MODELS_DIR", str(tmp_path / "env"))
    assert models_folder() == tmp_path / "env"
    set_models_folder(tmp_path / "host")
    assert models_folder() == tmp_path / "host"


def test_importing_the_package_loads_no_torch():
    import subprocess

    code = "import sys, facechain_ext.weights; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0
