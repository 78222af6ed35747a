"""Missing requirements of a portrait: their list, one button that downloads all files, progress and a stop."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.lazy_names import late_module
from facechain_ext.recipes.readiness import Need, megabytes
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates, UpdateStream
from facechain_ext.ui.html import note_html
from facechain_ext.weights.manifest import entry, format_megabytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.ui import downloading
else:
    downloading = late_module("facechain_ext.ui.downloading")


@dataclass(frozen=True)
class RequirementsPanel:
    """The panel's components; ``frame`` is visible while something is missing, ``refresh`` checks again."""

    frame: Component
    missing_list: Component
    download: Component
    stop: Component
    status: Component
    refresh: Component

    @property
    def outputs(self) -> list[Component]:
        """The outputs of ``panel_updates``."""
        return [self.frame, self.missing_list, self.download, self.stop]


def build(
    needs: Callable[[], Sequence[Need]], element: Callable[[str], str], current: Sequence[Need] = ()
) -> RequirementsPanel:
    """Build and wire the panel; ``needs`` is called at every check, ``element`` makes element ids.

    ``current`` is shown before the first check, which ``javascript/facechain_page.js`` makes when the page is shown.
    """
    with gr.Column(visible=bool(current), elem_id=element("needed"), elem_classes=["facechain-needed"]) as frame:
        missing_list = gr.HTML(missing_list_html(current), elem_id=element("needed_words"))
        with gr.Row():
            download = gr.Button(
                _button_label(current),
                variant="primary",
                visible=bool(_download_keys(current)),
                elem_id=element("needed_get"),
                min_width=160,
            )
            stop = gr.Button(
                "Stop", visible=bool(_download_keys(current)), elem_id=element("needed_stop"), min_width=80
            )
    status = gr.HTML("", elem_id=element("needed_status"))
    refresh = gr.Button("Look again", elem_id=element("needed_refresh"), elem_classes=["facechain-hidden"])
    panel = RequirementsPanel(frame, missing_list, download, stop, status, refresh)

    def on_download() -> UpdateStream:
        current = tuple(needs())
        keys = _download_keys(current)
        if not keys:
            yield [note_html("Nothing is left to get."), *panel_updates(current)]
            return
        tasks = {key: need.task for need in current for key in need.keys if need.task is not None}
        for progress in downloading.download_files(keys, tasks):
            yield [progress, *[gr.update()] * 4]
        left = tuple(needs())
        done = (
            downloading.progress_html(keys)
            if left
            else note_html("Everything is here. Add a photo and press Generate.")
        )
        yield [done, *panel_updates(left)]

    download.click(on_download, [], [status, *panel.outputs], **HIDDEN_PROGRESS)
    stop.click(stop_downloads, [], [status], queue=False)
    refresh.click(lambda: panel_updates(needs()), [], panel.outputs, **HIDDEN_PROGRESS)
    return panel


def stop_downloads() -> str:
    """Stop the running downloads, whatever began them; the status as HTML."""
    return downloading.stop_downloads()


def panel_updates(needs: Sequence[Need]) -> Updates:
    """Updates of ``RequirementsPanel.outputs``."""
    files = bool(_download_keys(needs))
    return [
        gr.update(visible=bool(needs)),
        missing_list_html(needs),
        gr.update(value=_button_label(needs), visible=files),
        gr.update(visible=files),
    ]


def missing_list_html(needs: Sequence[Need]) -> str:
    """Every missing requirement with the file that provides it or another remedy."""
    if not needs:
        return ""
    lines = "".join(f"<li>{html.escape(need.what)} {html.escape(_remedy_text(need))}</li>" for need in needs)
    return f"<b>Needed for a portrait</b><ul>{lines}</ul>"


def _remedy_text(need: Need) -> str:
    if not need.keys:
        return need.remedy
    files = [entry(key) for key in need.keys]
    facts = [(one.title, format_megabytes(one.megabytes), f"licence: {one.licence}") for one in files]
    return "; ".join(", ".join(filter(None, one)) for one in facts) + "."


def _download_keys(needs: Sequence[Need]) -> list[str]:
    return list(dict.fromkeys(key for need in needs for key in need.keys))


def _button_label(needs: Sequence[Need]) -> str:
    """The button's label with the number of files and their approximate size."""
    keys = _download_keys(needs)
    size = format_megabytes(megabytes(keys))
    files = f"{len(keys)} file{'s' if len(keys) != 1 else ''}"
    return f"Get what is missing ({files}{f', over {size}' if size else ''})"
