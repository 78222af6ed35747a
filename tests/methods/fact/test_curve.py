"""The strength over the steps: what a curve says at each step, and that the block follows it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from facechain_ext.errors import InputError
from facechain_ext.methods.fact import AttachOptions, attach
from facechain_ext.methods.fact.curve import StrengthCurve
from tests import unets
from tests.methods.fact.test_attach import worst


@pytest.mark.parametrize(
    ("text", "progress", "factor"),
    [
        ("0:1", 0.7, 1.0),
        ("0.2:0.5", 0.0, 0.5),
        ("0:0, 1:1", 0.25, 0.25),
        ("0:0, 0.2:1, 1:0.5", 0.1, 0.5),
        ("0:0, 0.2:1, 1:0.5", 0.6, 0.75),
        ("0.1:2, 0.3:1", 0.9, 1.0),
    ],
)
def test_the_factor_lies_on_the_lines_between_the_points(text, progress, factor):
    assert StrengthCurve.parse(text).factor(progress) == pytest.approx(factor)


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 400)), min_size=1, max_size=20, unique_by=lambda p: p[0]))
def test_a_curve_reads_back_what_it_writes(points):
    curve = StrengthCurve(tuple((x / 100, y / 100) for x, y in sorted(points)))
    assert StrengthCurve.parse(str(curve)) == curve


@pytest.mark.parametrize("text", ["", "1", "0:1:2", "0:-1", "0:5", "0.5:1, 0.2:1", "2:1", "a:b", "0:nan", "0:1,"])
def test_other_texts_are_refused_with_an_example(text):
    with pytest.raises(InputError, match=r"0:0, 0\.2:1, 1:0\.5"):
        StrengthCurve.parse(text)


def test_the_block_has_the_strength_of_the_step(unet, small, inputs):
    adapter, _, _ = small
    x, t, context, tokens = inputs

    def run(progress, strength, curve=None):
        with torch.no_grad(), attach(
            unet, adapter, tokens[0], strength=strength, options=AttachOptions(curve=curve)
        ) as attachment:  # fmt: skip
            attachment.set_progress(progress)
            return unets.run(unet, x, t, context)

    curve = StrengthCurve.parse("0:0, 0.5:1, 1:2")
    assert worst(run(0.0, 0.6, curve), run(0.0, 0.0)) == 0
    assert worst(run(0.25, 0.6, curve), run(0.0, 0.3)) < 1e-5
    assert worst(run(0.5, 0.6, curve), run(0.0, 0.6)) == 0
    assert worst(run(0.75, 0.6, curve), run(0.0, 0.9)) < 1e-5


def test_until_set_progress_the_curve_goes_by_the_timestep(unet, small, inputs):
    adapter, _, _ = small
    x, t, context, tokens = inputs
    curve = StrengthCurve.parse("0:0, 1:1")
    with torch.no_grad(), attach(unet, adapter, tokens[0], options=AttachOptions(curve=curve)) as attachment:
        unets.run(unet, x, t, context)
        assert attachment.injection.factor == pytest.approx(1 - (float(t[0]) + 1) / 1000)
