"""Which rows are conditional, for every way in which the webui runs a step."""

from __future__ import annotations

import pytest
import torch

from facechain_ext.methods.fact.rows import StepRows
from facechain_ext.methods.protocol import StepLayout

TOKENS = 77


def text(*seeds: int, tokens: int = TOKENS) -> torch.Tensor:
    """Rows of text [n, tokens, 8]; the same seed is the same prompt, whose longer forms begin alike."""
    rows = [torch.randn(3 * TOKENS, 8, generator=torch.Generator().manual_seed(seed))[:tokens] for seed in seeds]
    return torch.stack(rows)


def reader():
    said: list[str] = []
    return StepRows(said.append), said


def flags(pattern: str) -> list[bool]:
    return [letter == "c" for letter in pattern]


# cond rows, uncond rows, then the calls of one step: rows of each as c(onditional) and u(nconditional)
WAYS = {
    "one call": (1, 1, ["cu"]),
    "one call, batch of 3": (3, 3, ["cccuuu"]),
    "batch_cond_uncond off": (2, 2, ["cc", "uu"]),
    "prompts of different lengths": (1, 1, ["c", "u"]),
    "skip uncond": (2, 2, ["cc"]),
    "AND": (3, 1, ["cccu"]),
    "AND, batch_cond_uncond off": (3, 1, ["c", "c", "c", "u"]),
    "AND, parts that straddle": (3, 2, ["cc", "cu", "u"]),
    "edit model": (1, 2, ["cuu"]),
    "edit model, batch_cond_uncond off": (1, 2, ["c", "u", "u"]),
    "a second run of all rows (reference)": (1, 1, ["cu", "cu"]),
    "a third run of all rows": (2, 2, ["ccuu", "ccuu", "ccuu"]),
}


@pytest.mark.parametrize("known_text", [True, False], ids=["text", "no text"])
@pytest.mark.parametrize(("conditional", "unconditional", "calls"), WAYS.values(), ids=WAYS.keys())
def test_rows_in_the_order_of_the_webui(conditional, unconditional, calls, known_text):
    cond = text(*range(1, conditional + 1))
    uncond = text(*[100] * unconditional)
    rows, said = reader()
    for _step in range(2):
        rows.begin_step(StepLayout(conditional, unconditional, cond, uncond))
        left_c, left_u = conditional, unconditional
        for call in calls:
            left_c, left_u = (conditional, unconditional) if not left_c + left_u else (left_c, left_u)
            context = torch.cat(
                [cond[conditional - left_c :][: call.count("c")], uncond[unconditional - left_u :][: call.count("u")]]
            )
            left_c, left_u = left_c - call.count("c"), left_u - call.count("u")
            assert rows(len(call), context if known_text else None) == flags(call)
    assert not said


@pytest.mark.parametrize(
    "calls",
    [["ccccuuuu", "ccuu"], ["cccc", "uuuu"], ["uc"], ["c", "c", "u", "u"], ["cu"] * 9],
    ids=["tiles", "tiles, cond first", "uncond first", "reference in two parts", "one tile a time"],
)
def test_other_orders_are_found_by_the_rows_text(calls):
    rows, said = reader()
    rows.begin_step(StepLayout(1, 1, text(1), text(2)))
    for call in calls:
        context = text(*[1 if letter == "c" else 2 for letter in call])
        assert rows(len(call), context) == flags(call)
    assert not said


@pytest.mark.parametrize("lengths", [(77, 154), (154, 77), (77, 77)])
@pytest.mark.parametrize("padded", [77, 154])
def test_padding_and_half_precision_do_not_hide_the_text(lengths, padded):
    rows, said = reader()
    cond, uncond = text(1, tokens=lengths[0]), text(2, tokens=lengths[1])
    rows.begin_step(StepLayout(1, 1, cond, uncond))
    context = torch.cat([text(2, tokens=padded), text(1, tokens=padded)]).half()
    assert rows(2, context) == [False, True]
    assert not said


def test_rows_of_equal_texts_are_counted():
    rows, said = reader()
    rows.begin_step(StepLayout(1, 1, text(1), text(1)))
    assert rows(1, text(1)) == [True]
    assert rows(1, text(1)) == [False]
    assert not said


def test_unknown_rows_are_reported_once_and_count_as_conditional():
    rows, said = reader()
    assert rows(2, text(1, 2)) == [True, True]
    rows.begin_step(StepLayout(1, 1, text(1), text(1)))
    assert rows(6, text(*[1] * 6)) == [True] * 6
    assert rows(1, text(1)) == [True], "after rows that do not fit, counting off is over for this step"
    assert len(said) == 1
    rows.begin_step(StepLayout(1, 1))
    assert rows(2, None) == [True, False]


def test_texts_are_compared_once_for_each_place_in_a_step(monkeypatch):
    from facechain_ext.methods.fact import rows as module

    compared = []
    plain = module._rows_by_text
    monkeypatch.setattr(module, "_rows_by_text", lambda *given: compared.append(1) or plain(*given))
    rows, said = reader()
    for _step in range(5):
        rows.begin_step(StepLayout(1, 1, text(1), text(2)))
        assert rows(1, text(1)) == [True]
        assert rows(1, text(2)) == [False]
    assert len(compared) == 2
    rows.begin_step(StepLayout(1, 1, text(1), text(2)))
    assert rows(2, text(2, 1)) == [False, True], "another way to run a step is looked at"
    assert not said
