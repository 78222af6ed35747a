"""The Portrait page: who, how, result."""

from __future__ import annotations

from facechain_ext.page.portrait.layout import build

__all__ = ["build"]
