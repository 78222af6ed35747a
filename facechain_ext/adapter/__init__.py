"""The serial face adapter: its weights, its maths, and attaching it to any SD1.5 U-Net."""

from __future__ import annotations

from facechain_ext.adapter.attach import Attachment, attach
from facechain_ext.adapter.checkpoint import load_adapter, save_adapter
from facechain_ext.adapter.model import AdapterSizes, FaceAdapter, new_adapter

__all__ = ["AdapterSizes", "Attachment", "FaceAdapter", "attach", "load_adapter", "new_adapter", "save_adapter"]
