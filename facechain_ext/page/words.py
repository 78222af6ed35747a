"""Sentences and bars for the page, as HTML in which nothing runs."""

from __future__ import annotations

import html


def note(*sentences: str) -> str:
    """Sentences below each other."""
    return "".join(f"<p class='facechain-note'>{html.escape(sentence)}</p>" for sentence in sentences)


def bar(done: int, total: int, words: str) -> str:
    """How far something is: ``done`` of ``total`` (0 when nobody knows yet), and what is said beside it."""
    share = min(100 * done / total, 100) if total else 0
    return (
        f"<div class='facechain-progress' role='progressbar' aria-valuenow='{share:.0f}'>"
        f"<div style='width:{share:.0f}%'></div><span>{html.escape(words)}</span></div>"
    )
