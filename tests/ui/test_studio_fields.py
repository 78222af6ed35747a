"""The studio's fields on the page become settings, and settings the fields again."""

from __future__ import annotations

import pytest

pytest.importorskip("gradio", reason="gradio is not installed")

from dataclasses import asdict, replace

from facechain_ext.recipes.studio.presets import PRESETS
from facechain_ext.recipes.template import Settings
from facechain_ext.ui.template import studio_fields
from facechain_ext.ui.template.jobs import StudioSettings

OWN = [stage for stage in PRESETS["published"].stages if stage != "first"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("published", OWN, 0.5, 0.5, "auto"), StudioSettings()),
        (("published", ["lips", "eyes"], 0.5, 0.5, "auto"), StudioSettings(studio_stages="first, eyes, lips")),
        (("LCM", OWN, 0.2, 0.8, "Lanczos"), StudioSettings("LCM", "", 0.2, 0.8, "Lanczos")),
        (("published", [], 0.5, 0.5, None), StudioSettings(studio_stages="first")),
    ],
)
def test_fields_become_settings_and_come_back(values, expected):
    found = studio_fields.read(values)
    assert found == expected
    restored = studio_fields.updates(replace(Settings(), **asdict(found)))
    assert studio_fields.read(restored) == expected
