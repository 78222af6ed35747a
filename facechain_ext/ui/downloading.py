"""Downloads on the page: starting, a progress bar for each, stopping."""

from __future__ import annotations

import html
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from facechain_ext.ui.html import bar, note_html
from facechain_ext.weights.background import Downloads
from facechain_ext.weights.download import pull
from facechain_ext.weights.manifest import entry
from facechain_ext.weights.store import how_to_get

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from facechain_ext.weights.background import DownloadFunction, DownloadStatus

_POLL_SECONDS = 0.5
"""Interval at which the page reads the progress."""


@lru_cache(maxsize=1)
def downloads() -> Downloads:
    """The download queue of this process."""
    return Downloads()


def download_files(keys: Sequence[str], tasks: Mapping[str, DownloadFunction] | None = None) -> Iterator[str]:
    """Download files of the manifest one after the other, yielding their progress as HTML.

    ``tasks`` bring those that do not belong into our own folder. Leaving the loop early stops nothing: what was asked
    for goes on when the browser is closed.
    """
    for key in keys:
        downloads().start(key, (tasks or {}).get(key) or pull)
    while any(downloads().status()[key].busy for key in keys):
        yield progress_html(keys)
        time.sleep(_POLL_SECONDS)
    yield progress_html(keys)


def stop_downloads() -> str:
    """Stop every download; returns a note for the page."""
    busy = [key for key, status in downloads().status().items() if status.busy]
    for key in busy:
        downloads().stop(key)
    return note_html(
        "Stopping; what has come so far is kept for the next time." if busy else "Nothing is being downloaded."
    )


def progress_html(keys: Sequence[str]) -> str:
    """The status of the downloads, a line each; a failed one with its manual alternative."""
    known = downloads().status()
    return "".join(_status_html(known[key]) for key in keys if key in known)


def _status_html(status: DownloadStatus) -> str:
    title = entry(status.key).title
    if status.state == "running":
        done = f"{status.done / 1e6:.0f} MB" + (f" of {status.total / 1e6:.0f} MB" if status.total else "")
        return bar(status.done, status.total or 0, f"{title}: {done}")
    if status.state == "failed":
        return _alert_html(note_html(status.message, how_to_get(status.key)))
    text = {"queued": f"{title}: waits", "done": f"{title} is here."}.get(status.state, f"{title}: {status.message}")
    return note_html(text)


def _alert_html(sentences: str) -> str:
    return f"<div class='facechain-failed' role='alert'>{sentences}</div>"


def failure_html(*sentences: str) -> str:
    """An error message with the role alert."""
    return _alert_html("".join(f"<p class='facechain-note'>{html.escape(status)}</p>" for status in sentences))
