"""The words of the forms of a training that messages name too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NOBODY = "nobody"
"""Who describes pictures that no network looks at."""
PREPARATION_LABELS: Mapping[str, str] = {
    "background": "What is behind the person",
    "retouch": "Smooth the skin",
    "views": "Make further views of a single photo",
    "drawn": "Let FACT draw further views of a single photo",
}
"""What the form calls the options of a preparation."""
RESUME_STYLE_LABEL = "Go on where it stopped"
"""The label of the switch that goes on with the training of a style."""


def resume_label(*, person: bool) -> str:
    """The label of the switch that goes on with the training of a person or a thing."""
    return "Go on with this person" if person else "Go on with this thing"
