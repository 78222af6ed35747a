"""How a face differs from its portrait in one frame."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MAX_OPENING", "FaceMotion"]

MAX_OPENING = 0.42
"""Height of the fully open mouth, in widths of the mouth: a clearly spoken "ah"; a yawn would be twice that."""


@dataclass(frozen=True)
class FaceMotion:
    """One frame's motion; all zero is the portrait at rest.

    Attributes:
        mouth: 0 (lips as near as the portrait's rest allows) to 1 (MAX_OPENING).
        spread: -1 (lips rounded, as in "oo") to 1 (drawn wide, as in "ee").
        press: 0 to 1, how far parted lips of the portrait are closed, as in "m".
        blink: 0 (eyes as in the portrait) to 1 (closed).
        yaw, pitch, roll: degrees by which the head turns, signs as in Face.
    """

    mouth: float = 0.0
    spread: float = 0.0
    press: float = 0.0
    blink: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
