"""The portrait and the detector of the tests of faces."""

from __future__ import annotations

from tests.faces.conftest import astronaut, detector, face  # noqa: F401
