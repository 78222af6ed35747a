"""Facts about faces, shared by every provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    """An RGB picture, uint8 [height, width, 3]."""
    Points = NDArray[np.float32]
    """Positions in pixels, float32 [n, 2], x before y, origin at the upper left corner of the picture."""
    Mask = NDArray[np.bool_]
    """One truth value a pixel, bool [height, width]."""


@dataclass(frozen=True)
class Face:
    """One detected face.

    ``box`` is (left, top, right, bottom) in pixels and may reach beyond the picture.
    ``landmarks`` is float32 [5, 2]: the eye on the picture's left, the eye on its right, nose tip, the corner of the
    mouth on the left, the corner on the right. ``score`` is the provider's confidence in 0..1. Angles are degrees:
    ``yaw`` positive when the face looks to the picture's right, ``pitch`` positive when it looks up, ``roll`` positive
    when the head leans clockwise.
    """

    box: tuple[float, float, float, float]
    landmarks: Points
    score: float
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0

    @property
    def width(self) -> float:
        """Width of the box in pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> float:
        """Height of the box in pixels."""
        return self.box[3] - self.box[1]

    @property
    def centre(self) -> tuple[float, float]:
        """The middle (x, y) of the box in pixels."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2

    @property
    def area(self) -> float:
        """Area of the box in square pixels."""
        return max(self.width, 0.0) * max(self.height, 0.0)


@dataclass(frozen=True)
class HeadMask:
    """The masks of a head: ``face`` without hair, and ``head`` = hair and face, each bool [height, width]."""

    face: Mask
    head: Mask


class Detector(Protocol):
    """Finds faces."""

    name: str

    def detect(self, pixels: Pixels) -> list[Face]:
        """Every face in an RGB picture, largest first; an empty list when there is none."""
        ...


class HeadMasker(Protocol):
    """Segments the head of one face."""

    name: str

    def mask(self, pixels: Pixels, face: Face) -> HeadMask:
        """The masks of the head that ``face`` belongs to, at the size of the picture."""
        ...


class Recogniser(Protocol):
    """Computes embeddings by which people are recognised."""

    name: str

    def embed(self, aligned: Pixels) -> NDArray[np.float32]:
        """The embedding of a face aligned for ArcFace (RGB uint8 [112, 112, 3]): float32 [n] of unit length."""
        ...


@dataclass(frozen=True)
class Availability:
    """Whether one provider of an ability can work here.

    ``detail`` describes it; ``remedy`` is the step that would make it ready, "" when it is ready.
    """

    ability: str
    name: str
    ready: bool
    detail: str
    remedy: str = ""
