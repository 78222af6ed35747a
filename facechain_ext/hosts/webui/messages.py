"""Say something to the user: in the console always, on the page where one is open."""

from __future__ import annotations

import logging

log = logging.getLogger("facechain_ext")


def warn(message: str) -> None:
    """Warn in the log and, when a page asked for this work, on the page."""
    log.warning("%s", message)
    import gradio

    try:
        gradio.Warning(message)
    except (LookupError, ValueError, RuntimeError):  # called for the API, where no page listens
        log.debug("no page to show the warning on")
