"""The layout of the page "Picture in": template and photo inputs, a choice for each face, and the results."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.lazy_names import late_module
from facechain_ext.recipes.template.settings import Settings
from facechain_ext.ui.background_task import StopSignal, Task
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates, UpdateStream
from facechain_ext.ui.gradio_versions import concurrent_event_options, results_gallery
from facechain_ext.ui.hidden_text import hidden_text
from facechain_ext.ui.html import note_html
from facechain_ext.ui.moving import panel as moving_panel
from facechain_ext.ui.moving.request import REPLACE
from facechain_ext.ui.moving.sending import PictureReceiver, PictureSender, send_button
from facechain_ext.ui.task_progress import run_with_progress
from facechain_ext.ui.template import actions_panel, enlarge_fields, scene_panel, sources_panel
from facechain_ext.ui.template.action_names import MOVE, PUT
from facechain_ext.ui.template.choices import KEEP, MAX_FACES, face_choices
from facechain_ext.ui.template.face_list import face_list_html, read_choices, write_choices
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
from facechain_ext.ui.template.sources_panel import photos_by_name, template_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.ui import pnginfo
    from facechain_ext.ui.background_task import ReportProgress
    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.template import doubts, finished, gallery, jobs, numbered_faces, picture_actions, restore
    from facechain_ext.ui.template.finished import FinishedTemplate
else:
    pnginfo = late_module("facechain_ext.ui.pnginfo")
    doubts, finished, gallery, jobs, numbered_faces, picture_actions, restore = (
        late_module(f"facechain_ext.ui.template.{name}")
        for name in ("doubts", "finished", "gallery", "jobs", "numbered_faces", "picture_actions", "restore")
    )


def build(host: PageHost) -> tuple[PictureSender, PictureReceiver]:
    """Build the page inside the Blocks that is open; loads no model."""
    capabilities = host.capabilities()
    action = actions_panel.build_row()
    with gr.Row(elem_id="facechain_template_columns", elem_classes=["facechain-columns"]):
        with gr.Column(scale=1, min_width=280):
            sources = sources_panel.build(host)
            scene = scene_panel.build(capabilities)
        with gr.Column(scale=1, min_width=280):
            with gr.Column(elem_id="facechain_template_put") as put_only:
                with gr.Column(elem_id="facechain_template_given") as given:
                    find_button = gr.Button("Find the faces", elem_id="facechain_template_find")
                    found_status = gr.HTML("", elem_id="facechain_template_found")
                    numbered_picture = gr.Image(label="Faces by number", show_label=False, interactive=False,
                                                height=320, elem_id="facechain_template_seen")  # fmt: skip
                    face_list = gr.HTML(face_list_html(face_choices([]), [KEEP]), elem_id="facechain_template_faces")
                    chosen_faces = hidden_text("facechain_template_choices", write_choices([KEEP]))
                    doubtful = gr.HTML("", elem_id="facechain_template_doubts")
                    batch_inputs = build_batch_section()
                options = build_options(host, capabilities)
            fields = actions_panel.build(capabilities)
            enlarge, enlarge_options = enlarge_fields.build(capabilities)
            options += enlarge_options
            moving = moving_panel.build(host)
        with gr.Column(scale=1, min_width=280):
            start, stop, status, video, results, move, comparison = _build_results()
    made, selected = gr.State([]), gr.State(0)
    boxes, stop_signal, faces = gr.State([]), gr.State(StopSignal()), [face_list, chosen_faces]

    find_button.click(
        _make_find_handler(host), sources.inputs, [numbered_picture, found_status, boxes, *faces, batch_inputs[0]]
    )
    numbered_picture.select(_make_click_handler(host), [sources.photos, boxes, chosen_faces], faces)
    on_choice, choice_inputs = _make_doubts_handler(host), [*sources.inputs, options[0], chosen_faces]
    for changed in (chosen_faces, cast("Component", options[0])):
        changed.change(on_choice, choice_inputs, [doubtful], **HIDDEN_PROGRESS)
    sources.finished.upload(
        _make_restore_handler(host),
        [sources.finished, sources.photos],
        [sources.restored, sources.chosen, sources.tiles, *options, *faces, *scene.restored],
        **HIDDEN_PROGRESS,
    )
    _follow_checkpoint(host, sources.refresh, cast("Component", options[STEPS_OPTION]))
    actions_panel.connect(host, action, fields, [put_only, scene.column], enlarge, (start, status), sources.inputs)
    scene_panel.connect(host, scene, given, sources.photos)
    inputs = [
        stop_signal, action, *sources.inputs, *fields.inputs, *scene.inputs, *batch_inputs, *options, chosen_faces,
    ]  # fmt: skip
    outputs = [status, results, comparison, made, selected, video, moving.agreed]
    inputs += moving.inputs
    handler = _make_generate_handler(host, len(fields.inputs), len(scene.inputs), len(moving.inputs))
    start.click(handler, inputs, outputs, **HIDDEN_PROGRESS, **concurrent_event_options())
    stop.click(StopSignal.set, [stop_signal], [], queue=False)
    moving_panel.connect(host, action, MOVE, moving, [video, results, move], sources.photos)
    results.select(_on_select, [], [selected], **HIDDEN_PROGRESS)
    return (
        PictureSender(move, [made, selected], _picture_to_send),
        PictureReceiver(sources.files, action, MOVE, "facechain_template"),
    )


def _follow_checkpoint(host: PageHost, refresh: Component, steps: Component) -> None:
    """Set the steps that suit the checkpoint when the page is shown, which the webui builds with values of its own."""
    applied_steps = gr.State(Settings.steps)

    def on_shown(current: float, applied: int) -> Updates:
        """Follow the checkpoint's steps, unless the user chose other ones."""
        suited = suited_steps(host.capabilities())
        return [gr.update(value=suited) if current == applied != suited else gr.update(), suited]

    refresh.click(on_shown, [steps, applied_steps], [steps, applied_steps], **HIDDEN_PROGRESS)


