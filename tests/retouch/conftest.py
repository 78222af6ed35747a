"""The portrait and the detector that the tests of faces use."""

from __future__ import annotations

from tests.faces.conftest import astronaut, detector, face

__all__ = ["astronaut", "detector", "face"]
