"""Verbal labels for the cosine of two recognition embeddings, on a scale for each recognition network."""

from __future__ import annotations

from dataclasses import dataclass

LIKENESS_THRESHOLDS: dict[str, tuple[float, float, float, float]] = {
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
"""Lower limits of the second to fifth label, by network; from published thresholds, not measured on real weights."""

LIKENESS_LABELS = ("someone else", "a faint likeness", "alike", "very alike", "the same person to the eye")


@dataclass(frozen=True)
class Likeness:
    """``cosine`` -1..1 by ``encoder``; ``independent`` is False when the same encoder conditioned the picture."""

    cosine: float
    encoder: str
    independent: bool = True

    @property
    def label(self) -> str:
        """The label of the cosine on the encoder's own scale."""
        return likeness_label(self.cosine, self.encoder)

    @property
    def is_alike(self) -> bool:
        """Whether the label is one of the best two of the scale."""
        return self.label in LIKENESS_LABELS[-2:]

    @property
    def source(self) -> str:
        """The name of the encoder, with a remark where it is not independent of the picture."""
        return f"{self.encoder}{self._bias_remark}"

    @property
    def summary(self) -> str:
        """Cosine, label and encoder, for places that show ``source`` as well."""
        return f"{self.cosine:.2f} {self.label}, by {self.encoder}"

    def __str__(self) -> str:
        return f"{self.summary}{self._bias_remark}"

    @property
    def _bias_remark(self) -> str:
        return "" if self.independent else ", which also put the face in"


def likeness_label(cosine: float, encoder: str = "TransFace") -> str:
    """One of LIKENESS_LABELS for a cosine; an encoder without thresholds of its own uses ArcFace's."""
    return LIKENESS_LABELS[
        sum(cosine >= limit for limit in LIKENESS_THRESHOLDS.get(encoder, LIKENESS_THRESHOLDS["ArcFace"]))
    ]
