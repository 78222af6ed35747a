"""The Host on diffusers, and the command line."""

from __future__ import annotations
