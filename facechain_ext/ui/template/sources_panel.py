"""The inputs of the page "Picture in": templates from uploads and the gallery, and photos of people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.errors import FaceChainError, PhotoError
from facechain_ext.lazy_names import late_module
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates
from facechain_ext.ui.hidden_text import hidden_text
from facechain_ext.ui.html import note_html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.template import gallery
else:
    gallery = late_module("facechain_ext.ui.template.gallery")


@dataclass(frozen=True)
class SourcesColumn:
    """The column's components: uploaded templates, the selected gallery names, photos of people, and gallery tiles.

    ``finished`` takes a picture whose settings are restored, ``restored`` shows the status of that; ``refresh`` is
    pressed whenever the page is shown.
    """

    files: Component
    chosen: Component
    photos: Component
    tiles: Component
    finished: Component
    restored: Component
    refresh: Component

    @property
    def inputs(self) -> list[Component]:
        """The components whose values ``template_paths`` and ``photos_by_name`` read."""
        return [self.files, self.chosen, self.photos]


def build(host: PageHost) -> SourcesColumn:
    """Build the column and register its handlers."""
    drop_class = ["facechain-drop"]
    files = gr.File(label="Templates", file_count="multiple", file_types=["image"], elem_id="facechain_template_files",
                    elem_classes=drop_class)  # fmt: skip
    with gr.Accordion("Template gallery", open=True, elem_id="facechain_template_shelf"):
        tiles = gr.HTML("", elem_id="facechain_template_tiles")  # filled when the page is shown
        chosen = hidden_text("facechain_template_chosen")
        refresh = gr.Button(
            "Refresh templates", elem_id="facechain_template_refresh", elem_classes=["facechain-hidden"]
        )
        with gr.Row():
            add = gr.Button("Add the dropped", size="sm", elem_id="facechain_template_add", min_width=100)
            delete = gr.Button("Delete the chosen …", size="sm", elem_id="facechain_template_delete", min_width=100)
        with gr.Row(visible=False, elem_id="facechain_template_sure") as confirmation_row:
            confirm = gr.Button("Yes, delete them", variant="stop", size="sm", elem_id="facechain_template_delete_yes")
            cancel = gr.Button("Keep them", size="sm", elem_id="facechain_template_delete_no")
        gallery_status = gr.HTML("", elem_id="facechain_template_shelf_status")
    photos = gr.File(label="Photos of guests", file_count="multiple", file_types=["image"], elem_id="facechain_guests",
                     elem_classes=drop_class)  # fmt: skip

    def on_add(dropped: list[object] | None, selected: str) -> Updates:
        try:
            new = [host.uploaded_path(file) for file in dropped or ()]
        except FaceChainError as error:
            return [note_html(str(error)), gr.update(), gr.update(), gr.update()]
        if not new:
            return [note_html("Drop a template above first."), gr.update(), gr.update(), gr.update()]
        names, refused = gallery.add_templates(new)
        text = "\n".join([*gallery.selected_names(selected or ""), *names])
        words = note_html(*([f"Added {', '.join(names)}."] if names else []), *refused)
        return [words, gallery.tiles_html(text), text, None if names else gr.update()]

    def on_delete(selected: str) -> Updates:
        names = gallery.selected_names(selected or "")
        if not names:
            return [note_html("Click the templates to delete first."), gr.update(visible=False)]
        return [note_html(f"Delete {', '.join(names)}? The files cannot be brought back."), gr.update(visible=True)]

    def on_confirm_delete(selected: str) -> Updates:
        names = gallery.selected_names(selected or "")
        try:
            gallery.delete_templates(names)
            words = note_html(f"Deleted {', '.join(names)}.")
        except FaceChainError as error:
            words = note_html(str(error))
        return [words, gr.update(visible=False), gallery.tiles_html(), ""]

    add.click(on_add, [files, chosen], [gallery_status, tiles, chosen, files])
    delete.click(on_delete, [chosen], [gallery_status, confirmation_row], **HIDDEN_PROGRESS)
    confirm.click(on_confirm_delete, [chosen], [gallery_status, confirmation_row, tiles, chosen])
    cancel.click(lambda: ["", gr.update(visible=False)], [], [gallery_status, confirmation_row], **HIDDEN_PROGRESS)
    refresh.click(lambda selected: gallery.tiles_html(selected or ""), [chosen], [tiles], **HIDDEN_PROGRESS)
    with gr.Accordion("Settings of a finished picture", open=False, elem_id="facechain_template_restore_panel"):
        finished = gr.File(label="A picture made here", file_types=["image"], elem_id="facechain_template_finished",
                           elem_classes=drop_class)  # fmt: skip
        restored = gr.HTML("", elem_id="facechain_template_restored")
    return SourcesColumn(files, chosen, photos, tiles, finished, restored, refresh)


def template_paths(host: PageHost, files: Sequence[object] | None, chosen: str, *, least: int = 1) -> list[Path]:
    """Paths of the uploaded and the selected templates; raises PhotoError when there are fewer than ``least``."""
    found = [host.uploaded_path(file) for file in files or ()] + gallery.selected_files(chosen or "")
    if len(found) < least:
        raise PhotoError("Drop a template first, choose one of the gallery, or write what one shows.")
    return found


def photos_by_name(host: PageHost, photos: Sequence[object] | None) -> dict[str, Path]:
    """Paths of uploaded photos by a unique name, their number and file name."""
    named: dict[str, Path] = {}
    for number, file in enumerate(photos or (), 1):
        path = host.uploaded_path(file)
        named[f"{number} {Path(getattr(file, 'orig_name', None) or path.name).name}"] = path
    return named
