"""Notes, progress bars and tables as HTML; all text is escaped."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterable

    from facechain_ext.faces.types import Pixels


_LOG_CHARACTERS = 20_000
"""Of a program's log that a page shows: its end."""


def note_html(*sentences: str) -> str:
    """One paragraph for each sentence."""
    return "".join(f"<p class='facechain-note'>{html.escape(sentence)}</p>" for sentence in sentences)


def details_html(text: str) -> str:
    """A long text, such as the log of a program, to open and read; nothing for none."""
    if not text:
        return ""
    shown = html.escape(text[-_LOG_CHARACTERS:])
    return f"<details class='facechain-details'><summary>Log of the program</summary><pre>{shown}</pre></details>"


def deferred(content: str) -> str:
    """``content`` (HTML) that ``javascript/facechain_page.js`` adds to the page only when its place is first shown.

    A long table then costs nothing while the webui opens, where nobody sees it.
    """
    return f"<div class='facechain-deferred'><template>{content}</template></div>"


def bar(done: int, total: int, text: str) -> str:
    """A progress bar of ``done`` of ``total`` (0 while unknown) with a text."""
    share = min(100 * done / total, 100) if total else 0
    return (
        "<div class='facechain-progress' role='progressbar' aria-live='off' aria-valuemin='0' aria-valuemax='100' "
        f"aria-valuenow='{share:.0f}' aria-label='{html.escape(text, quote=True)}'>"
        f"<div style='width:{share:.0f}%'></div><span>{html.escape(text)}</span></div>"
    )


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of texts; without a head, the first of each row is the row's title."""
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    lines = []
    for row in rows:
        first, *others = (html.escape(cell) for cell in row)
        start = f"<td>{first}</td>" if top else f"<th>{first}</th>"
        lines.append(f"<tr>{start}{''.join(f'<td>{cell}</td>' for cell in others)}</tr>")
    heading = f"<tr>{top}</tr>" if top else ""
    body = f"<table class='facechain-table'>{heading}{''.join(lines)}</table>"
    # a table wider than a phone scrolls, with the keyboard too
    return f"<div class='facechain-scroll' tabindex='0'>{body}</div>"


def data_url(pixels: Pixels) -> str:
    """A picture uint8 [h, w, 3] as a WebP data URL."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "WEBP", quality=85)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
