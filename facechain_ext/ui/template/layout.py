"""The layout of the Template page: template and photo inputs, a choice for each face, and the results."""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003
from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.ui.background_task import StopSignal, Task
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates, UpdateStream
from facechain_ext.ui.gradio_versions import concurrent_event_options, results_gallery
from facechain_ext.ui.html import note_html
from facechain_ext.ui.pnginfo import read_infotext
from facechain_ext.ui.task_progress import run_with_progress
from facechain_ext.ui.template import sources_panel
from facechain_ext.ui.template.gallery import tiles_html
from facechain_ext.ui.template.jobs import (
    KEEP,
    MAX_FACES,
    comparisons_html,
    contact_sheet,
    face_at,
    face_choices,
    generate_batch,
    next_choice,
    number_faces,
)
from facechain_ext.ui.template.options_panel import (
    OPTIONS,
    STEPS_OPTION,
    build_batch_section,
    build_options,
    option_updates,
    person_choices_update,
    requests_from_values,
    suited_steps,
)
from facechain_ext.ui.template.restore import restore_settings
from facechain_ext.ui.template.sources_panel import photos_by_name, template_paths

if TYPE_CHECKING:
    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.template.jobs import TemplateRequest


def build(host: PageHost) -> None:
    """Build the page inside the Blocks that is open; loads no model."""
    with gr.Row(elem_id="facechain_template_columns", elem_classes=["facechain-columns"]):
        with gr.Column(scale=1, min_width=280):
            sources = sources_panel.build(host)
        with gr.Column(scale=1, min_width=280):
            find_button = gr.Button("Find the faces", elem_id="facechain_template_find")
            found_status = gr.HTML("", elem_id="facechain_template_found")
            numbered_picture = gr.Image(label="Faces by number", show_label=False, interactive=False, height=320,
                            elem_id="facechain_template_seen")  # fmt: skip
            faces = [_build_face_dropdown(number) for number in range(1, MAX_FACES + 1)]
            batch_inputs = build_batch_section()
            options = build_options(host)
        with gr.Column(scale=1, min_width=280):
            with gr.Row():
                start = gr.Button("Put them in", variant="primary", elem_id="facechain_template_generate")
                stop = gr.Button("Interrupt", elem_id="facechain_template_interrupt")
            status = gr.HTML("", elem_id="facechain_template_status")
            results = results_gallery(
                label="Result", columns=2, height=480, object_fit="contain", show_label=False,
                elem_id="facechain_template_gallery",
            )  # fmt: skip
            comparison = gr.HTML("", elem_id="facechain_template_compare")
    boxes, stop_signal = gr.State([]), gr.State(StopSignal())

    def on_generate(
        stop: StopSignal, files: list[object] | None, chosen: str, guests: list[object] | None, *values: object
    ) -> UpdateStream:
        stop.clear()
        try:
            requests = requests_from_values(template_paths(host, files, chosen), photos_by_name(host, guests), values)
        except FaceChainError as error:
            yield [note_html(str(error)), gr.update(), gr.update()]
            return
        yield from _run_with_progress(host, stop, requests)

    find_button.click(
        _make_find_handler(host), sources.inputs, [numbered_picture, found_status, boxes, *faces, batch_inputs[0]]
    )
    numbered_picture.select(_make_click_handler(host), [sources.photos, boxes, *faces], faces)
    sources.finished.upload(
        _make_restore_handler(host),
        [sources.finished, sources.photos],
        [sources.restored, sources.chosen, sources.tiles, *options, *faces],
        **HIDDEN_PROGRESS,
    )
    steps, applied_steps = options[STEPS_OPTION], gr.State(suited_steps(host.capabilities()))

    def on_shown(current: float, applied: int) -> Updates:
        """Follow the checkpoint's steps, unless the user chose other ones."""
        suited = suited_steps(host.capabilities())
        return [gr.update(value=suited) if current == applied != suited else gr.update(), suited]

    sources.refresh.click(on_shown, [steps, applied_steps], [steps, applied_steps], **HIDDEN_PROGRESS)
    inputs = [stop_signal, *sources.inputs, *batch_inputs, *options, *faces]
    start.click(
        on_generate, inputs, [status, results, comparison], **HIDDEN_PROGRESS, **concurrent_event_options(start.click)
    )
    stop.click(StopSignal.set, [stop_signal], [], queue=False)


