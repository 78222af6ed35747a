"""What a blend takes from the template and what from the photo; importing this loads no image library."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PAINTED", "BlendOptions"]


@dataclass(frozen=True)
class BlendOptions:
    """What the new face takes from the template besides pose and light.

    Attributes:
        template_complexion: the skin has the template's colour, so that nothing beside the face changes; otherwise
            the person's, in the template's light.
        template_expression: mouth and eyelids have the template's shape, at the place and width of the person's; a
            mouth that is open in the photo and closed in the template stays open, because visible teeth would be
            squeezed into closed lips. Otherwise both are the photo's.
        template_gaze: the eyes look as the template's do; otherwise as in the photo.
    """

    template_complexion: bool = False
    template_expression: bool = False
    template_gaze: bool = False


PAINTED = BlendOptions(template_complexion=True)
"""For a face over one that was painted after the same person.

It has the person's complexion, in the light of its picture, already.
"""
