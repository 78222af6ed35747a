"""The serial face adapter: its weights, its maths, and attaching it to any SD1.5 U-Net."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.lazy_names import lazy_names

if TYPE_CHECKING:
    from facechain_ext.methods.fact.attachment import Attachment, attach, conditions_of
    from facechain_ext.methods.fact.checkpoint import load_adapter, save_adapter
    from facechain_ext.methods.fact.middle_patch import PatchAttachment, attach_by_patch
    from facechain_ext.methods.fact.model import AdapterSizes, FaceAdapter, new_adapter
    from facechain_ext.methods.fact.options import AttachOptions

__all__ = [
    "AdapterSizes",
    "AttachOptions",
    "Attachment",
    "FaceAdapter",
    "PatchAttachment",
    "attach",
    "attach_by_patch",
    "conditions_of",
    "load_adapter",
    "new_adapter",
    "save_adapter",
]

__getattr__ = lazy_names(
    __name__,
    {
        "attachment": (
            "Attachment",
            "attach",
            "conditions_of",
        ),
        "checkpoint": (
            "load_adapter",
            "save_adapter",
        ),
        "middle_patch": (
            "PatchAttachment",
            "attach_by_patch",
        ),
        "model": (
            "AdapterSizes",
            "FaceAdapter",
            "new_adapter",
        ),
        "options": ("AttachOptions",),
    },
)
