"""The strength over the steps of one picture, as a curve through points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from facechain_ext.errors import InputError
from facechain_ext.text_values import format_number, read_float, shorten

_MOST, _HIGHEST = 20, 4.0
"""Points of a curve, and the largest factor; twice the strength's own range of 2."""


@dataclass(frozen=True)
class StrengthCurve:
    """Factors of the strength at fractions of the steps, straight lines between them and level beyond the outer ones.

    ``points`` are (fraction of the steps in 0..1, factor from 0 to 4), at least one, in rising order of the fractions.
    The window of a person cuts the curve off as it does a constant strength.
    """

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        fractions = [fraction for fraction, _ in self.points]
        if not 0 < len(self.points) <= _MOST:
            raise ValueError(f"A curve has 1 to {_MOST} points.")
        if any(not 0.0 <= fraction <= 1.0 for fraction in fractions):
            raise ValueError("The fractions of a curve lie between 0 and 1.")
        if any(one >= other for one, other in pairwise(fractions)):
            raise ValueError("The fractions of a curve rise from point to point.")
        if any(not 0.0 <= factor <= _HIGHEST for _, factor in self.points):
            raise ValueError(f"The factors of a curve lie between 0 and {_HIGHEST:g}.")

    def __str__(self) -> str:
        return ", ".join(f"{format_number(fraction)}:{format_number(factor)}" for fraction, factor in self.points)

    @staticmethod
    def parse(text: str) -> StrengthCurve:
        """The curve that ``str`` wrote, as in "0:0, 0.2:1, 1:0.5"; raises InputError for a text that is none."""
        try:
            points = [part.split(":") for part in text.split(",")]
            return StrengthCurve(tuple((read_float(fraction), read_float(factor)) for fraction, factor in points))
        except ValueError as error:
            raise InputError(
                f"FaceChain: {shorten(text)} is no curve of the strength; write rising fractions of the steps (0 to 1) "
                f"with a factor each (0 to {_HIGHEST:g}), as in 0:0, 0.2:1, 1:0.5."
            ) from error

    def factor(self, progress: float) -> float:
        """The factor of the strength where ``progress`` 0..1 of the steps is done."""
        (first, low), (last, high) = self.points[0], self.points[-1]
        if progress <= first:
            return low
        if progress >= last:
            return high
        for (start, before), (end, after) in pairwise(self.points):
            if progress <= end:
                return before + (after - before) * (progress - start) / (end - start)
        return high
