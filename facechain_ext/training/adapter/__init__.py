"""Training of the face adapter as in FACT, with FAIR."""

from __future__ import annotations
