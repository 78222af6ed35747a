"""What a scorer of likeness does, and the one that works where the chosen judge cannot, and says so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PIL import Image

    from facechain_ext.identity import Identity
    from facechain_ext.identity.likeness_scale import Likeness


class LikenessScorer(Protocol):
    """Scores the likeness between a picture and an identity."""

    def likeness(self, picture: Image.Image, identity: Identity) -> Likeness | None:
        """The likeness of the most similar face in ``picture``, or None when there is no usable face."""
        ...


@dataclass(frozen=True)
class StandInScorer:
    """Scores with ``scorer``; ``reason`` is a sentence on why the chosen judge does not, with the next step."""

    scorer: LikenessScorer
    reason: str

    def likeness(self, picture: Image.Image, identity: Identity) -> Likeness | None:
        """The likeness of the most similar face in ``picture``, or None when there is no usable face."""
        found = self.scorer.likeness(picture, identity)
        if found is None:
            return None
        return replace(found, remark=f"{self.reason} Likeness is scored by {found.encoder} instead.")
