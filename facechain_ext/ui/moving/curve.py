"""The likeness along a video as a small curve, below it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from facechain_ext.identity.likeness_scale import OTHER, SAME

if TYPE_CHECKING:
    from facechain_ext.recipes.clip.frame_distances import FrameDistances

_WIDTH, _HEIGHT, _RIM = 320, 90, 6
_TOP = 0.8
"""Distance at the upper edge: strangers have 0.75 as a median."""


def curve_html(curve: FrameDistances) -> str:
    """The distances as SVG, the worst frame marked, with what they come to below; lower is more alike."""
    last = max(curve.frames[-1] if curve.frames else 0, 1)
    places = [
        (_RIM + (_WIDTH - 2 * _RIM) * frame / last, _row(one), frame, one)
        for frame, one in zip(curve.frames, curve.distances, strict=True)
        if one is not None
    ]
    if not places:
        return f"<p class='facechain-note'>{html.escape(curve.sentence)}</p>"
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in places)
    dots = "".join(
        f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{4 if frame == curve.worst else 2}'"
        f" fill='{'#c0392b' if frame == curve.worst else 'currentColor'}'>"
        f"<title>{frame + 1}: {one:.2f}</title></circle>"
        for x, y, frame, one in places
    )
    limits = "".join(
        f"<line x1='0' x2='{_WIDTH}' y1='{_row(far):.1f}' y2='{_row(far):.1f}' stroke='currentColor'"
        " stroke-opacity='0.35' stroke-dasharray='4 4'/>"
        f"<text x='{_WIDTH}' y='{_row(far) - 2:.1f}' font-size='9' text-anchor='end' fill='currentColor'>{far:g}</text>"
        for far in (SAME, OTHER)
    )
    return (
        f"<figure class='facechain-curve' style='margin:0'><svg viewBox='0 0 {_WIDTH} {_HEIGHT}' width='100%'"
        f" style='max-width:{2 * _WIDTH}px' role='img' aria-label='{html.escape(curve.sentence, quote=True)}'>{limits}"
        f"<polyline points='{line}' fill='none' stroke='currentColor' stroke-width='1.5'/>{dots}</svg>"
        f"<figcaption class='facechain-note'>{html.escape(curve.sentence)}</figcaption></figure>"
    )


def _row(far: float) -> float:
    """The height in the picture of a distance."""
    return _RIM + (_HEIGHT - 2 * _RIM) * (1 - min(max(far, 0.0), _TOP) / _TOP)
