"""What the comparison of two faces by a recognition network says, on a scale for each network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from facechain_ext.errors import InputError

JUDGES = ("auto", "arcface", "facenet", "sface", "dlib", "transface")
"""Who may be chosen to score likeness: the best that is here, or one network by its name."""

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

SAME, OTHER = 0.5, 0.6
"""Distances of dlib's network below which one person, and from which two people are meant.

Measured on 21 real faces: strangers from 0.55 with a median of 0.75, one person in two photos 0.41. dlib's own
threshold of 0.6 would call two of the strangers the same.
"""
BY_DISTANCE = "dlib"
"""The network that compares by a Euclidean distance; the others do by a cosine."""

Verdict = Literal["same person", "unsure", "someone else", "no verdict"]


@dataclass(frozen=True)
class Likeness:
    """What ``encoder`` says: ``value`` is a cosine -1..1, or a distance from 0 where ``is_distance``.

    ``independent`` is False when the same encoder conditioned the picture. ``doubtful`` faces have a distance and no
    verdict. ``remark`` is a sentence on why another network scored than the chosen one, "" where that did.
    """

    value: float
    encoder: str
    independent: bool = True
    doubtful: bool = False
    remark: str = ""

    @property
    def is_distance(self) -> bool:
        """Whether less is more alike."""
        return self.encoder == BY_DISTANCE

    @property
    def rank(self) -> float:
        """A number that is higher the more alike; of one network's likenesses only."""
        return -self.value if self.is_distance else self.value

    @property
    def cosine(self) -> float | None:
        """The cosine; None for a distance."""
        return None if self.is_distance else self.value

    @property
    def label(self) -> str:
        """What the value says on the encoder's own scale."""
        if self.is_distance:
            return "no verdict" if self.doubtful else verdict(self.value)
        return likeness_label(self.value, self.encoder)

    @property
    def is_alike(self) -> bool:
        """Whether the label is one of the best two of the scale, of a distance the best."""
        return self.label in (*LIKENESS_LABELS[-2:], "same person")

    @property
    def is_someone_else(self) -> bool:
        """Whether the value is as low as strangers have it, of doubtful faces too."""
        if self.is_distance:
            return verdict(self.value) == "someone else"
        return self.label == LIKENESS_LABELS[0]

    @property
    def short(self) -> str:
        """The value alone, called what it is."""
        return f"distance {self.value:.2f}" if self.is_distance else f"likeness {self.value:.2f}"

    @property
    def source(self) -> str:
        """The name of the encoder, with a remark where it is not independent of the picture."""
        return f"{self.encoder}{self._bias_remark}"

    @property
    def summary(self) -> str:
        """Value, label and encoder, for places that show ``source`` as well."""
        if self.is_distance:
            return f"{self.short}, {self.label}, by {self.encoder}"
        return f"{self.value:.2f} {self.label}, by {self.encoder}"

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


def verdict(far: float) -> Verdict:
    """What a distance means between two faces that are large and frontal enough."""
    return "same person" if far < SAME else "unsure" if far < OTHER else "someone else"


def read_judge(text: str) -> str:
    """A name of JUDGES, however it is spelt; "" stays "". Raises InputError for another name."""
    name = text.strip().casefold()
    if name and name not in JUDGES:
        raise InputError(f"There is no judge of likeness called {text[:60]}; choose {', '.join(JUDGES)}.")
    return name
