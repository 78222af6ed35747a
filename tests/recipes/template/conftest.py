"""A template of three faces."""

from __future__ import annotations

import pytest

from facechain_ext.recipes.template import find_template_faces, read_template
from tests.recipes.template.portraits import HEAD, png, relit, row


@pytest.fixture(scope="module")
def three():
    return read_template(png(row(HEAD, HEAD[:, ::-1], relit(HEAD, 0.9, 1.1))), name="three.png")


@pytest.fixture(scope="module")
def targets(three):
    return find_template_faces(three.pixels)
