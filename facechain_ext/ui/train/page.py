"""The Train page: a style, a person or a thing, each with a form of its own; one of them trains at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.ui.train import layout, person_layout

if TYPE_CHECKING:
    from facechain_ext.ui.host import PageHost


def build(host: PageHost) -> None:
    """The three forms; the status of the training is the same on each, whoever began it."""
    with gr.Tabs(elem_id="facechain_train_kinds"):
        with gr.TabItem("A style", id="facechain_train_style"):
            layout.build(host)
        with gr.TabItem("A person", id="facechain_train_a_person"):
            person_layout.build(host, person=True)
        with gr.TabItem("A thing", id="facechain_train_a_thing"):
            person_layout.build(host, person=False)
