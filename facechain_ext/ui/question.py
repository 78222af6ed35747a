"""A question before something is lost: shown in its place with two buttons, nothing happens until one is pressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from facechain_ext.ui.html import note


@dataclass(frozen=True)
class Question:
    """The parts of one question; ``subject`` holds what it is about while it is open."""

    panel: Any
    words: Any
    subject: Any
    yes: Any
    no: Any

    @property
    def parts(self) -> list[Any]:
        """What ``opened`` and ``closed`` fill."""
        return [self.panel, self.words, self.subject]


def build_question(name: str, yes: str, no: str = "Keep it") -> Question:
    """A question that is not seen yet; ``name`` is the beginning of its parts' ids, ``yes`` and ``no`` its buttons."""
    with gr.Column(visible=False, elem_id=f"{name}_sure") as panel:
        words = gr.HTML("")
        with gr.Row():
            agree = gr.Button(yes, variant="stop", size="sm", elem_id=f"{name}_yes")
            refuse = gr.Button(no, size="sm", elem_id=f"{name}_no")
    question = Question(panel, words, gr.State(""), agree, refuse)
    refuse.click(closed, [], question.parts, show_progress="hidden")
    return question


def opened(words: str, subject: str) -> list[Any]:
    """Ask ``words`` about ``subject``."""
    return [gr.update(visible=True), note(words), subject]


def closed() -> list[Any]:
    """Ask nothing any more."""
    return [gr.update(visible=False), "", ""]
