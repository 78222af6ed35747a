"""Who goes into a template, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from facechain_ext.recipes.template.crop import SIDES

if TYPE_CHECKING:
    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.recipes.job import ControlKind

Quality = Literal["instant", "standard", "faithful"]
QUALITIES: tuple[Quality, ...] = get_args(Quality)
"""instant: the photo's face is laid over the template's. standard: the face is painted anew, one inpaint a face.
faithful: the published passes."""


@dataclass(frozen=True, eq=False)
class FaceSource:
    """Somebody for a template: the identity, and a photo uint8 [h, w, 3], which the instant quality needs.

    ``source`` is what the settings text of the picture calls them: "card NAME", "photo DIGEST", or nothing.
    """

    identity: Identity | None = None
    photo: Pixels | None = None
    source: str = ""


FaceAction = FaceSource | Literal["keep", "pixelate"]
"""What happens to one face."""


@dataclass(frozen=True)
class Settings:
    """How people are put in.

    ``denoise``, ``strength``, ``cfg``, ``steps`` and the prompt are those of the inpaint (published: 0.6, 0.55, 5, 50);
    ``growth`` is what the mask grows beyond the face, in sides of it (published: 0.04); ``fuse`` lays the photo's face
    over the painted one, which the faithful quality always does where there is a photo. ``count`` faces are painted
    for each place, and the most like is taken. ``match`` gives what the standard quality paints the template's light
    and cast. ``controls`` are the kinds of ControlNet that the host has; the faithful quality uses them.
    ``sides`` are the smallest and largest side in pixels at which a face is painted.
    """

    quality: Quality = "instant"
    prompt: str = "raw photo, high detail face, photorealistic, best quality"
    negative_prompt: str = "worst quality, low quality, monochrome, text, watermark"
    denoise: float = 0.6
    strength: float = 0.55
    growth: float = 0.04
    steps: int = 30
    cfg: float = 5.0
    seed: int = 0
    sampler: str = "DPM++ 2M Karras"
    fuse: bool = False
    count: int = 1
    match: bool = True
    controls: frozenset[ControlKind] = frozenset()
    sides: tuple[int, int] = SIDES

    @property
    def paints(self) -> bool:
        """Whether faces are painted by a diffusion model, which needs a host and identities."""
        return self.quality != "instant"

    @property
    def chooses(self) -> bool:
        """Whether several faces are painted for each place, so that a judge is wanted."""
        return self.paints and self.count > 1
