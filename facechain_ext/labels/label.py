"""The facts of a label."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Literal

from facechain_ext import __version__

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
