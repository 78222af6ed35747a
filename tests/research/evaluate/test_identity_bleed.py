"""Identity bleed between two people: what is measured, on random models, and where the table goes."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.demo import random_models
from facechain_ext.errors import InputError
from research.evaluate.identity_bleed import (
    BEGIN,
    END,
    Trial,
    Trials,
    identity_bleed_of,
    measure_identity_bleed,
    replace_table,
    table,
)


def test_random_models_give_two_columns_for_each_pair(tmp_path):
    trials = Trials(count=1, steps=1, side=64)
    found = measure_identity_bleed(random_models(tmp_path), trials)
    assert len(found) == 2
    assert all(trial.own > 0 for trial in found)
    assert measure_identity_bleed(random_models(tmp_path), trials) == found


def test_who_is_painted_alone_is_not_changed_by_the_neighbour(tmp_path):
    found = measure_identity_bleed(random_models(tmp_path), Trials(count=1, steps=2, side=64, inpaint_denoise=0.75))
    assert all(trial.own > 0 for trial in found)
    assert identity_bleed_of(found) == 0.0


def test_identity_bleed_is_the_share_of_all_changes():
    found = [Trial(10.0, 1.0), Trial(30.0, 1.0)]
    assert np.isclose(identity_bleed_of(found), 0.05)
    text = table({"a way": found, "another": [Trial(10.0, 0.0)]}, Trials(count=1), "none")
    assert "| a way | another |" in text
    assert "| **5.0 %** | **0.0 %** |" in text
    assert "7 %, 3 to 10 %" in text


def test_the_table_is_written_between_its_marks_again_and_again(tmp_path):
    document = tmp_path / "page.md"
    document.write_text(f"above\n{BEGIN}\nold\n{END}\nbelow\n", encoding="utf-8")
    for text in ("new", "newer"):
        replace_table(document, text)
        assert document.read_text(encoding="utf-8") == f"above\n{BEGIN}\n{text}\n{END}\nbelow\n"
    document.write_text("nothing here", encoding="utf-8")
    with pytest.raises(InputError, match="no place"):
        replace_table(document, "x")
    assert document.read_text(encoding="utf-8") == "nothing here"
