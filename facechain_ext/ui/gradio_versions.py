"""What differs between the releases of gradio that the page runs on: 3.41.2, 4.40 and later."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio import context as gradio_context

from facechain_ext.storage.owner import current_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from facechain_ext.ui.gradio_types import Component

MAJOR = int(gr.__version__.split(".", maxsplit=1)[0])
_SCRIPTS = Path(__file__).resolve().parents[2] / "javascript"
"""Scripts that a webui loads itself; without a webui ``load_scripts`` does."""
_CONCURRENT_EVENTS = 16
"""Concurrent events of one kind, without a webui."""


@lru_cache(maxsize=64)
def _accepts(function: Callable[..., object], name: str) -> bool:
    return name in inspect.signature(function).parameters


def supported_options(function: Callable[..., object], **options: Any) -> dict[str, Any]:
    """The ``options`` that ``function`` accepts in this release of gradio."""
    return {name: value for name, value in options.items() if _accepts(function, name)}


@dataclass(frozen=True)
class LabelledChoices:
    """(label, value) pairs of choices, with unique labels.

    Components get ``labels``, and handlers map back by ``values_of``: gradio 3.41.2 joins each pair that it is
    given into one text "label,value", and hands that over.
    """

    pairs: tuple[tuple[str, str], ...]

    def labels(self, values: Iterable[str] | None = None) -> list[str]:
        """The labels of ``values``, or of all, in the order of the pairs."""
        wanted = None if values is None else set(values)
        return [label for label, value in self.pairs if wanted is None or value in wanted]

    def values_of(self, labels: Iterable[str] | None) -> list[str]:
        """The values of labels, without duplicates; unknown labels are ignored."""
        known = dict(self.pairs)
        return list(dict.fromkeys(known[label] for label in labels or () if label in known))


def image_input(**options: Any) -> Component:
    """An image input (drop, file dialog, clipboard); handlers get a PIL image."""
    where = supported_options(gr.Image.__init__, source="upload", sources=["upload", "clipboard"])
    component: Component = gr.Image(
        type="pil", **where, **supported_options(gr.Image.__init__, show_share_button=False), **options
    )
    return component


def results_gallery(**options: Any) -> Component:
    """Pictures to look at and to send; gradio 4 would offer to drop files into one whose value an event takes.

    Forge takes what is sent to img2img as PIL; gradio 3 hands over something that the webui reads itself.
    """
    component: Component = gr.Gallery(
        **supported_options(gr.Gallery.__init__, interactive=False, type="pil"), **options
    )
    return component


def microphone_input(**options: Any) -> Component:
    """A recording by the browser's microphone; handlers get the path of a sound file.

    gradio 4 asks for the microphone as soon as the page is open where it is the first source, hidden or not, so a file
    comes first there and the microphone when it is chosen.
    """
    where = supported_options(gr.Audio.__init__, source="microphone", sources=["upload", "microphone"])
    component: Component = gr.Audio(type="filepath", **where, **options)
    return component


def video_output(**options: Any) -> Component:
    """A video to look at and to download."""
    component: Component = gr.Video(interactive=False, **options)
    return component


def concurrent_event_options() -> dict[str, Any]:
    """Options of an event that several browsers may run concurrently."""
    return {} if MAJOR < 4 else {"concurrency_limit": None}


def script_options(script: str) -> dict[str, str]:
    """Options of an event that runs ``script`` in the browser.

    Its name is not looked up in the event's signature: Forge wraps events in one that takes anything.
    """
    return {"_js" if MAJOR < 4 else "js": script}


def on_opened(function: Callable[..., object], inputs: list[Component], outputs: list[Component]) -> None:
    """Run ``function`` whenever a page is opened, where it depends on the login what the page shows.

    A page is built once for all logins, so what belongs to one of them comes afterwards.
    """
    page = gradio_context.Context.root_block
    if not current_owner().known and page is not None:
        page.load(function, inputs, outputs, show_progress="hidden")


class HostedBlocks(gr.Blocks):  # type: ignore[misc]
    """Blocks that a webui renders into its own page.

    gradio makes a server and a configuration for them too, which nobody asks for: 0.03 s of a webui's start with gradio
    3, a quarter of the tab's time with gradio 4, which makes a first server before there is anything in them.
    """

    _made = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._made = True

    def queue(self, *args: Any, **options: Any) -> gr.Blocks:
        """As in gradio, except where gradio 4 asks for a queue and its server while the Blocks are made."""
        return super().queue(*args, **options) if self._made or _leave_block() is None else self

    def __exit__(self, exc_type: type[BaseException] | None = None, *args: object) -> None:
        """End the building of the page, as gradio does, but for what only the outermost Blocks need."""
        leave = _leave_block()
        if leave is None or exc_type is not None or self.parent is not None:
            super().__exit__(exc_type, *args)
            return
        self.fill_expected_parents()
        self._hide_events()
        leave()
        self.attach_load_events()
        gradio_context.Context.root_block = None
        functions = self.fns.values() if MAJOR > 3 else self.fns
        self.progress_tracking = any(function.tracks_progress for function in functions)
        self.exited = True

    def _hide_events(self) -> None:
        """Leave the page's events out of gradio's description of its API, which a browser waits for at each load.

        Their inputs are the fields of a form in the form's order; programs use our own routes.
        """
        if MAJOR > 3:
            for function in self.fns.values():
                function.api_name, function.show_api = False, False
        else:
            for dependency in self.dependencies:
                dependency["api_name"] = False


def _leave_block() -> Callable[[], None] | None:
    """What ends the block in which components are placed; None for a gradio of which that is not known."""
    if MAJOR == 3:
        return lambda: setattr(gradio_context.Context, "block", None)
    set_context = getattr(gradio_context, "set_render_context", None)  # of gradio 4.40
    return None if MAJOR != 4 or set_context is None else lambda: set_context(None)


def theme_options() -> dict[str, Any]:
    """Options of Blocks without a webui: gradio's theme with system fonts, none from the network."""
    fonts = ["system-ui", "sans-serif"]
    theme = gr.themes.Default(font=fonts, font_mono=["ui-monospace", "monospace"])
    return supported_options(gr.Blocks.__init__, theme=theme)


def load_scripts(page: gr.Blocks) -> None:
    """Run the extension's scripts when the page is opened."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(_SCRIPTS.glob("facechain*.js")))
    script = f"() => {{ {source} }}"
    with page:
        page.load(None, None, None, **script_options(script))


def launch(page: gr.Blocks, *, address: str, port: int, wait: bool) -> str:
    """Serve the page; returns its URL. With ``wait`` it returns when the server is stopped (Ctrl+C)."""
    concurrency = (
        {"concurrency_count": _CONCURRENT_EVENTS} if MAJOR < 4 else {"default_concurrency_limit": _CONCURRENT_EVENTS}
    )
    page.queue(api_open=False, **concurrency)
    options = supported_options(page.launch, show_api=False, quiet=True, inbrowser=False)
    _, url, _ = page.launch(server_name=address, server_port=port, prevent_thread_lock=not wait, **options)
    return str(url)
