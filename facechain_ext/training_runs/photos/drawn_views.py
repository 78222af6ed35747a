"""Views of a person that FACT draws from one photo, for a training that has no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.recipes.job import Job, Person

if TYPE_CHECKING:
    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.recipes.host import Host

_STRENGTH, _STEPS, _CFG, _SEED = 0.8, 25, 5.0, 40_000
"""FACT's strength is above the published 0.5, since nothing but the face is wanted of these pictures."""
_SCENES = {
    "looking to the left": "head and shoulders, looking to the left, daylight",
    "looking to the right": "head and shoulders, looking to the right, grey background",
    "smiling": "close-up, smiling, soft light",
    "in the street": "upper body, in the street",
}
_NEGATIVE = "lowres, worst quality, sunglasses, hat"


@dataclass(frozen=True, eq=False)
class DrawnView:
    """A picture that FACT drew: its name, the words that describe it, and RGB ``pixels`` uint8 [s, s, 3]."""

    name: str
    words: str
    pixels: Pixels


def drawn_views(host: Host, identity: Identity, class_word: str, size: int) -> list[DrawnView]:
    """The person in four scenes, as FACT knows them from the identity.

    Raises HostError or WeightsError where FACT cannot work here; fewer views, or none, where it was interrupted.
    """
    found = []
    for number, (name, scene) in enumerate(_SCENES.items()):
        job = Job(
            f"photo of a {class_word}, {scene}", _NEGATIVE, people=(Person(identity, _STRENGTH),), method="FACT",
            seed=_SEED + number, steps=_STEPS, cfg=_CFG, width=size, height=size,
        )  # fmt: skip
        pictures = [np.asarray(made.picture.convert("RGB")) for made in host.generate(job)]
        found += [DrawnView(name, f"{scene}, photo", pixels) for pixels in pictures]
    return found
