"""The script that stands in for FaceChain's where that could not be loaded, and shows the reason."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import gradio as gr
from modules import scripts

if TYPE_CHECKING:
    from facechain_ext.hosts.webui.host_types import Component, Processing

TITLE = "FaceChain"


def fallback_script(error: Exception) -> type[object]:
    """A script class of the host that shows ``error`` in its accordion and in pictures that were to have a face."""
    reason = f"FaceChain could not be loaded: {type(error).__name__}: {error}. The console has the details."

    class FallbackScript(scripts.Script):  # type: ignore[misc]
        """An accordion with one sentence."""

        def title(self) -> str:
            """The name that requests use, so that they are answered with the reason."""
            return TITLE

        def show(self, is_img2img: bool) -> object:
            """In both tabs."""
            return scripts.AlwaysVisible

        def ui(self, is_img2img: bool) -> list[Component]:
            """Build the accordion with the reason."""
            with gr.Accordion(TITLE, open=False, elem_id=self.elem_id("failed")):
                return [gr.HTML(f"<p>{html.escape(reason)}</p>")]

        def process(self, p: Processing, *args: object) -> None:
            """Write the reason into the settings of a picture that was to have a face, which is made without it."""
            if args and isinstance(args[0], dict) and args[0].get("enabled", True):
                p.extra_generation_params[TITLE] = f"off ({reason})"

    return FallbackScript
