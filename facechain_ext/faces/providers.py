"""Which providers there are for each ability, which of them can work here, and the choice of the best."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError

if TYPE_CHECKING:
    from facechain_ext.faces.types import Detector, HeadMasker


@functools.cache
def detector(name: str = "auto") -> Detector:
    """The detector called ``name``, or the best that can work here.

    Raises HostError when it cannot, saying which command would change that.
    """
    if name not in {"auto", "mediapipe"}:
        raise HostError(f"There is no face detector called {name}; choose auto or mediapipe.")
    from facechain_ext.faces.detect.mediapipe import MediapipeDetector

    try:
        return MediapipeDetector()
    except ImportError as error:
        raise HostError("No face detector can work here: run `pip install mediapipe==0.10.14`.") from error


@functools.cache
def head_masker(name: str = "auto") -> HeadMasker:
    """The head masker called ``name``, or the best that can work here.

    Raises HostError when it cannot, saying which command would change that.
    """
    if name not in {"auto", "mediapipe"}:
        raise HostError(f"There is no head masker called {name}; choose auto or mediapipe.")
    from facechain_ext.faces.mask.mediapipe import MediapipeMasker

    try:
        return MediapipeMasker()
    except ImportError as error:
        raise HostError("No head masker can work here: run `pip install mediapipe==0.10.14`.") from error
