"""One table of a portrait's settings: recipes and templates have its ranges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facechain_ext.errors import InputError
from facechain_ext.recipes.portrait_settings import check_ranges, portrait_setting
from facechain_ext.recipes.style_settings import Settings
from facechain_ext.recipes.template.settings import template_setting


@pytest.mark.parametrize("name", ["strength", "count", "steps", "cfg", "width", "height", "pose_weight"])
def test_check_ranges_refuses_what_is_outside_alone(name):
    row = portrait_setting(name)
    for inside in (row.low, row.high, None):
        check_ranges([row], replace(Settings(), **{name: inside}))
    for outside in (row.low - 1, row.high + 1, float("nan")):
        with pytest.raises(InputError, match=f"{name} is .*; set it to {row.limits}"):
            check_ranges([row], replace(Settings(), **{name: outside}))


def test_templates_have_the_ranges_of_portraits():
    for name in ("strength", "steps", "cfg"):
        assert template_setting(name).slider == portrait_setting(name).slider
