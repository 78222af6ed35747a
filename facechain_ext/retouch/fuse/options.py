"""What a blend takes from the template and what from the photo; importing this loads no image library."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BlendOptions:
    """What the new face takes from the template besides pose and light: its complexion, its expression."""

    template_complexion: bool = False
    template_expression: bool = False


PAINTED = BlendOptions(template_complexion=True)
"""For a face over one that was painted after the same person: it has that complexion already."""
