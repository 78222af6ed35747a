"""Packages that the project can use and does not need."""

from __future__ import annotations

import functools
import importlib.util


@functools.cache
def is_installed(package: str) -> bool:
    """Whether ``package`` can be imported, without importing it."""
    return importlib.util.find_spec(package) is not None
