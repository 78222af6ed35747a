"""The LoRA that a card names: learned from the person's photos, used by a method of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from facechain_ext.errors import InputError

_MAX_WEIGHT = 2.0
"""Largest weight of a LoRA on a card."""


@dataclass(frozen=True)
class CardLora:
    """A LoRA that was learned from the person's photos.

    ``file`` is its name in the host's LoRA folders, ``weight`` what it is used with, ``call`` the words that call the
    person in a prompt, ``family`` the kind of model that it is for, ``digest`` a short hash of its weights.
    """

    file: str
    weight: float
    call: str
    family: str
    digest: str

    def __post_init__(self) -> None:
        if not 0.0 <= self.weight <= _MAX_WEIGHT:
            raise InputError(f"The weight of a LoRA is {self.weight:g}; use one from 0 to {_MAX_WEIGHT:g}.")


def parse_card_lora(raw: dict[str, Any] | None) -> CardLora | None:
    """The LoRA of a card's facts; None where there is none.

    Raises KeyError, TypeError or ValueError for facts that are none, InputError for a weight out of range.
    """
    if raw is None:
        return None
    call, family, digest = (str(raw[name]) for name in ("call", "family", "digest"))
    return CardLora(str(raw["file"]), float(raw["weight"]), call, family, digest)
