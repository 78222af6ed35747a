"""A text of the page that nobody sees."""

from __future__ import annotations

import gradio as gr


def hidden_text(elem_id: str, value: str = "") -> gr.Textbox:
    """What the page's scripts and its event handlers hand to each other; no webui keeps it among a user's defaults."""
    text = gr.Textbox(value, show_label=False, elem_id=elem_id, elem_classes=["facechain-hidden"])
    text.do_not_save_to_config = True
    return text
