"""Measurements so far, written to a file after every round, so that a stopped benchmark resumes."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from facechain_ext.bench.measure import Measurement
from facechain_ext.bench.variants import VARIANTS, Case
from facechain_ext.errors import InputError
from facechain_ext.storage.atomic_write import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BARE = VARIANTS[0].name


@dataclass(frozen=True)
class Result:
    """One variant of one case over its rounds.

    ``seconds`` is the median of a step, ``ratio`` the median of its ratios to the bare step of the same round,
    ``spread`` the lowest and the highest of those, ``least`` the ratio of the fastest step to the fastest bare one,
    which other load on the machine disturbs least, ``megabytes`` the peak memory of a step above that before it,
    ``operations`` multiply-adds of a step. ``skipped`` is the reason why it was not measured.
    """

    case: Case
    variant: str
    rounds: int = 0
    seconds: float = 0.0
    ratio: float = 0.0
    spread: tuple[float, float] = (0.0, 0.0)
    least: float = 0.0
    megabytes: float | None = None
    operations: float = 0.0
    skipped: str = ""


@dataclass
class Rounds:
    """All rounds on one ``machine`` (its description); rounds of other machines are never mixed in."""

    machine: str
    rounds: list[tuple[Case, dict[str, Measurement]]] = field(default_factory=list)
    operations: dict[tuple[Case, str], float] = field(default_factory=dict)
    skipped: dict[tuple[Case, str], str] = field(default_factory=dict)

    @staticmethod
    def read(path: Path, machine: str) -> Rounds:
        """What ``write`` saved, or nothing when there is no file or another machine wrote it.

        Raises InputError when ``write`` did not write it.
        """
        if not path.is_file():
            return Rounds(machine)
        try:
            return Rounds._parse(json.loads(path.read_text(encoding="utf-8")), machine)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path} holds no measurements; delete it, or name another file.") from error

    @staticmethod
    def _parse(data: Any, machine: str) -> Rounds:
        """The rounds in what ``write`` saved, or nothing when another machine did."""
        loaded = Rounds(machine)
        if data.get("machine") != machine:
            return loaded
        for one in data["rounds"]:
            loaded.rounds.append((_case(one), {name: Measurement(*values) for name, values in one["taken"].items()}))
        for one in data["operations"]:
            loaded.operations[_case(one), one["variant"]] = one["operations"]
        return loaded

    def write(self, path: Path) -> None:
        """Write everything atomically."""
        data: dict[str, object] = {
            "machine": self.machine,
            "rounds": [
                {**_sizes(case), "taken": {name: [one.seconds, one.megabytes] for name, one in measured.items()}}
                for case, measured in self.rounds
            ],
            "operations": [
                {**_sizes(case), "variant": name, "operations": count}
                for (case, name), count in self.operations.items()
            ],
        }
        with atomic_write(path) as part:
            part.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")

    def done(self, case: Case, variant: str) -> int:
        """The number of rounds of a case with a measurement of a variant."""
        return sum(of == case and variant in measured for of, measured in self.rounds)

    def results(self) -> list[Result]:
        """Every case and variant that was measured or skipped, in the order of the table."""
        cases = dict.fromkeys([case for case, _ in self.rounds] + [case for case, _ in self.skipped])
        found = [self._result(case, variant.name) for case in cases for variant in VARIANTS]
        return [result for result in found if result.rounds or result.skipped]

    def _result(self, case: Case, name: str) -> Result:
        both = [(measured[name], measured[BARE]) for of, measured in self.rounds if of == case and name in measured]
        if not both:
            return Result(case, name, skipped=self.skipped.get((case, name), ""))
        ratios = [one.seconds / bare.seconds for one, bare in both]
        memory = [one.megabytes for one, _ in both if one.megabytes is not None]
        return Result(
            case,
            name,
            len(both),
            statistics.median(one.seconds for one, _ in both),
            statistics.median(ratios),
            (min(ratios), max(ratios)),
            min(one.seconds for one, _ in both) / min(bare.seconds for _, bare in both),
            max(memory, default=None),
            self.operations.get((case, name), 0.0),
        )


def _sizes(case: Case) -> dict[str, int]:
    return {"side": case.side, "batch": case.batch}


def _case(data: Mapping[str, int]) -> Case:
    return Case(data["side"], data["batch"])
