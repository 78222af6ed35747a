"""Where the Train page finds a Python that can train, and what it says without one."""

from __future__ import annotations

import os
import sys

import pytest

from facechain_ext.errors import HostError
from facechain_ext.ui.train import environment as environments
from facechain_ext.ui.train.environment import HOW_POSIX, HOW_WINDOWS, environment


def test_without_an_environment_it_says_how_to_make_one(monkeypatch, tmp_path):
    monkeypatch.setenv(environments.PYTHON, str(tmp_path / "none"))
    with pytest.raises(HostError, match="python -m venv train-venv"):
        environment()
    with pytest.raises(HostError, match="python -m venv train-venv"):
        environment(tmp_path)  # what was named is meant
    monkeypatch.setenv(environments.PYTHON, sys.executable)
    assert environment().is_file()


def test_a_page_that_can_train_needs_no_environment_beside_it(monkeypatch, tmp_path):
    monkeypatch.delenv(environments.PYTHON, raising=False)
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    assert environment(tmp_path / "own") == tmp_path / "own"
    made = tmp_path / "train-venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    made.parent.mkdir(parents=True)
    made.touch()
    assert environment(tmp_path / "own") == made


def test_how_to_make_the_environment_has_a_form_for_each_system():
    """Checked against where venv puts its programs: bin on POSIX, Scripts on Windows, whose shells know no && ."""
    assert "train-venv/bin/pip install" in HOW_POSIX
    assert "train-venv\\Scripts\\python -m pip install" in HOW_WINDOWS
    assert "&&" not in HOW_WINDOWS
    assert "bin/" not in HOW_WINDOWS
    assert HOW_WINDOWS.count('".[standalone,training]"') == HOW_POSIX.count('".[standalone,training]"') == 1
