"""Whether faces can be found here, for tests that need a detector and take any."""

from __future__ import annotations

import pytest


def need_detector() -> None:
    """Skip the test that calls this, or the whole file, where MediaPipe's networks are not here.

    They come with mediapipe or, on a Python that has none, out of its wheel by OpenCV.
    """
    from facechain_ext.faces.mediapipe_wheel import find_wheel, has_solutions

    if not has_solutions() and find_wheel() is None:
        pytest.skip("no face detector is installed", allow_module_level=True)
