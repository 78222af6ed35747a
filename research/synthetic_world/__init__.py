"""The synthetic world: seeded persons, scenes with captions, and portraits with exact masks and landmarks."""

from __future__ import annotations

from research.synthetic_world.people import Person, person, traits
from research.synthetic_world.render import RenderedPicture, render
from research.synthetic_world.scenes import Nuisance, Scene, caption, nuisance, scene

EDITION = 2
"""Increased when a seed renders other pixels than before; data of another edition is never resumed."""

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
