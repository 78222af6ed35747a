"""What stands in for FaceChain's script or for its hooks where those could not be loaded, and shows the reason."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import gradio as gr
from modules import scripts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.hosts.webui.host_types import Component, Processing

TITLE = "FaceChain"


def fallback_script(error: Exception) -> type[object]:
    """A script class of the host that shows ``error`` in its accordion and in pictures that were to have a face."""
    reason = _reason(error)

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
            _write_reason(p, args, reason)

    return FallbackScript


class FallbackHooks:
    """The hooks of a generation where those could not be imported: a picture that was to have a face says why not."""

    def __init__(self, error: Exception) -> None:
        self._reason = _reason(error)

    def process(self, p: Processing, args: Sequence[object]) -> None:
        """Write the reason into the settings of the picture and into the page's message."""
        if _write_reason(p, args, self._reason):
            p.comment(self._reason)

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Any other hook does nothing."""
        return _do_nothing


def _reason(error: Exception) -> str:
    return f"FaceChain could not be loaded: {type(error).__name__}: {error}. The console has the details."


def _write_reason(p: Processing, args: Sequence[object], reason: str) -> bool:
    """Write the reason into the settings of a picture that was to have a face; returns whether it was."""
    first = args[0] if args else False  # the page's switch, or the request in its place
    wanted = bool(first.get("enabled", True)) if isinstance(first, dict) else first is True
    if wanted:
        p.extra_generation_params[TITLE] = f"off ({reason})"
    return wanted


def _do_nothing(*_args: object, **_more: object) -> None:
    return None
