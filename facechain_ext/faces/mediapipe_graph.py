"""MediaPipe's graphs, of the package or by OpenCV: loading them without output, and running one picture at a time."""

from __future__ import annotations

import os
import threading
import warnings
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from facechain_ext.faces.mediapipe_wheel import find_wheel, has_solutions, remedy

if TYPE_CHECKING:
    from types import ModuleType

    from facechain_ext.faces.types import Pixels

OutputT_co = TypeVar("OutputT_co", covariant=True)
OutputT = TypeVar("OutputT")

_lock = threading.Lock()  # a graph processes one picture at a time


class Graph(Protocol[OutputT_co]):
    """A MediaPipe solution."""

    def process(self, image: Pixels) -> OutputT_co:
        """The output for an RGB picture uint8 [h, w, 3]."""
        ...


def load_solutions() -> ModuleType:
    """MediaPipe's module of solutions, imported at the first call, with its log output and warnings turned off.

    Where no such package is installed it is our own of the same calls, which runs the networks of its wheel.

    Raises:
        ImportError: neither is here.
    """
    if not has_solutions():
        if find_wheel() is None:
            raise ImportError(f"MediaPipe's networks are not here. {remedy()}")
        from facechain_ext.faces import opencv_solutions

        return opencv_solutions
    os.environ.setdefault("GLOG_minloglevel", "2")  # its C++ part writes to stderr otherwise
    from mediapipe.python import solutions  # the package's own __init__ also loads its much larger tasks API

    warnings.filterwarnings("ignore", message=r"SymbolDatabase\.GetPrototype", category=UserWarning)
    module: ModuleType = solutions
    return module


def run_graph(graph: Graph[OutputT], pixels: Pixels) -> OutputT:
    """The output of a graph for an RGB picture uint8 [h, w, 3]; calls from several threads wait for each other."""
    with _lock:
        return graph.process(np.ascontiguousarray(pixels))
