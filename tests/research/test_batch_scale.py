"""The simulation of a batch against cases that can be worked out by hand."""

from __future__ import annotations

import json

import pytest

from research.batch_scale import measured_seconds, simulate


@pytest.mark.parametrize(
    ("workers", "items", "overhead", "start", "seconds"),
    [
        (1, 10, 0.0, 0.0, 20.0), (2, 10, 0.0, 0.0, 10.0), (4, 10, 0.0, 0.0, 6.0), (2, 10, 0.5, 3.0, 15.5),
        (8, 3, 0.0, 1.0, 3.0),
    ],
)  # fmt: skip
def test_items_of_one_length_end_when_they_must(workers, items, overhead, start, seconds):
    outcome = simulate([2.0], workers=workers, items=items, overhead=overhead, start=start)
    assert outcome.seconds == pytest.approx(seconds)
    assert outcome.efficiency == pytest.approx(items * 2.0 / (workers * seconds))


def test_lost_workers_cost_time_and_no_item():
    without = simulate([2.0], workers=8, items=400)
    lossy = simulate([2.0], workers=8, items=400, lost_each=0.05, start=0.0)
    assert without.seconds < lossy.seconds < 1.2 * without.seconds


def test_measured_times_are_read_without_the_first_of_each_worker(tmp_path):
    (tmp_path / "rows").mkdir()
    for number, (worker, seconds, error) in enumerate(
        [
            ("a", 60.0, ""),
            *[("a", 2.0 + n / 10, "") for n in range(5)],
            ("b", 50.0, ""),
            ("b", 3.0, ""),
            ("b", 9.0, "failed"),
        ]
    ):
        row = {"worker": worker, "seconds": seconds, "error": error}
        (tmp_path / "rows" / f"{number}.json").write_text(json.dumps(row))
    assert sorted(measured_seconds(tmp_path)) == [2.0, 2.1, 2.2, 2.3, 2.4, 3.0]
    for file in (tmp_path / "rows").glob("[1-9].json"):
        file.unlink()
    with pytest.raises(ValueError, match="0 items"):
        measured_seconds(tmp_path)
