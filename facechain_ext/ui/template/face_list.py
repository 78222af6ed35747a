"""The list of a template's faces, each with a drop-down of who it becomes; ``javascript/facechain_tabs.js`` reads it.

Plain HTML, because a webui builds each gradio drop-down while it opens, for faces that nobody has yet.
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING

from facechain_ext.ui.template.choices import KEEP, MAX_FACES

if TYPE_CHECKING:
    from collections.abc import Sequence


def face_list_html(choices: Sequence[str], chosen: Sequence[str]) -> str:
    """A drop-down of ``choices`` for each face from the left; ``chosen`` is what they show."""
    rows = []
    for number, current in enumerate(chosen, 1):
        options = "".join(
            f"<option value='{html.escape(choice, quote=True)}'{' selected' if choice == current else ''}>"
            f"{html.escape(choice)}</option>"
            for choice in choices
        )
        rows.append(_row(f"facechain_template_face_{number}", options, label=f"Face {number}"))
    return f"<div class='facechain-face-list'>{''.join(rows)}</div>"


def _row(name: str, options: str, *, label: str) -> str:
    return f"<div><label for='{name}'>{label}</label><select id='{name}'>{options}</select></div>"


def write_choices(chosen: Sequence[str]) -> str:
    """The text that holds the choices of the list."""
    return json.dumps(list(chosen), ensure_ascii=False)


def read_choices(text: str | None) -> list[str]:
    """The choices in a text of ``write_choices``, of ten faces at most; ``keep`` for what is no text there."""
    try:
        chosen = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    return [one if isinstance(one, str) else KEEP for one in chosen][:MAX_FACES] if isinstance(chosen, list) else []
