"""Which pictures go on after the look at them."""

from __future__ import annotations

import pytest

from facechain_ext.identity.likeness_scale import Likeness
from facechain_ext.recipes.early_choice import EarlyChoice


@pytest.mark.parametrize(
    ("scores", "best", "goes_on"),
    [
        ((0.1, 0.3, 0.2, 0.4), 1, (True, True, False, True)),
        ((0.4, 0.3, 0.2, 0.1), 1, (True, False, False, False)),
        ((0.4, 0.3, 0.2, 0.35), 2, (True, True, False, True)),
        ((0.2, 0.2, 0.2), 1, (True, True, True)),
        ((None, 0.1, None), 1, (True, True, False)),
        ((None, None), 1, (True, True)),
    ],
)
def test_a_picture_goes_on_when_fewer_promised_more(scores, best, goes_on):
    found = iter([None if score is None else Likeness(score, "TransFace") for score in scores])
    choice = EarlyChoice(lambda _picture: next(found), best)
    assert tuple(choice(None) for _ in scores) == goes_on
    assert choice.given_up == goes_on.count(False)
