"""The layout and the event handlers of the Train page."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError, HostError, InputError
from facechain_ext.lazy_names import late_module
from facechain_ext.training_runs.presets import STYLE_TRIGGER
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Updates
from facechain_ext.ui.html import note_html
from facechain_ext.ui.train import describing
from facechain_ext.ui.train.caption_table import caption_table, captions_html, edited_captions
from facechain_ext.ui.train.environment import HOW, environment
from facechain_ext.ui.train.labels import NOBODY, RESUME_STYLE_LABEL
from facechain_ext.ui.train.run_status import on_stop, on_watch, status_updates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.training_runs.pictures import CaptionRow
    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.train import captions, process
    from facechain_ext.ui.train import request as train_request
    from facechain_ext.ui.train.request import TrainRequest
else:
    captions, process, train_request = (
        late_module(f"facechain_ext.ui.train.{name}") for name in ("captions", "process", "request")
    )


def build(host: PageHost) -> None:
    """Pictures and captions, settings, progress."""
    introduction = "A style is learned from 5 to 50 pictures; it becomes a LoRA and one of your own styles."
    gr.HTML(note_html(introduction) if _can_train(host) else note_html(introduction, HOW))
    captions_of = gr.State("")  # name of the style whose captions the table shows
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            name = gr.Textbox("", label="Name of the style", elem_id="facechain_train_name")
            trigger = gr.Textbox(STYLE_TRIGGER, label="Trigger word", elem_id="facechain_train_trigger")
            files = gr.File(
                label="Pictures",
                file_count="multiple",
                file_types=["image"],
                elem_id="facechain_train_files",
                elem_classes=["facechain-drop"],
            )
            describer = gr.Dropdown(
                describing.captioner_names(host), value=NOBODY, label="Who describes the style's pictures",
                info=describing.captioner_help(),
                elem_id="facechain_train_describer",
            )  # fmt: skip
            add = gr.Button("Add pictures and write captions", elem_id="facechain_train_collect")
            table, edited = caption_table("facechain_train_captions")
        with gr.Column(scale=1, min_width=280):
            with gr.Row():
                checkpoint = gr.Dropdown(
                    _checkpoint_names(host),
                    label="Checkpoint to learn on",
                    elem_id="facechain_train_checkpoint",
                    scale=4,
                )
                refresh = gr.Button("Refresh checkpoints", elem_id="facechain_train_refresh", size="sm", scale=1)
            steps = gr.Slider(10, 10000, 1500, step=10, label="Training steps", elem_id="facechain_train_steps")
            rate = gr.Number(1e-4, label="Learning rate", precision=6, elem_id="facechain_train_rate")
            rank = gr.Slider(1, 128, 16, step=1, label="Rank", elem_id="facechain_train_rank")
            size = gr.Slider(64, 768, 512, step=64, label="Training size", elem_id="facechain_train_size")
            resume = gr.Checkbox(value=False, label=RESUME_STYLE_LABEL, elem_id="facechain_train_resume")
            with gr.Row():
                start = gr.Button("Train", variant="primary", elem_id="facechain_train_start")
                stop = gr.Button("Stop and save", elem_id="facechain_train_stop")
            status = gr.HTML("", elem_id="facechain_train_status")
            state = gr.HTML("", elem_id="facechain_train_run_status")
            shown_progress = gr.HTML("", elem_id="facechain_train_progress")
            preview = gr.Image(label="Preview", interactive=False, elem_id="facechain_train_preview")
            shown_preview = gr.State("")  # path of the preview that the page shows
            # javascript/facechain_train.js presses it every few seconds while the page is visible
            watch = gr.Button("Watch", elem_id="facechain_train_watch", elem_classes=["facechain-hidden"])

    settings = [trigger, checkpoint, steps, rate, rank, size, resume]
    status_outputs = [state, shown_progress, preview, shown_preview]
    name_outputs = [table, captions_of, *settings, status]
    unqueued: dict[str, object] = {**HIDDEN_PROGRESS, "queue": False}
    refresh.click(partial(_on_refresh, host), [name, captions_of, edited], [name, *name_outputs], **unqueued)
    watch.click(on_watch, [shown_preview], status_outputs, **unqueued)
    for event in (name.blur, name.submit):
        event(partial(_on_name, host), [name, captions_of, edited], name_outputs, **unqueued)
    on_add_pictures = partial(_on_add_pictures, host)
    add.click(on_add_pictures, [name, trigger, files, describer, captions_of, edited], [table, captions_of, status])
    start.click(
        partial(_on_start, host),
        [name, *settings, captions_of, edited, shown_preview],
        [status, resume, *status_outputs],
        **HIDDEN_PROGRESS,
    )
    stop.click(on_stop, [shown_preview], [status, *status_outputs], **unqueued)


def _on_refresh(host: PageHost, style: str, captions_of: str, edited: str) -> Updates:
    """When the page becomes visible: the current checkpoints, and the running training where no style is named."""
    running = None if style.strip() else process.running_status()
    table, new_captions_of, trigger, checkpoint, *others = (
        _no_updates(captions_of) if running is None else _on_name(host, running.name, captions_of, edited)
    )
    choices: dict[str, object] = {"choices": _checkpoint_names(host)}
    if isinstance(checkpoint, dict) and "value" in checkpoint:
        choices["value"] = checkpoint["value"]
    name = gr.update() if running is None else running.name
    return [name, table, new_captions_of, trigger, gr.update(**choices), *others]


def _on_start(host: PageHost, *values: Any) -> Updates:
    """Start or resume a training; the resulting status."""
    *request, shown_preview = values
    try:
        status = process.start(_train_request(host, request), environment(host.training_python()))
    except FaceChainError as error:
        return [note_html(str(error)), gr.update(), *on_watch(shown_preview)]
    return ["", gr.update(), *status_updates(status, shown_preview)]


def _no_updates(captions_of: str) -> Updates:
    """Updates that leave the components of a style as they are."""
    return [gr.update(), captions_of, *(gr.update() for _ in range(8))]


def _on_name(host: PageHost, style: str, captions_of: str, edited: str) -> Updates:
    """Captions and settings of the named style, unless the page already shows them, possibly edited."""
    if not style.strip() or captions.same_style(style, captions_of):
        return _no_updates(captions_of)
    try:
        captions.save_edited_captions(captions_of, edited_captions(edited))
        request = train_request.TrainRequest(style, "", Path())
        saved_settings = train_request.read_settings(request)
        has_state = train_request.saved_state(request.folder) is not None
        table = _table(captions.saved_captions(style))
    except FaceChainError as error:
        return [*_no_updates(captions_of)[:-1], note_html(str(error))]
    if saved_settings is None:
        return [table, style, *(gr.update() for _ in range(6)), gr.update(value=False), gr.update()]
    values: list[object] = [
        saved_settings.trigger,
        saved_settings.checkpoint if saved_settings.checkpoint in host.checkpoint_files() else "",
    ]
    values += [saved_settings.steps, saved_settings.rate, saved_settings.rank, saved_settings.size]
    filled = [gr.update(value=value) if value else gr.update() for value in values]
    return [table, style, *filled, gr.update(value=has_state), gr.update()]


def _on_add_pictures(
    host: PageHost,
    style: str,
    trigger: str,
    uploads: list[object] | None,
    describer: str,
    captions_of: str,
    edited: str,
) -> Updates:
    """Add uploaded pictures to a style, described by the captioner; its captions and the rejected pictures."""
    try:
        captions.save_edited_captions(captions_of or style, edited_captions(edited))
        paths = [(host.uploaded_path(file), file) for file in uploads or ()]
        pictures = [(path, getattr(file, "orig_name", None) or path.name) for path, file in paths]
        request = train_request.TrainRequest(style, trigger.strip() or STYLE_TRIGGER, Path())
        train_request.check_trigger(request)
        captioner = describing.chosen_captioner(host, describer)
        collect = partial(captions.add_pictures, request, pictures, captioner)
        rows, problems = host.queued(collect)() if captioner is not None else collect()
    except FaceChainError as error:
        return [gr.update(), captions_of, note_html(str(error))]
    words = _caption_count_text(rows, described=captioner is not None)
    return [_table(rows), style, note_html(words, *(f"Left out: {problem}" for problem in problems))]


def _train_request(host: PageHost, values: Sequence[Any]) -> TrainRequest:
    """The training request of the page's values, its captions saved; raises InputError for a wrong checkpoint."""
    name, trigger, checkpoint, steps, rate, rank, size, resume, captions_of, edited = values
    files = host.checkpoint_files()
    path = files.get(checkpoint or "")
    if path is None:
        raise InputError("Choose the checkpoint to learn on.")
    request = train_request.TrainRequest(
        name or "", (trigger or "").strip() or STYLE_TRIGGER, path, int(steps), float(rate), int(rank), int(size),
        host.lora_folders()[0], bool(resume), checkpoint,
    )  # fmt: skip
    captions.save_edited_captions(captions_of or request.name, edited_captions(edited))
    saved_settings = train_request.read_settings(request) if request.resume else None
    if saved_settings is not None and saved_settings.checkpoint != checkpoint and saved_settings.checkpoint in files:
        raise InputError(
            f"This style was begun on the checkpoint {saved_settings.checkpoint}; choose that one, or another name."
        )
    return request


def _can_train(host: PageHost) -> bool:
    """Whether a Python environment for training exists."""
    try:
        environment(host.training_python())
    except HostError:
        return False
    return True


def _table(rows: Sequence[CaptionRow]) -> str:
    return captions_html("Captions", [[row.file, "yes" if row.use else "no", row.caption] for row in rows])


def _caption_count_text(rows: Sequence[CaptionRow], *, described: bool) -> str:
    """The number of usable pictures and the next step."""
    good = sum(not row.problem for row in rows)
    if not good:
        return "There are no pictures yet; choose some in the field above, then add them."
    if described:
        return f"{good} pictures. Read the captions, and put right what the network has not seen well."
    return f"{good} pictures. Put the captions right: nothing has looked at the pictures."


def _checkpoint_names(host: PageHost) -> list[str]:
    """Names of the available checkpoints, sorted."""
    return sorted(host.checkpoint_files(), key=str.casefold)
