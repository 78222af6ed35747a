"""From the cosine of two recognition embeddings to words, and which encoder says it."""

from __future__ import annotations

from dataclasses import dataclass

SCALES: dict[str, tuple[float, float, float, float]] = {
    # ArcFace-like, trained on MS1MV2: strangers stay below 0.2, verification decides near 0.3 (IJB-C at FAR 1e-4 to
    # 1e-5), good photos of one person lie between 0.5 and 0.8.
    "TransFace": (0.2, 0.32, 0.48, 0.65),
    "ArcFace": (0.2, 0.32, 0.48, 0.65),
    # FaceNet on VGGFace2: embeddings are less spread; verification on LFW decides near 0.45.
    "FaceNet": (0.35, 0.48, 0.62, 0.78),
}
"""Where the words change, by encoder. From published thresholds; not measured here on the real weights."""

WORDS = ("someone else", "a faint likeness", "alike", "very alike", "the same person to the eye")


@dataclass(frozen=True)
class Likeness:
    """``cosine`` -1..1 by ``encoder``; ``independent`` is False when the same encoder put the face into the picture."""

    cosine: float
    encoder: str
    independent: bool = True

    @property
    def words(self) -> str:
        """The cosine in words, on the encoder's own scale."""
        return likeness_words(self.cosine, self.encoder)

    def __str__(self) -> str:
        bias = "" if self.independent else ", which also put the face in"
        return f"{self.words} ({self.cosine:.2f} by {self.encoder}{bias})"


def likeness_words(cosine: float, encoder: str = "TransFace") -> str:
    """One of WORDS for a cosine; an encoder without a scale of its own is read on ArcFace's."""
    return WORDS[sum(cosine >= limit for limit in SCALES.get(encoder, SCALES["ArcFace"]))]