def _build_face_dropdown(number: int) -> Component:
    """The drop-down of one face's replacement; only the first is visible before faces are found."""
    options = {"label": f"Face {number}", "visible": number == 1, "elem_id": f"facechain_template_face_{number}"}
    dropdown: Component = gr.Dropdown(face_choices([]), value=KEEP, **options)
    return dropdown


def _make_find_handler(host: PageHost) -> Callable[..., Updates]:
    """A handler that detects and numbers the faces of the first template."""

    def on_find(files: list[object] | None, chosen: str, guests: list[object] | None) -> Updates:
        try:
            numbered = number_faces(template_paths(host, files, chosen)[0])
            choices = face_choices(list(photos_by_name(host, guests)))
        except FaceChainError as error:
            return [gr.update(), note_html(str(error)), [], *[gr.update()] * (MAX_FACES + 1)]
        count = len(numbered.boxes)
        dropdowns = [gr.update(choices=choices, value=KEEP, visible=n < count) for n in range(MAX_FACES)]
        many = "1 face." if count == 1 else f"{count} faces, numbered from the left."
        more = f" Faces from {MAX_FACES + 1} on stay as they are." if count > MAX_FACES else ""
        status = note_html(f"{many} Click a face to change who it becomes.{more}")
        boxes = [list(box) for box in numbered.boxes]
        return [numbered.picture, status, boxes, *dropdowns, person_choices_update(choices)]

    return on_find


def _make_restore_handler(host: PageHost) -> Callable[..., Updates]:
    """A handler that restores settings, template and face choices from the infotext of a finished picture."""

    def on_restore(file: object, guests: list[object] | None) -> Updates:
        try:
            photos = photos_by_name(host, guests)
            infotext = read_infotext(host.uploaded_path(file))
            restored = restore_settings(infotext, photos, host.capabilities().restorers)
        except FaceChainError as error:
            return [note_html(str(error)), *[gr.update()] * (2 + OPTIONS + MAX_FACES)]
        choices = face_choices(list(photos))
        last = max((n for n, choice in enumerate(restored.choices) if choice != KEEP), default=0)
        dropdowns = [
            gr.update(choices=choices, value=choice, visible=n <= last) for n, choice in enumerate(restored.choices)
        ]
        status = note_html("The settings are set.", *restored.notes)
        return [status, restored.template, tiles_html(restored.template), *option_updates(restored), *dropdowns]

    return on_restore


def _run_with_progress(host: PageHost, stop: StopSignal, requests: list[TemplateRequest]) -> UpdateStream:
    """Updates of status, results and comparison while the templates are generated and once they are done."""
    task = Task(lambda report: generate_batch(host, requests, report), stop, host.is_waiting)
    outcome = yield from run_with_progress(task, stop, lambda status, _: [status, gr.update(), gr.update()])
    if outcome is None:
        return
    results, notes = outcome
    rows = [(one.picture, f"{one.file} {one.batch_choice}".strip()) for one in results]
    if len(results) > 1:
        name, page = contact_sheet(host, results)
        rows.insert(0, (page, f"contact sheet {name}".strip()))
    yield [note_html(*(notes or ["Done."])), rows, comparisons_html(results)]


def _make_click_handler(host: PageHost) -> Callable[..., Updates]:
    """A handler that cycles the choice of the face that was clicked in the numbered picture."""

    def on_click(event: gr.SelectData, guests: list[object] | None, boxes: list[list[float]], *current: str) -> Updates:
        number = face_at(boxes, *event.index)
        if number is None or number > MAX_FACES:
            return [gr.update()] * MAX_FACES
        chosen = next_choice(face_choices(list(photos_by_name(host, guests))), current[number - 1])
        return [gr.update(value=chosen) if n == number - 1 else gr.update() for n in range(MAX_FACES)]

    return on_click
