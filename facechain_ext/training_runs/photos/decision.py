"""What was decided on each photo of a training, and how it is written beside the squares."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.training_runs.photos.crop import WIDE, Background
from facechain_ext.training_runs.photos.select import MAX_KEPT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

REPORT = "photos.json"
MASKS = "masks"
"""Folder of the masks: white on the head."""


@dataclass(frozen=True)
class PreparationOptions:
    """How photos are prepared: the side of the square in faces, what is behind the person, whether skin is smoothed.

    ``most`` photos are used at most. With ``views`` further views are made of a photo that is the only one, with
    ``drawn`` FACT has drawn some too. ``captioner`` is the name of who described the squares, "" for nobody.
    """

    wide: float = WIDE
    background: Background = "keep"
    retouch: bool = False
    most: int = MAX_KEPT
    views: bool = True
    drawn: bool = False
    captioner: str = ""


@dataclass(frozen=True)
class PhotoDecision:
    """What became of one photo: its file in the folder ("" where it cannot be read), and the figures behind it.

    ``caption`` is what was written first, by which an edited one is known; ``view`` names a view that was made of it.
    """

    source: str
    digest: str
    file: str = ""
    use: bool = False
    reason: str = ""
    likeness: float = 0.0
    quality: float = 0.0
    yaw: float = 0.0
    face_pixels: int = 0
    faces: int = 0
    remarks: tuple[str, ...] = ()
    caption: str = ""
    view: str = ""


def read_report(out: Path) -> tuple[list[PhotoDecision], PreparationOptions] | None:
    """The decisions and options of an earlier preparation; None where there is none that can be read."""
    try:
        raw = json.loads((out / REPORT).read_text(encoding="utf-8"))
        decisions = [PhotoDecision(**row | {"remarks": tuple(row["remarks"])}) for row in raw["photos"]]
        return decisions, PreparationOptions(**raw["options"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def decision_words(decision: PhotoDecision) -> str:
    """A decision as a sentence."""
    state = "used" if decision.use else f"left out: {decision.reason}"
    figures = f"likeness {decision.likeness:.2f}, quality {decision.quality:.2f}" if decision.face_pixels else ""
    return "; ".join(filter(None, (f"{decision.source}: {state}", figures, *decision.remarks)))


def write_report(out: Path, decisions: Sequence[PhotoDecision], options: PreparationOptions) -> None:
    """Write decisions and options atomically."""
    raw = {"options": asdict(options), "photos": [asdict(decision) for decision in decisions]}
    with atomic_write(out / REPORT) as temporary:
        temporary.write_text(json.dumps(raw, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
