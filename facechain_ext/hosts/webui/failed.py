"""What stands in the accordion's place when FaceChain could not be loaded: the reason."""

from __future__ import annotations

import html
import logging
from typing import Any

import gradio as gr
from modules import scripts

log = logging.getLogger("facechain_ext")

TITLE = "FaceChain"


def script_that_says(error: Exception) -> type[Any]:
    """A script of the host that does nothing but show ``error``, and say so in pictures that asked for a face."""
    log.error("FaceChain could not be loaded", exc_info=error)
    reason = f"FaceChain could not be loaded: {type(error).__name__}: {error}. The console has the details."

    class FailedScript(scripts.Script):  # type: ignore[misc]
        """Only a title and a sentence."""

        def title(self) -> str:
            """The name that requests use, so that they are answered with the reason."""
            return TITLE

        def show(self, is_img2img: bool) -> Any:  # noqa: ARG002, FBT001 - the host's signature
            """In both tabs."""
            return scripts.AlwaysVisible

        def ui(self, is_img2img: bool) -> list[Any]:  # noqa: ARG002, FBT001 - the host's signature
            """The accordion with the reason."""
            with gr.Accordion(TITLE, open=False, elem_id=self.elem_id("failed")):
                return [gr.HTML(f"<p>{html.escape(reason)}</p>")]

        def process(self, p: Any, *args: Any) -> None:
            """Generation goes on without the face."""
            if args and isinstance(args[0], dict) and args[0].get("enabled", True):
                p.extra_generation_params[TITLE] = f"off ({reason})"

    return FailedScript
