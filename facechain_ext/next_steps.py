"""The step that a message names: a button where a page is open, a command where there is none.

Messages are made far from any host, and the same fault has another remedy in the webui than in a terminal. So they ask
here, and the host says once, when it starts, which steps exist where its user is. The default is the command line.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from dataclasses import dataclass
from typing import Protocol

MEDIAPIPE = "mediapipe==0.10.9 flatbuffers absl-py attrs matplotlib"
"""Installed without what it asks for: that would replace the webui's numpy and protobuf, which it runs with."""
_ALONE = {
    "filelock": "filelock",
    "mediapipe": f"--no-deps {MEDIAPIPE}",
    "facexlib": "facexlib==0.3.0",
    "torchvision": "torchvision",
    "onnxruntime": "onnxruntime",
    "insightface": "insightface",
    "facenet_pytorch": "--no-deps facenet-pytorch",
    "requests": "requests",
    "modelscope": '-e ".[modelscope]"',
    "spandrel": '-e ".[restore]"',
    "diffusers": '-e ".[standalone]"',
    "transformers": '-e ".[standalone]"',
    "peft": '-e ".[training]"',
    "tomli": "tomli",
}
"""What pip is given for each package outside a webui."""
_BESIDE_A_WEBUI = {
    "filelock": "filelock",
    "mediapipe": MEDIAPIPE,
    "onnxruntime": "onnxruntime flatbuffers",
    "facenet_pytorch": "facenet-pytorch",
    "requests": "requests",
    "tomli": "tomli",
}
"""What may be added to a webui's environment by name, without anything that these ask for."""
_OF_A_WEBUI = frozenset({"torch", "safetensors", "numpy", "cv2", "PIL", "facexlib", "torchvision"})
"""What every webui brings."""


class NextSteps(Protocol):
    """The steps of one place, each as a sentence without its full stop."""

    def download(self, key: str, title: str) -> str:
        """How to get the weights that the manifest calls ``key``."""
        ...

    def verify(self) -> str:
        """How to compare the files with what was downloaded."""
        ...

    def list_weights(self) -> str:
        """Where every file that there is to have is listed."""
        ...

    def agree(self, key: str) -> str:
        """How to agree to the Python of a model repository."""
        ...

    def examine(self) -> str:
        """How to have the installation examined."""
        ...

    def list_styles(self) -> str:
        """Where all styles are listed."""
        ...

    def install(self, package: str) -> str:
        """How to get a Python package, by its import name; the whole sentence."""
        ...


@dataclass(frozen=True)
class CommandSteps:
    """The steps of a terminal."""

    def download(self, key: str, title: str) -> str:
        """A command."""
        del title
        return f"Run: facechain weights pull {key}"

    def verify(self) -> str:
        """A command."""
        return "Run: facechain weights verify"

    def list_weights(self) -> str:
        """A command."""
        return "Run: facechain weights list"

    def agree(self, key: str) -> str:
        """A command."""
        return f"Agree with: facechain weights consent {key}"

    def examine(self) -> str:
        """A command."""
        return "Run: facechain doctor"

    def list_styles(self) -> str:
        """A command."""
        return "Run: facechain styles list"

    def install(self, package: str) -> str:
        """A command of pip."""
        if package in ("facexlib", "torchvision"):
            return f"It comes with the webui; alone, run: pip install {_ALONE[package]}"
        if package not in _ALONE:
            return "It comes with the webui; alone, run: python install.py portrait"
        if package in ("diffusers", "transformers", "peft", "spandrel"):
            return f"Outside the webui's environment, run: pip install {_ALONE[package]}"
        return f"Run: pip install {_ALONE[package]}"


@dataclass(frozen=True)
class PageSteps:
    """The steps of the page; ``webui`` when it stands in one, whose packages must stay as they are."""

    webui: bool

    @property
    def _models(self) -> str:
        return "the Models page of the FaceChain tab" if self.webui else "the Models page"

    def download(self, key: str, title: str) -> str:
        """A button."""
        del key
        return f"Choose “{title}” on {self._models} and press Download"

    def verify(self) -> str:
        """A button."""
        return f"Press Verify on {self._models}"

    def list_weights(self) -> str:
        """A page."""
        return f"See {self._models} for every file there is"

    def agree(self, key: str) -> str:
        """A button."""
        return f"Agree to {key} on {self._models}, under “Networks that bring their own Python”"

    def examine(self) -> str:
        """A button."""
        return f"Press Examine on {self._models}, under “Doctor”"

    def list_styles(self) -> str:
        """A page."""
        return "Choose one of the Portrait page's gallery"

    def install(self, package: str) -> str:
        """In the webui the one line that leaves its packages as they are, or why there is none."""
        if not self.webui:
            return CommandSteps().install(package)
        if package in _OF_A_WEBUI:
            return "It belongs to the webui itself; let the webui install its own requirements again"
        if package in _BESIDE_A_WEBUI:
            line = f'"{sys.executable}" -m pip install --no-deps {_BESIDE_A_WEBUI[package]}'
            return f"Stop the webui, run: {line} and start it again"
        return (
            f"{package} would replace packages that the webui pins, so it is not used here; it works in an "
            "environment of its own, with the command line"
        )


@functools.cache
def is_installed(package: str) -> bool:
    """Whether ``package`` can be imported, without importing it."""
    return importlib.util.find_spec(package) is not None


@dataclass
class _Configuration:
    """The steps of this process."""

    steps: NextSteps


_configuration = _Configuration(CommandSteps())


def next_steps() -> NextSteps:
    """The steps that exist where the user is."""
    return _configuration.steps


def set_next_steps(steps: NextSteps | None) -> None:
    """Set the steps of this process; None restores those of the command line."""
    _configuration.steps = CommandSteps() if steps is None else steps
