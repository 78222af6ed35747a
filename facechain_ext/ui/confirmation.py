"""An inline confirmation before data is deleted or overwritten: a message with two buttons."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates
from facechain_ext.ui.html import note_html


@dataclass(frozen=True)
class Confirmation:
    """The components of a confirmation; ``subject`` holds the name that it concerns while it is open."""

    panel: Component
    message: Component
    subject: Component
    yes: Component
    no: Component

    @property
    def outputs(self) -> list[Component]:
        """The outputs of ``show_confirmation`` and ``hide_confirmation``."""
        return [self.panel, self.message, self.subject]


def build_confirmation(name: str, yes: str, no: str = "Keep it") -> Confirmation:
    """Build a hidden confirmation; ``name`` is the prefix of its element ids, ``yes`` and ``no`` label its buttons."""
    with gr.Column(visible=False, elem_id=f"{name}_sure") as panel:
        message = gr.HTML("")
        with gr.Row():
            confirm = gr.Button(yes, variant="stop", size="sm", elem_id=f"{name}_yes")
            cancel = gr.Button(no, size="sm", elem_id=f"{name}_no")
    confirmation = Confirmation(panel, message, gr.State(""), confirm, cancel)
    cancel.click(hide_confirmation, [], confirmation.outputs, **HIDDEN_PROGRESS)
    return confirmation


def show_confirmation(message: str, subject: str) -> Updates:
    """Updates that show ``message`` and remember ``subject``."""
    return [gr.update(visible=True), note_html(message), subject]


def hide_confirmation() -> Updates:
    """Updates that hide the confirmation."""
    return [gr.update(visible=False), "", ""]
