"""The next step that a message names: a button of the page, or a command of the terminal; and installed packages.

Messages are written in code that knows no host, but the same fault has another remedy in the webui than in a terminal.
The host sets the steps of its user once, when it starts; the default is the command line.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from dataclasses import dataclass
from typing import Protocol

MEDIAPIPE = "mediapipe==0.10.9 flatbuffers absl-py attrs matplotlib"
"""Installed without its dependencies, which would replace the numpy and protobuf of the webui; it works with those."""
NO_MEDIAPIPE = (3, 13)
"""The first Python for which no mediapipe has ``solutions`` and the networks."""
_STANDALONE_REQUIREMENTS = {
    "filelock": "filelock",
    "mediapipe": f"--no-deps {MEDIAPIPE}",
    "facexlib": "facexlib==0.3.0",
    "torchvision": "torchvision",
    "onnxruntime": "onnxruntime",
    "insightface": "insightface",
    "facenet_pytorch": "--no-deps facenet-pytorch",
    "requests": "requests",
    "modelscope": '-e ".[modelscope]"',
    "diffusers": '-e ".[standalone]"',
    "transformers": '-e ".[standalone]"',
    "peft": '-e ".[training]"',
    "tomli": "tomli",
    "dlib": "dlib-bin face-recognition-models",
    "face_recognition_models": "dlib-bin face-recognition-models",
    "c2pa": '-e ".[c2pa]"',
    "ray": '-e ".[ray]"',
    "imageio_ffmpeg": '-e ".[video]"',
}
"""pip's arguments for each package outside a webui, by import name."""
_WEBUI_ADDITIONS = {
    "filelock": "filelock",
    "mediapipe": MEDIAPIPE,
    "onnxruntime": "onnxruntime flatbuffers",
    "facenet_pytorch": "facenet-pytorch",
    "requests": "requests",
    "tomli": "tomli",
    "dlib": "dlib-bin face-recognition-models",
    "face_recognition_models": "dlib-bin face-recognition-models",
    "imageio_ffmpeg": "imageio-ffmpeg",
}
"""pip's arguments for each package that can be added to a webui's environment without its dependencies."""
_WEBUI_PACKAGES = frozenset({"torch", "safetensors", "numpy", "cv2", "PIL", "facexlib", "torchvision"})
"""Packages of every webui."""


_NO_MEDIAPIPE_STEP = "No mediapipe for this Python has what is needed here; Python 3.10 to 3.12 have one"


class NextSteps(Protocol):
    """The steps of one user interface, each a sentence without its full stop."""

    def download(self, key: str, title: str) -> str:
        """The step that downloads the weights ``key`` of the manifest."""
        ...

    def verify(self) -> str:
        """The step that compares the files with their recorded digests."""
        ...

    def list_weights(self) -> str:
        """The step that lists every file of the manifest."""
        ...

    def agree(self, key: str) -> str:
        """The step that consents to the Python code of a model repository."""
        ...

    def examine(self) -> str:
        """The step that shows the doctor's report."""
        ...

    def list_styles(self) -> str:
        """The step that lists all styles."""
        ...

    def set_up_engine(self) -> str:
        """The step that names a foreign engine of talking portraits."""
        ...

    def install(self, package: str) -> str:
        """The step that installs a Python package, by its import name; a complete sentence."""
        ...


@dataclass(frozen=True)
class CommandSteps:
    """The steps of the command line."""

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

    def set_up_engine(self) -> str:
        """Options of a command."""
        return "Name its folder or its command line with --engine-folder or --engine-command"

    def install(self, package: str) -> str:
        """A command of pip."""
        if package in ("facexlib", "torchvision"):
            return f"It comes with the webui; alone, run: pip install {_STANDALONE_REQUIREMENTS[package]}"
        if package not in _STANDALONE_REQUIREMENTS:
            return "It comes with the webui; alone, run: python install.py portrait"
        if package in ("diffusers", "transformers", "peft"):
            return f"Outside the webui's environment, run: pip install {_STANDALONE_REQUIREMENTS[package]}"
        if package == "mediapipe" and sys.version_info[:2] >= NO_MEDIAPIPE:
            return _NO_MEDIAPIPE_STEP
        return f"Run: pip install {_STANDALONE_REQUIREMENTS[package]}"


@dataclass(frozen=True)
class PageSteps:
    """The steps of the page; ``webui`` is True inside a webui, whose packages must not be replaced."""

    webui: bool

    @property
    def _models_page(self) -> str:
        return "the Models page of the FaceChain tab" if self.webui else "the Models page"

    def download(self, key: str, title: str) -> str:
        """A button."""
        del key
        return f"Choose “{title}” on {self._models_page} and press Download"

    def verify(self) -> str:
        """A button."""
        return f"Press Verify on {self._models_page}"

    def list_weights(self) -> str:
        """A page."""
        return f"See {self._models_page} for every file there is"

    def agree(self, key: str) -> str:
        """A button."""
        return f"Agree to {key} on {self._models_page}, under “Networks that bring their own Python”"

    def examine(self) -> str:
        """A button."""
        return f"Press Examine on {self._models_page}, under “Doctor”"

    def list_styles(self) -> str:
        """A page."""
        return "Choose one of the Portrait page's gallery"

    def set_up_engine(self) -> str:
        """A page of settings, or options of the command that serves the page."""
        if self.webui:
            return "Name its folder or its command line in the webui's Settings, under FaceChain"
        return "Start the page with --sadtalker or --talking-command"

    def install(self, package: str) -> str:
        """In a webui, the command that replaces none of its packages, or the reason why there is none."""
        if not self.webui:
            return CommandSteps().install(package)
        if package in _WEBUI_PACKAGES:
            return "It belongs to the webui itself; let the webui install its own requirements again"
        if package == "mediapipe" and sys.version_info[:2] >= NO_MEDIAPIPE:
            return _NO_MEDIAPIPE_STEP
        if package in _WEBUI_ADDITIONS:
            line = f'"{sys.executable}" -m pip install --no-deps {_WEBUI_ADDITIONS[package]}'
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
    """The steps of this process."""
    return _configuration.steps


def set_next_steps(steps: NextSteps | None) -> None:
    """Set the steps of this process; None restores those of the command line."""
    _configuration.steps = CommandSteps() if steps is None else steps