def _build_results() -> tuple[Component, ...]:
    """The buttons that start and interrupt, status, video, gallery, the button that sends a picture, and comparison."""
    with gr.Row():
        start = gr.Button("Put them in", variant="primary", elem_id="facechain_template_generate")
        stop = gr.Button("Interrupt", elem_id="facechain_template_interrupt")
    status = gr.HTML("", elem_id="facechain_template_status")
    video = moving_panel.build_video()
    results = results_gallery(
        label="Result", columns=2, height=480, object_fit="contain", show_label=False,
        elem_id="facechain_template_gallery",
    )  # fmt: skip
    move = send_button("template")
    comparison = gr.HTML("", elem_id="facechain_template_compare")
    return start, stop, status, video, results, move, comparison


def _picture_to_send(results: list[FinishedTemplate], selected: int) -> bytes | None:
    return finished.picture_to_send(results, selected)


def _on_select(event: gr.SelectData) -> int:
    return int(event.index)


def _make_generate_handler(host: PageHost, own: int, drawn: int, moving: int) -> Callable[..., UpdateStream]:
    """A handler that does the chosen action.

    Its values begin with the ``own`` ones of the fields of actions and the ``drawn`` ones of a scene, and end with the
    ``moving`` ones of a video.
    """

    def on_generate(
        stop: StopSignal,
        action: str,
        files: list[object] | None,
        chosen: str,
        guests: list[object] | None,
        *values: object,
    ) -> UpdateStream:
        stop.clear()
        unchanged = [gr.update()] * 2
        values, moved = values[:-moving], values[-moving:]
        try:
            photos = photos_by_name(host, guests)
            if action == MOVE:
                pictures = [] if moved[0] == REPLACE else template_paths(host, files, chosen)
                order = moving_panel.read_request(host, pictures, photos, moved)
                for status, curve, made, agreed in moving_panel.run(host, stop, order):
                    yield [status, gr.update(), curve, *[gr.update()] * 2, made, agreed]
                return
            if action != PUT:
                paths = template_paths(host, files, chosen)
                request = actions_panel.read_request(host, action, paths, photos, values[:own])
                *_, side, upscaler, _faces = values
                request = replace(request, **enlarge_fields.read([side, upscaler]))
                work = partial(picture_actions.run_action, host, request)
                for updates in _run_with_progress(host, stop, work):
                    yield [*updates, *unchanged]
                return
            written = scene_panel.read_scene(values[own : own + drawn], template_paths(host, files, chosen, least=0))
            paths = [] if written[0] is not None else template_paths(host, files, chosen)
            requests = requests_from_values(paths, photos, values[own + drawn :], written)
        except FaceChainError as error:
            yield [note_html(str(error)), *[gr.update()] * 4, *unchanged]
            return
        for updates in _run_with_progress(host, stop, lambda report: jobs.generate_batch(host, requests, report)):
            yield [*updates, *unchanged]

    return on_generate


