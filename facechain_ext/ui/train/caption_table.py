"""The table of captions that is edited on the page: of each picture its name, whether it is learned from, its caption.

HTML of our own in place of gradio's Dataframe, whose modules a browser fetches at every load of a webui (130 KB), and
whose cells have no names for screen readers.
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.errors import InputError
from facechain_ext.ui.hidden_text import hidden_text

if TYPE_CHECKING:
    from collections.abc import Sequence


def caption_table(elem_id: str) -> tuple[gr.HTML, gr.Textbox]:
    """An empty table and the hidden text of its edited rows, which ``javascript/facechain_train.js`` keeps."""
    shown = gr.HTML("", elem_id=elem_id, elem_classes=["facechain-captions"])
    return shown, hidden_text(f"{elem_id}_edited")


def captions_html(title: str, rows: Sequence[Sequence[str]]) -> str:
    """The table of (file, yes or no, caption) and maybe the reason of that choice; nothing without rows."""
    if not rows:
        return ""
    head = ("file", "use", "caption", "reason")[: len(rows[0])]
    lines = "".join(_row(*(html.escape(cell) for cell in row)) for row in rows)
    return (
        f"<table class='facechain-table' aria-label='{html.escape(title)}'>"
        f"<tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>{lines}</table>"
    )


def _row(file: str, use: str, caption: str, reason: str | None = None) -> str:
    checked = " checked" if use == "yes" else ""
    return (
        f"<tr data-file='{file}'><th scope='row'>{file}</th>"
        f"<td><input type='checkbox' aria-label='use {file}'{checked}></td>"
        f"<td><textarea rows='2' aria-label='caption of {file}'>\n{caption}</textarea></td>"
        f"{'' if reason is None else f'<td>{reason}</td>'}</tr>"
    )


def edited_captions(text: str) -> list[list[str]]:
    """The rows (file, yes or no, caption) of the page's hidden text; none before a table was shown.

    Raises InputError for a text that is no table.
    """
    if not text:
        return []
    try:
        return [[str(file), str(use), str(caption)] for file, use, caption in json.loads(text)]
    except (ValueError, TypeError) as error:
        raise InputError(
            "The table of captions could not be read; reload the page and name the training again."
        ) from error
