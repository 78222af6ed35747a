"""The settings of this process for labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Corner = Literal["off", "top left", "top right", "bottom left", "bottom right"]
"""Where a visible label stands."""
CORNERS: tuple[Corner, ...] = ("off", "top left", "top right", "bottom left", "bottom right")


@dataclass(frozen=True)
class LabelSettings:
    """``enabled`` writes labels into files, ``producer`` adds China's, ``corner`` and ``text`` a visible one."""

    enabled: bool = True
    producer: str = ""
    corner: Corner = "off"
    text: str = "AI"


@dataclass
class _Configuration:
    """The settings of this process."""

    settings: Callable[[], LabelSettings]


_configuration = _Configuration(LabelSettings)


def use_label_settings(settings: Callable[[], LabelSettings]) -> None:
    """Set where this process takes its settings from; the function is called for each picture."""
    _configuration.settings = settings


def label_settings() -> LabelSettings:
    """The settings that hold now."""
    return _configuration.settings()
