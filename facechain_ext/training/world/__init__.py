"""A world of drawn faces: seeded people, scenes with captions, and portraits with exact masks and landmarks."""

from __future__ import annotations

from facechain_ext.training.world.people import Person, person
from facechain_ext.training.world.render import Drawn, render
from facechain_ext.training.world.scenes import Nuisance, Scene, caption, nuisance, scene

__all__ = ["Drawn", "Nuisance", "Person", "Scene", "caption", "nuisance", "person", "render", "scene"]
