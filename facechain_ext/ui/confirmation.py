"""A question before something is lost: shown in its place with two buttons, nothing happens until one is pressed."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates
from facechain_ext.ui.html import note_html


@dataclass(frozen=True)
class Confirmation:
    """The parts of one question; ``subject`` holds what it is about while it is open."""

    panel: Component
    message: Component
    subject: Component
    yes: Component
    no: Component

    @property
    def outputs(self) -> list[Component]:
        """What ``show_confirmation`` and ``hide_confirmation`` fill."""
        return [self.panel, self.message, self.subject]


def build_confirmation(name: str, yes: str, no: str = "Keep it") -> Confirmation:
    """A question that is not seen yet; ``name`` is the beginning of its parts' ids, ``yes`` and ``no`` its buttons."""
    with gr.Column(visible=False, elem_id=f"{name}_sure") as panel:
        message = gr.HTML("")
        with gr.Row():
            confirm = gr.Button(yes, variant="stop", size="sm", elem_id=f"{name}_yes")
            cancel = gr.Button(no, size="sm", elem_id=f"{name}_no")
    confirmation = Confirmation(panel, message, gr.State(""), confirm, cancel)
    cancel.click(hide_confirmation, [], confirmation.outputs, **HIDDEN_PROGRESS)
    return confirmation


def show_confirmation(message: str, subject: str) -> Updates:
    """Ask ``message`` about ``subject``."""
    return [gr.update(visible=True), note_html(message), subject]


def hide_confirmation() -> Updates:
    """Ask nothing any more."""
    return [gr.update(visible=False), "", ""]
