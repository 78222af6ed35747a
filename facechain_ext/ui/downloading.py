"""Downloads as a page shows them: asked for, watched with a bar each, stopped."""

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

_PAUSE = 0.5
"""Seconds between two looks at how far they are."""


@lru_cache(maxsize=1)
def downloads() -> Downloads:
    """The one line of downloads of this process."""
    return Downloads()


def download_files(keys: Sequence[str], tasks: Mapping[str, DownloadFunction] | None = None) -> Iterator[str]:
    """Download files of the manifest one after the other; gives how far they are now and then, and at their end.

    ``tasks`` bring those that do not belong into our own folder. Leaving the loop early stops nothing: what was asked
    for goes on when the browser is closed.
    """
    for key in keys:
        downloads().start(key, (tasks or {}).get(key) or pull)
    while any(downloads().status()[key].busy for key in keys):
        yield progress_html(keys)
        time.sleep(_PAUSE)
    yield progress_html(keys)


def stop_downloads() -> str:
    """Stop every download; gives the sentence for the page."""
    busy = [key for key, status in downloads().status().items() if status.busy]
    for key in busy:
        downloads().stop(key)
    return note_html(
        "Stopping; what has come so far is kept for the next time." if busy else "Nothing is being downloaded."
    )


def progress_html(keys: Sequence[str]) -> str:
    """How the downloads stand, a line each, and how to do without when one has failed."""
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
    """What went wrong, marked as such."""
    return _alert_html("".join(f"<p class='facechain-note'>{html.escape(status)}</p>" for status in sentences))
