"""Labels in picture files that say how a picture was made: XMP, a visible mark, and C2PA.

Public names: ``Label`` (the facts), ``read_packet`` and ``write_packet`` (XMP in PNG, JPEG, WebP and AVIF files),
``labelled_packet`` (a new packet that keeps the marks of an earlier one), ``describe`` (what a packet says).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.lazy_names import lazy_names

if TYPE_CHECKING:
    from facechain_ext.labels.containers import read_packet, write_packet
    from facechain_ext.labels.label import Label
    from facechain_ext.labels.marks import describe, kept_marks, labelled_packet
    from facechain_ext.labels.settings import LabelSettings, label_settings, use_label_settings

__all__ = [
    "Label",
    "LabelSettings",
    "describe",
    "kept_marks",
    "label_settings",
    "labelled_packet",
    "read_packet",
    "use_label_settings",
    "write_packet",
]

__getattr__ = lazy_names(
    __name__,
    {
        "containers": (
            "read_packet",
            "write_packet",
        ),
        "label": ("Label",),
        "marks": (
            "describe",
            "kept_marks",
            "labelled_packet",
        ),
        "settings": (
            "LabelSettings",
            "label_settings",
            "use_label_settings",
        ),
    },
)
