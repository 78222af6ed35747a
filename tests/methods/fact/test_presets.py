"""What a preset and a curve among FACT's settings become in a U-Net."""

from __future__ import annotations

import pytest
import torch

from facechain_ext.errors import InputError
from facechain_ext.methods.fact.increment_cache import IncrementCache
from facechain_ext.methods.fact.presets import FAST, PRESETS, PUBLISHED, SETTINGS
from facechain_ext.methods.protocol import RuntimeOptions

ROWS = {row.name: row for row in SETTINGS}


@pytest.mark.parametrize(
    ("given", "window"),
    [((0.0, 1.0), (0.2, 1.0)), ((0.3, 0.9), (0.3, 0.9)), ((0.0, 0.2), (0.0, 0.2)), ((0.1, 0.25), (0.2, 0.25))],
)
def test_fast_begins_later_but_never_not_at_all(given, window):
    assert PRESETS[FAST].window(given) == window
    assert PRESETS[PUBLISHED].window(given) == given


def test_fast_computes_every_third_step():
    cache = PRESETS[FAST].increment_cache(RuntimeOptions())
    computed = ""
    for step in range(5, 25):
        cache.begin(step / 25, "rows")
        found = cache.lookup("site", torch.zeros(1, 2, 3))
        computed += "c" if found is None else "r"
        cache.store("site", torch.zeros(1, 2, 3))
    assert computed == "crrcrrcrrcrrcrrcrrcr"


def test_published_leaves_the_webuis_own_switches_alone():
    preset = PRESETS[PUBLISHED]
    assert preset.increment_cache(RuntimeOptions()) is None
    assert isinstance(preset.increment_cache(RuntimeOptions(every_second_step=True)), IncrementCache)
    assert not preset.conditional_only


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("preset", "Fast", "Fast"), ("preset", "Published", ""), ("strength_curve", " ", ""),
        ("strength_curve", "0:0,0.20:1", "0:0, 0.2:1"),
    ],
)  # fmt: skip
def test_what_a_picture_says_of_them(name, value, written):
    assert ROWS[name].to_infotext(ROWS[name].read(value)) == written


@pytest.mark.parametrize(("name", "value"), [("preset", "Quick"), ("strength_curve", "1"), ("strength_curve", 1.0)])
def test_other_values_are_refused(name, value):
    with pytest.raises(InputError, match=r"FaceChain|Preset"):
        ROWS[name].read(value)


def test_every_preset_can_be_chosen():
    assert ROWS["preset"].choices == tuple(PRESETS)
    assert ROWS["preset"].default == PUBLISHED
