"""Downloads as a page shows them: asked for, watched with a bar each, stopped."""

from __future__ import annotations

import html
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from facechain_ext.ui.html import bar, note
from facechain_ext.weights.background import Downloads
from facechain_ext.weights.download import pull
from facechain_ext.weights.manifest import entry
from facechain_ext.weights.store import how_to_get

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from facechain_ext.weights.background import Status, Task

_PAUSE = 0.5
"""Seconds between two looks at how far they are."""


@lru_cache(maxsize=1)
def downloads() -> Downloads:
    """The one line of downloads of this process."""
    return Downloads()


def fetched(keys: Sequence[str], tasks: Mapping[str, Task] | None = None) -> Iterator[str]:
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


def stop() -> str:
    """Stop every download; gives the sentence for the page."""
    busy = [key for key, one in downloads().status().items() if one.busy]
    for key in busy:
        downloads().stop(key)
    return note("Stopping; what has come so far is kept for the next time." if busy else "Nothing is being downloaded.")


def progress_html(keys: Sequence[str]) -> str:
    """How the downloads stand, a line each, and how to do without when one has failed."""
    known = downloads().status()
    return "".join(_line(known[key]) for key in keys if key in known)


def _line(one: Status) -> str:
    title = entry(one.key).title
    if one.state == "running":
        done = f"{one.done / 1e6:.0f} MB" + (f" of {one.total / 1e6:.0f} MB" if one.total else "")
        return bar(one.done, one.total or 0, f"{title}: {done}")
    if one.state == "failed":
        return _failure(note(one.message, how_to_get(one.key)))
    words = {"queued": f"{title}: waits", "done": f"{title} is here."}.get(one.state, f"{title}: {one.message}")
    return note(words)


def _failure(sentences: str) -> str:
    return f"<div class='facechain-failed' role='alert'>{sentences}</div>"


def failure(*sentences: str) -> str:
    """What went wrong, marked as such."""
    return _failure("".join(f"<p class='facechain-note'>{html.escape(one)}</p>" for one in sentences))
