"""The person whom the page asks for: photos with weights, a card, or a mix; independent of what reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_PHOTOS = 6
"""Photos of one person on the page, each with a weight slider."""


@dataclass(frozen=True)
class PhotoPreview:
    """One photo: its aligned face as a data URL, a message about its quality, and whether it is usable."""

    path: Path
    picture: str
    message: str
    usable: bool


@dataclass(frozen=True)
class PersonRequest:
    """The requested person; ``mix`` is the share of the card ``second`` in percent, 0..100."""

    photos: tuple[Path, ...] = ()
    weights: tuple[float, ...] = ()
    face: int | None = None
    card: str = ""
    second: str = ""
    mix: float = 0.0

    @staticmethod
    def from_values(previews: Sequence[PhotoPreview], values: Sequence[Any]) -> PersonRequest:
        """From the photos and the components' values: face, card, second card, mix, and the weights."""
        face, card, second, mix, *weights = values
        used = [(one.path, weight) for one, weight in zip(previews, weights, strict=False) if one.usable]
        counts = tuple(1.0 if weight is None else min(max(float(weight), 0.0), 1.0) for _, weight in used)
        return PersonRequest(
            tuple(path for path, _ in used), counts, int(face or 0) or None, card or "", second or "", float(mix or 0)
        )
