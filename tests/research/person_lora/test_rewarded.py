"""The measurement of the reward: rows are read as they were written, and the page says whether it is worth its time."""

from __future__ import annotations

import pytest

from facechain_ext.training_runs.settings import LoraSettings
from research.person_lora.rewarded import RESULTS, Rewarded, measure_rewards, rewards_page


def row(person, reward, retrieval):
    return Rewarded(person, 15, reward, retrieval, 0.4, 0.9, 0.8, 0.75)


class Laboratory:
    """Measures nothing: a person's retrieval is their number, and with a reward a tenth more."""

    def measure(self, person, _pictures, settings, work):
        assert work.name == "rewarded"
        return row(person, settings.reward, person / 10 + settings.reward / 20)


def test_what_was_measured_is_not_measured_again(tmp_path):
    told = []
    first = measure_rewards(Laboratory(), range(2), 15, LoraSettings(), (0.0, 2.0), tmp_path, told.append)
    again = measure_rewards(Laboratory(), range(3), 15, LoraSettings(), (0.0, 2.0), tmp_path, told.append)
    assert (tmp_path / RESULTS).is_file()
    assert again[:4] == first
    assert told == [f"person {n}, reward {reward}" for n in range(3) for reward in (0, 2)]


@pytest.mark.parametrize(
    ("gained", "words"),
    [(0.05, "changes by +5.0, so that is there"), (0.04, "so it does not: **so far the reward is useless**")],
)
def test_the_page_says_whether_it_is_worth_its_time(gained, words):
    text = rewards_page([row(0, 0.0, 0.5), row(0, 2.0, 0.5 + gained)], "3000 people", "the command")
    assert words in text
    assert f"| 2 | 1 | {0.5 + gained:.0%} | 0.400 | 75% | 90% | 0.800 |" in text
