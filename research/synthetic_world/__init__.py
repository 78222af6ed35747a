"""A world of drawn faces: seeded people, scenes with captions, and portraits with exact masks and landmarks."""

from __future__ import annotations

from research.synthetic_world.people import Person, person, traits
from research.synthetic_world.render import RenderedPicture, render
from research.synthetic_world.scenes import Nuisance, Scene, caption, nuisance, scene

EDITION = 2
"""Raised when a seed draws other pixels than before; what was drawn of another edition is not gone on with."""

__all__ = [
    "EDITION",
    "Nuisance",
    "Person",
    "RenderedPicture",
    "Scene",
    "caption",
    "nuisance",
    "person",
    "render",
    "scene",
    "traits",
]
