"""Sending a result to the moving portrait: the button beside a gallery, and the page that takes the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates
from facechain_ext.ui.uploads import temporary_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True)
class PictureSender:
    """A button, and what it sends: ``picture`` makes the file of the chosen picture of the values of ``inputs``.

    It returns None where there is no picture yet.
    """

    button: Component
    inputs: list[Component]
    picture: Callable[..., bytes | None]


@dataclass(frozen=True)
class PictureReceiver:
    """Where a picture goes: the field of templates, and the row of actions, which is set to ``action``."""

    files: Component
    row: Component
    action: str
    tab: str


def send_button(name: str) -> Component:
    """The button of the gallery ``name``."""
    button: Component = gr.Button("→ moving portrait", size="sm", min_width=90, elem_id=f"facechain_move_{name}")
    return button


def connect(tabs: Component, parts: Iterable[object]) -> None:
    """Let the senders among ``parts`` send to the receiver, and open its tab."""
    found = list(parts)
    for receiver in (part for part in found if isinstance(part, PictureReceiver)):
        for sender in (part for part in found if isinstance(part, PictureSender)):
            outputs = [receiver.files, receiver.row, tabs]
            sender.button.click(_handler(sender, receiver), sender.inputs, outputs, **HIDDEN_PROGRESS)


def _handler(sender: PictureSender, receiver: PictureReceiver) -> Callable[..., Updates]:
    def on_send(*values: object) -> Updates:
        content = sender.picture(*values)
        if content is None:
            return [gr.update()] * 3
        path = temporary_file("portrait.png", content)
        return [[str(path)], receiver.action, gr.update(selected=receiver.tab)]

    return on_send
