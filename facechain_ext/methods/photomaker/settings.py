"""PhotoMaker's name, its rows of the table of settings, and where it cannot work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.methods.setting import Setting

if TYPE_CHECKING:
    from facechain_ext.identity import Identity
    from facechain_ext.methods.protocol import ModelFamily

NAME = "PhotoMaker"
"""The method's name."""
AVERAGE, STACK = "average", "stack"
"""How people are mixed: the mean of their embeddings in each copy of the class word, or copies of their own."""
HEAD, MIDDLE = "head and shoulders", "middle"
"""The square of a photo that is encoded: around the face, or as published, which knows no face."""
STYLE_STRENGTH = 0.2
"""The published default of the style strength (20 of 100)."""
SETTINGS = (
    Setting(
        "photomaker", "PhotoMaker file", "FaceChain PhotoMaker", AUTOMATIC,
        "SDXL: the file of the ID encoder. Version 2 needs insightface's buffalo_l (non-commercial research only).",
        optional=True,
    ),
    Setting(
        "style_strength", "Style strength", "FaceChain style strength", STYLE_STRENGTH,
        "SDXL: the share of the steps in which the words act without the person; more is more style and less like.",
        0.0, 1.0, 0.05,
    ),
    Setting(
        "class_word", "Person as", "FaceChain class word", "",
        "SDXL: words in place of the prompt's word for the person, such as child or old man.", optional=True,
    ),
    Setting(
        "person_mixing", "Mix people by", "FaceChain person mixing", AVERAGE,
        "SDXL: the average of the people's embeddings by their shares, or the photos of all side by side (stack).",
        optional=True, choices=(AVERAGE, STACK),
    ),
    Setting(
        "photo_crop", "Photos cropped to", "FaceChain photo crop", HEAD,
        "SDXL: the square around the face, or the middle of the photo as published, in which a face may be small.",
        optional=True, choices=(HEAD, MIDDLE),
    ),
)  # fmt: skip
"""Rows of the table of settings."""


def unavailable_reason(family: ModelFamily) -> str:
    """PhotoMaker's published weights are for SDXL."""
    if family == "SDXL":
        return ""
    kind = "another kind of model" if family == "unknown" else family
    return f"The loaded checkpoint is {kind}; PhotoMaker needs Stable Diffusion XL. Load an SDXL checkpoint."


def unusable_reason(identity: Identity) -> str:
    """PhotoMaker needs the head and shoulders of every photo, which cards of earlier versions lack."""
    if identity.heads is not None:
        return ""
    return (
        "This card was saved without what PhotoMaker takes from a photo, the picture of head and shoulders. Make "
        "the card again from the photos."
    )
