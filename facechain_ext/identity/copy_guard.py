"""Whether a picture copies the photo that was put in, instead of showing the person as another photo would."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.errors import PhotoError
from facechain_ext.faces.recognise.dlib_resnet import distance
from facechain_ext.identity.likeness_scale import Verdict, verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.identity.photo_likeness import DescribedFace

_NOISE = 0.05
"""Difference of two distances that other crops of the same photos make, after averaging over five."""


@dataclass(frozen=True)
class CopyCheck:
    """A picture of a person beside real photos of the same person, all as distances of dlib's network.

    ``to_first`` is that to the photo which was put in, ``to_others`` the mean to further photos, ``between`` the
    smallest between two of the photos: what is natural. ``verdict`` is on the person, by the mean to further photos.
    """

    picture: str
    to_first: float
    to_others: float
    between: float
    verdict: Verdict

    @property
    def is_copied(self) -> bool:
        """Whether the picture is more like the first photo than real photos of the person are like each other."""
        return self.to_first < self.between - _NOISE

    def __str__(self) -> str:
        words = f"{self.picture}: {self.to_first:.2f} to the photo put in, {self.to_others:.2f} to other photos"
        copied = f", copied: photos of the person differ by {self.between:.2f}" if self.is_copied else ""
        return f"{words}, {self.verdict}{copied}"


def check_copy(picture: DescribedFace, photos: Sequence[DescribedFace]) -> CopyCheck:
    """``picture`` beside the photos of its person, the first of which was put in.

    After the copy-paste measure of WithAnyone (arXiv 2510.14975), with this network's distances. Raises PhotoError for
    fewer than two photos: one says nothing about how much photos of the person differ.
    """
    if len(photos) < 2:
        raise PhotoError("Whether a picture copies its photo is seen beside another photo of the person; give two.")
    to_first, *rest = (distance(picture.descriptor, photo.descriptor) for photo in photos)
    between = min(distance(one.descriptor, other.descriptor) for one, other in combinations(photos, 2))
    others = float(np.mean(rest))
    doubtful = any(face.doubt for face in (picture, *photos))
    return CopyCheck(picture.label, to_first, others, between, "no verdict" if doubtful else verdict(others))
