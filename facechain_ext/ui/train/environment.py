"""The Python environment for training, separate from the host's so that none of its packages change."""

from __future__ import annotations

import os
from pathlib import Path

from facechain_ext.errors import HostError

ROOT = Path(__file__).resolve().parents[3]
PYTHON = "FACECHAIN_TRAIN_PYTHON"
"""Environment variable with the path of another training Python."""
HOW_POSIX = (
    "Training needs an environment of its own, apart from the webui's. Make it once, in the extension's folder: "
    'python -m venv train-venv && train-venv/bin/pip install -e ".[standalone,training]"'
)
HOW_WINDOWS = (
    "Training needs an environment of its own, apart from the webui's. Make it once, in the extension's folder, with "
    "two commands: py -m venv train-venv, and then: "
    'train-venv\\Scripts\\python -m pip install -e ".[standalone,training]"'
)
HOW = HOW_WINDOWS if os.name == "nt" else HOW_POSIX


def environment(own: Path | None = None) -> Path:
    """The training Python: FACECHAIN_TRAIN_PYTHON, else ``train-venv`` in the extension's folder, else ``own``.

    The browser cannot choose it, so that no request runs a program. Raises HostError with the setup command.
    """
    named = os.environ.get(PYTHON, "")
    place = ROOT / "train-venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    python = Path(named or place)
    if python.is_file():
        return python
    if named or own is None:
        raise HostError(f"There is no {python}. {HOW}")
    return own
