"""Warnings for the user in the log and on the page, and sentences about errors of other kinds than ours."""

from __future__ import annotations

import logging

from facechain_ext.errors import HostError

log = logging.getLogger("facechain_ext")

_MAX_CHARACTERS = 300
"""Characters of a foreign error that are shown."""


def warn(message: str) -> None:
    """Log a warning, and show it on the page from which this work was started, if any."""
    log.warning("%s", message)
    import gradio

    try:
        gradio.Warning(message)
    except (LookupError, ValueError, RuntimeError):  # called for the API, where no page listens
        log.debug("no page to show the warning on")


def as_sentence(error: Exception) -> str:
    """The message of ``error`` as one sentence, or the name of its class where it has none."""
    text = " ".join(str(error).split())[:_MAX_CHARACTERS].rstrip(".")
    return f"{text or type(error).__name__}."


def without_our_name(reason: str) -> str:
    """A reason that is put behind "FaceChain", which answers of the API begin with themselves."""
    return reason.removeprefix("FaceChain: ")


def first_line(error: Exception) -> str:
    """The first line of the message of ``error``, or the name of its class where it has none."""
    text = str(error).strip()
    return text.splitlines()[0][:_MAX_CHARACTERS] if text else type(error).__name__


def unexpected(error: Exception) -> HostError:
    """A HostError for the user about an error of any other kind, whose traceback the caller has logged."""
    return HostError(f"{type(error).__name__}: {as_sentence(error)} The console has the details.")
