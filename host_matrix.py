"""The packages of each webui, as environments in which the library and the glue are tested without a webui.

``python install.py matrix`` makes one for each row whose Python is on this machine and says which rows did not run.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

TESTS = (
    "tests/hosts/webui",
    "tests/faces",
    "tests/identity",
    "tests/methods",
    "tests/weights",
    "tests/storage",
    "tests/labels",
)
"""What runs under every row: what a webui loads, and what it loads from."""


@dataclass(frozen=True)
class Combination:
    """The packages of one webui: ``python`` is its version, ``pins`` are its packages that the code touches."""

    name: str
    python: str
    pins: tuple[str, ...]

    @property
    def has_pydantic_2(self) -> bool:
        """Whether its gradio is of the line that needs pydantic 2."""
        return any(pin.startswith("pydantic==2") for pin in self.pins)


MATRIX = (
    Combination(
        "AUTOMATIC1111 1.10.1, reForge",
        "3.10",
        ("numpy==1.26.2", "Pillow==9.5.0", "gradio==3.41.2", "pydantic==1.10.15", "fastapi==0.94.0", "httpx==0.24.1"),
    ),
    Combination(
        "Forge Classic",
        "3.11",
        ("numpy==1.26.2", "Pillow==9.5.0", "gradio==3.43.2", "pydantic==1.10.20", "fastapi==0.94.0", "httpx==0.24.1"),
    ),
    Combination(
        "Forge",
        "3.10",
        ("numpy==1.26.2", "Pillow==9.5.0", "gradio==4.40.0", "pydantic==2.8.2", "pydantic_core==2.20.1"),
    ),
    Combination(
        "Forge Neo",
        "3.13",
        (
            "numpy==2.3.5",
            "Pillow==12.2.0",
            "gradio==4.40.0",
            "pydantic==2.10.6",
            "pydantic_core==2.27.2",
            "audioop-lts==0.2.2",  # gradio's pydub asks for what Python 3.13 dropped
        ),
    ),
)
"""Python, numpy, Pillow, gradio and pydantic as each webui's requirements pin them."""
COMMON = (
    "torch", "torchvision", "huggingface-hub<0.27", "safetensors>=0.4.2", "opencv-python-headless<4.12", "filelock",
    "einops", "omegaconf", "scikit-image", "hypothesis>=6.100", "pytest>=8", "pytest-xdist>=3.6", "pytest-timeout>=2.3",
    "pytest-rerunfailures>=14", "transformers", "diffusers", "accelerate", "peft", "typer",
    "matplotlib<3.11",
)  # fmt: skip
"""The rest of what a webui has, and the tests with what their small U-Nets are made by (diffusers and its kin).

gradio imports matplotlib at each event, and old mediapipe with its drawings.

That the code does without the latter is tested under AUTOMATIC1111's pins by ``install.py test``."""
OLD_MEDIAPIPE = ("flatbuffers", "absl-py", "attrs", "protobuf==3.20.3")
"""What mediapipe 0.10.9 needs beside a webui's packages."""


def find_python(version: str) -> str:
    """A Python of ``version`` such as "3.13" on this machine, by name or of pyenv; "" where there is none."""
    found = [shutil.which(f"python{version}"), *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))]
    return next((python for python in found if python and _version(python) == version), "")


def _version(python: str) -> str:
    """The version of a Python; "" where it does not start, as a name without a program behind it."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return ""


def steps(row: Combination, gradio: str, mediapipe: str, ldm: str, folder: Path) -> list[list[str]]:
    """Pip's arguments, in order, for the environment of ``row`` in ``folder``.

    ``gradio`` are the exact packages of gradio 4.40, ``mediapipe`` and ``ldm`` the pins of those packages.
    """
    if not row.has_pydantic_2:
        packages = [[*COMMON, *OLD_MEDIAPIPE, *row.pins], ["--no-deps", "mediapipe==0.10.9", ldm]]
        return [*packages, ["--no-deps", "facexlib==0.3.0", "filterpy"]]
    own = {pin.partition("==")[0].lower() for pin in row.pins}
    others = [pin for pin in gradio.split() if pin.partition("==")[0].lower() not in own]
    exact = [pin for pin in row.pins if pin.partition("==")[0] not in ("numpy", "Pillow")]
    numbers = [pin for pin in row.pins if pin not in exact]
    wheel = ["download", "--no-deps", "--only-binary=:all:", "--python-version", "3.12", "-d", str(folder), mediapipe]
    return [[*COMMON, *numbers], ["--no-deps", *others, *exact, ldm, "facexlib==0.3.0"], wheel]
