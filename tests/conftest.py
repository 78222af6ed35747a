"""What every test needs before torch is loaded."""

from __future__ import annotations

import os

import pytest

# Small models gain nothing by threads, and threads that wait in a loop cost minutes where others want the processor.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def _in_a_terminal():
    """Every test begins where no page is open; what starts a host in a test says otherwise."""
    from facechain_ext.next_steps import set_next_steps

    set_next_steps(None)
    yield
    set_next_steps(None)


@pytest.fixture
def models_folder(tmp_path, monkeypatch):
    """An empty models folder, and no other place in which networks would be looked for."""
    from facechain_ext.weights import set_models_folder

    folder = tmp_path / "models" / "FaceChain"
    folder.mkdir(parents=True)
    monkeypatch.setenv("INSIGHTFACE_HOME", str(tmp_path / "nowhere"))
    set_models_folder(folder)
    yield folder
    set_models_folder(None)
