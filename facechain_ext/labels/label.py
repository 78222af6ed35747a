"""The facts of a label, and the settings of this process for labels."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from facechain_ext import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

SourceType = Literal[
    "trainedAlgorithmicMedia",
    "compositeWithTrainedAlgorithmicMedia",
    "compositeSynthetic",
    "compositeCapture",
    "algorithmicallyEnhanced",
]
"""Terms of IPTC's vocabulary of digital source types (cv.iptc.org/newscodes/digitalsourcetype).

A picture made by a model; one of which parts are; a photo with parts drawn by a program (a mouth that moves); photos
joined without a model; a photo corrected without one.
"""
TRAINED: SourceType = "trainedAlgorithmicMedia"
COMPOSITE: SourceType = "compositeWithTrainedAlgorithmicMedia"
SYNTHETIC: SourceType = "compositeSynthetic"
JOINED: SourceType = "compositeCapture"
ENHANCED: SourceType = "algorithmicallyEnhanced"

TOOL = "FaceChain for SD WebUI"
"""The name of the program in a label."""

Corner = Literal["off", "top left", "top right", "bottom left", "bottom right"]
"""Where a visible label stands."""
CORNERS: tuple[Corner, ...] = ("off", "top left", "top right", "bottom left", "bottom right")


@dataclass(frozen=True)
class Label:
    """What a label says of one picture.

    ``identifier`` is unique to the picture (32 hexadecimal digits), ``created`` has a time zone. ``producer`` is the
    provider's name or code for China's AIGC label, which is left out when it is empty.
    """

    source_type: SourceType
    tool: str = f"{TOOL} {__version__}"
    created: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.timezone.utc).astimezone())
    identifier: str = field(default_factory=lambda: uuid.uuid4().hex)
    producer: str = ""


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