def _make_find_handler(host: PageHost) -> Callable[..., Updates]:
    """A handler that detects and numbers the faces of the first template."""

    def on_find(files: list[object] | None, chosen: str, guests: list[object] | None) -> Updates:
        try:
            numbered = numbered_faces.number_faces(template_paths(host, files, chosen)[0])
            choices = face_choices(list(photos_by_name(host, guests)))
        except FaceChainError as error:
            return [gr.update(), note_html(str(error)), [], *[gr.update()] * 3]
        count = len(numbered.boxes)
        faces = _face_updates(choices, [KEEP] * min(count, MAX_FACES))
        many = "1 face." if count == 1 else f"{count} faces, numbered from the left."
        more = f" Faces from {MAX_FACES + 1} on stay as they are." if count > MAX_FACES else ""
        status = note_html(f"{many} Click a face to change who it becomes.{more}")
        boxes = [list(box) for box in numbered.boxes]
        return [numbered.picture, status, boxes, *faces, person_choices_update(choices)]

    return on_find


def _make_doubts_handler(host: PageHost) -> Callable[..., str]:
    """A handler that says, before anything is made, which photos do not suit the faces they are chosen for."""

    def on_choice(
        files: list[object] | None, chosen: str, guests: list[object] | None, quality: str, faces: str
    ) -> str:
        try:
            template = template_paths(host, files, chosen)[0]
            found = doubts.choice_doubts(host, template, photos_by_name(host, guests), quality, read_choices(faces))
        except FaceChainError:  # said when the faces are looked for, or put in
            return ""
        return note_html(*found) if found else ""

    return on_choice


def _make_restore_handler(host: PageHost) -> Callable[..., Updates]:
    """A handler that restores settings, template and face choices from the infotext of a finished picture."""

    def on_restore(file: object, guests: list[object] | None) -> Updates:
        try:
            photos = photos_by_name(host, guests)
            infotext = pnginfo.read_infotext(host.uploaded_path(file))
            restored = restore.restore_settings(infotext, photos, host.capabilities().restorers)
        except FaceChainError as error:
            unchanged = [gr.update()] * (2 + OPTIONS + 2)
            return [note_html(str(error)), *unchanged, *scene_panel.restored_updates(None)]
        choices = face_choices(list(photos))
        last = max((n for n, choice in enumerate(restored.choices) if choice != KEEP), default=0)
        status = note_html("The settings are set.", *restored.notes)
        faces = _face_updates(choices, restored.choices[: last + 1])
        template = [restored.template, gallery.tiles_html(restored.template)]
        return [status, *template, *option_updates(restored), *faces, *scene_panel.restored_updates(restored)]

    return on_restore


def _run_with_progress(
    host: PageHost, stop: StopSignal, work: Callable[[ReportProgress], tuple[list[FinishedTemplate], list[str]]]
) -> UpdateStream:
    """Updates of status, results, comparison, the finished ones and the chosen one of them.

    They come while pictures are made and once they are done; the first picture is chosen then.
    """
    task = Task(work, stop, host.is_waiting)
    outcome = yield from run_with_progress(task, stop, lambda status, _: [status, *[gr.update()] * 4])
    if outcome is None:
        return
    results, notes = outcome
    rows = [(one.picture, one.label) for one in results]
    if len(results) > 1:
        name, page = finished.contact_sheet(host, results)
        rows.insert(0, (page, f"contact sheet {name}".strip()))
    yield [note_html(*(notes or ["Done."])), rows, finished.comparisons_html(results), results, 0]


def _make_click_handler(host: PageHost) -> Callable[..., Updates]:
    """A handler that cycles the choice of the face that was clicked in the numbered picture."""

    def on_click(event: gr.SelectData, guests: list[object] | None, boxes: list[list[float]], text: str) -> Updates:
        number, chosen = numbered_faces.face_at(boxes, *event.index), read_choices(text)
        if number is None or number > len(chosen):
            return [gr.update()] * 2
        choices = face_choices(list(photos_by_name(host, guests)))
        chosen[number - 1] = numbered_faces.next_choice(choices, chosen[number - 1])
        return _face_updates(choices, chosen)

    return on_click


def _face_updates(choices: Sequence[str], chosen: Sequence[str]) -> Updates:
    """Updates of the list of faces and of the text that holds its choices."""
    return [face_list_html(choices, chosen), write_choices(chosen)]
