"""From the cosine of two recognition embeddings to words, and which encoder says it."""

from __future__ import annotations

from dataclasses import dataclass

SCALES: dict[str, tuple[float, float, float, float]] = {
    # Trained with ArcFace's loss on MS1MV2: verification decides near 0.32 (deepface's threshold for such a network);
    # strangers stay below 0.2, good photos of one person lie between 0.5 and 0.8.
    "TransFace": (0.2, 0.32, 0.48, 0.65),
    # w600k_r50: deepface decides at 0.32 (ArcFace) and 0.45 (Buffalo_L), insightface's own program at 0.4; 0.2 and
    # 0.65 as above.
    "ArcFace": (0.2, 0.32, 0.45, 0.65),
    # On VGGFace2: 0.4 is the best threshold on LFW (squared distance 1.2), 0.7 deepface's threshold (Facenet512);
    # below 0.3 and from 0.8 by proportion.
    "FaceNet": (0.3, 0.4, 0.7, 0.8),
    # OpenCV's table of best thresholds: 0.212 on the hardest set (CFP-FP), 0.363 on LFW; the upper two by proportion
    # to ArcFace's.
    "SFace": (0.212, 0.363, 0.5, 0.68),
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

    @property
    def alike(self) -> bool:
        """Whether the words are the best two of the scale."""
        return self.words in WORDS[-2:]

    @property
    def source(self) -> str:
        """The encoder, and that it favours the picture where it does."""
        return f"{self.encoder}{self._favour}"

    @property
    def brief(self) -> str:
        """Number, words and encoder, for where ``source`` is said beside it."""
        return f"{self.cosine:.2f} {self.words}, by {self.encoder}"

    def __str__(self) -> str:
        return f"{self.brief}{self._favour}"

    @property
    def _favour(self) -> str:
        return "" if self.independent else ", which also put the face in"


def likeness_words(cosine: float, encoder: str = "TransFace") -> str:
    """One of WORDS for a cosine; an encoder without a scale of its own is read on ArcFace's."""
    return WORDS[sum(cosine >= limit for limit in SCALES.get(encoder, SCALES["ArcFace"]))]
