"""The public names of the serial face adapter, where they were before methods had folders of their own."""

from __future__ import annotations

from facechain_ext.methods.fact import attach, load_adapter

__all__ = ["attach", "load_adapter"]
