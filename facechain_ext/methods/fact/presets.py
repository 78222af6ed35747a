"""FACT's own settings beside the adapter: the strength over the steps, and a preset of what costs or saves time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.methods.fact.curve import StrengthCurve
from facechain_ext.methods.fact.increment_cache import IncrementCache
from facechain_ext.methods.setting import Setting
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.methods.protocol import ModelFamily, RuntimeOptions

NAME = "FACT"
"""The method's name."""
TRAINED_FOR: tuple[ModelFamily, ...] = ("SD1.5",)
"""The families that adapters are published for."""
PUBLISHED, FAST = "Published", "Fast"


@dataclass(frozen=True)
class Preset:
    """How increments are computed: ``reuse`` (every, warm_up) as in IncrementCache, None for each step anew.

    ``conditional_only`` leaves the face out of unconditional rows; ``start`` is the fraction of the steps before which
    nothing is computed where a person's window reaches further.
    """

    reuse: tuple[int, int] | None = None
    conditional_only: bool = False
    start: float = 0.0

    def increment_cache(self, options: RuntimeOptions) -> IncrementCache | None:
        """A cache for one pass; that of ``options`` where the preset has none."""
        if self.reuse is not None:
            every, warm_up = self.reuse
            return IncrementCache(every, warm_up=warm_up)
        return IncrementCache() if options.every_second_step else None

    def window(self, given: tuple[float, float]) -> tuple[float, float]:
        """A person's window as it is used; one that ends before the preset's start stays as it is."""
        first, last = given
        return (max(first, self.start), last) if last > self.start else given


PRESETS: Mapping[str, Preset] = {
    PUBLISHED: Preset(),
    FAST: Preset(reuse=(3, 1), conditional_only=True, start=0.2),
}
"""By name; what each costs and changes is said in docs/using/performance.md."""


def _curve(value: object) -> str:
    """The text of a curve in its shortest form, "" for none."""
    if not isinstance(value, str):
        raise InputError(f"FaceChain: strength_curve is a text, not {shorten(value)}.")
    return str(StrengthCurve.parse(value)) if value.strip() else ""


SETTINGS = (
    Setting(
        "preset", "Preset", "FaceChain preset", PUBLISHED,
        "Published is exact. Fast computes the face in every third step from a fifth of the steps on, for the prompt "
        "alone.",
        optional=True, choices=tuple(PRESETS), writer=lambda value: "" if value == PUBLISHED else value,
    ),
    Setting(
        "strength_curve", "Strength over the steps", "FaceChain strength curve", "",
        "Factors of the strength at fractions of the steps, as in 0:0, 0.2:1, 1:0.5; empty: the same in all.",
        optional=True, reader=_curve,
    ),
)  # fmt: skip
"""Rows of the table of settings."""
