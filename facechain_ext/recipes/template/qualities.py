"""The qualities of a template portrait by name, from the fastest to the slowest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.recipes.studio.quality import StudioQuality
from facechain_ext.recipes.template.faithful import FaithfulQuality
from facechain_ext.recipes.template.standard import InstantQuality, StandardQuality

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.recipes.template.quality import Quality
    from facechain_ext.recipes.template.settings import Settings

_ALL: tuple[Quality, ...] = (InstantQuality(), StandardQuality(), FaithfulQuality(), StudioQuality())
QUALITIES: Mapping[str, Quality] = {quality.name: quality for quality in _ALL}
"""Name -> quality; the first needs no checkpoint."""


def find_quality(name: str) -> Quality:
    """The quality called ``name``; raises InputError when there is none."""
    if name not in QUALITIES:
        raise InputError(f"There is no quality called {name[:40]}; there are: {', '.join(QUALITIES)}.")
    return QUALITIES[name]


def paints(settings: Settings) -> bool:
    """Whether faces are painted by a diffusion model, which needs a host and identities."""
    return find_quality(settings.quality).paints


def chooses_by_likeness(settings: Settings) -> bool:
    """Whether several tries are painted for each face, so that a likeness scorer is needed."""
    return paints(settings) and settings.count > 1


def missing_controls(settings: Settings) -> list[str]:
    """A sentence that names the kinds of ControlNet that the quality uses and the host lacks; empty without any."""
    missing = [kind for kind in find_quality(settings.quality).controls if kind not in settings.controls]
    return [f"Painted without ControlNet for {', '.join(missing)}: install it to follow the pose."] if missing else []
