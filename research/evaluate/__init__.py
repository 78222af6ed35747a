"""Measuring who is in the picture, whether the words still count, and what else changed, on drawn people."""

from __future__ import annotations
