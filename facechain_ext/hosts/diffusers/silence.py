"""Hold back what libraries print about things that this package checks, and says, itself."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIBRARIES = ("diffusers", "transformers", "peft", "accelerate")


@contextmanager
def silence() -> Iterator[None]:
    """Silence warnings, log lines and progress bars of diffusers, transformers and peft inside a ``with`` block."""
    from transformers.utils import logging as transformers_logging

    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    levels = [each.level for each in loggers]
    bars = transformers_logging.is_progress_bar_enabled()
    for each in loggers:
        each.setLevel(logging.CRITICAL)
    transformers_logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)
        if bars:
            transformers_logging.enable_progress_bar()
