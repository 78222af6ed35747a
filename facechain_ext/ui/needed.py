"""What is still needed for a portrait, in its place: a list, one button that gets all of it, progress and a stop."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator  # noqa: TC003 - gradio reads the annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.recipes.readiness import Need, megabytes
from facechain_ext.ui import downloading
from facechain_ext.ui.html import note
from facechain_ext.weights.manifest import entry, format_megabytes

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class NeededParts:
    """The frame that is shown while something is missing, and what is in it; ``refresh`` looks again."""

    frame: Any
    words: Any
    get: Any
    stop: Any
    status: Any
    refresh: Any

    @property
    def shown(self) -> list[Any]:
        """What ``state`` fills."""
        return [self.frame, self.words, self.get, self.stop]


def build(needs: Callable[[], Sequence[Need]], element: Callable[[str], str]) -> NeededParts:
    """Build the frame and wire it; ``needs`` is asked now and at every look, ``element`` names the elements."""
    now = tuple(needs())
    with gr.Column(visible=bool(now), elem_id=element("needed"), elem_classes=["facechain-needed"]) as frame:
        words = gr.HTML(words_html(now), elem_id=element("needed_words"))
        with gr.Row():
            get = gr.Button(
                _button(now), variant="primary", visible=bool(_keys(now)), elem_id=element("needed_get"), min_width=160
            )
            stop = gr.Button("Stop", visible=bool(_keys(now)), elem_id=element("needed_stop"), min_width=80)
    status = gr.HTML("", elem_id=element("needed_status"))
    refresh = gr.Button("Look again", elem_id=element("needed_refresh"), elem_classes=["facechain-hidden"])
    parts = NeededParts(frame, words, get, stop, status, refresh)

    def fetch() -> Iterator[list[Any]]:
        asked = tuple(needs())
        keys = _keys(asked)
        if not keys:
            yield [note("Nothing is left to get."), *state(asked)]
            return
        tasks = {key: need.task for need in asked for key in need.keys if need.task is not None}
        for progress in downloading.fetched(keys, tasks):
            yield [progress, *[gr.update()] * 4]
        left = tuple(needs())
        done = downloading.progress_html(keys) if left else note("Everything is here. Add a photo and press Generate.")
        yield [done, *state(left)]

    quiet = {"show_progress": "hidden"}
    get.click(fetch, [], [status, *parts.shown], **quiet)
    stop.click(downloading.stop, [], [status], queue=False)
    refresh.click(lambda: state(needs()), [], parts.shown, **quiet)
    return parts


def state(needs: Sequence[Need]) -> list[Any]:
    """Updates of ``NeededParts.shown``."""
    files = bool(_keys(needs))
    return [
        gr.update(visible=bool(needs)),
        words_html(needs),
        gr.update(value=_button(needs), visible=files),
        gr.update(visible=files),
    ]


def words_html(needs: Sequence[Need]) -> str:
    """Everything that is missing, each with the file that brings it or with what there is to do."""
    if not needs:
        return ""
    lines = "".join(f"<li>{html.escape(need.what)} {html.escape(_what_helps(need))}</li>" for need in needs)
    return f"<b>Needed for a portrait</b><ul>{lines}</ul>"


def _what_helps(need: Need) -> str:
    if not need.keys:
        return need.remedy
    files = [entry(key) for key in need.keys]
    facts = [(one.title, format_megabytes(one.megabytes), f"licence: {one.licence}") for one in files]
    return "; ".join(", ".join(filter(None, one)) for one in facts) + "."


def _keys(needs: Sequence[Need]) -> list[str]:
    return list(dict.fromkeys(key for need in needs for key in need.keys))


def _button(needs: Sequence[Need]) -> str:
    """The button's words: how many files, and about how much of them is known."""
    keys = _keys(needs)
    size = format_megabytes(megabytes(keys))
    files = f"{len(keys)} file{'s' if len(keys) != 1 else ''}"
    return f"Get what is missing ({files}{f', over {size}' if size else ''})"
