"""The Train page's components and what happens when they are used."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError, HostError
from facechain_ext.ui.html import note
from facechain_ext.ui.train import captions, process
from facechain_ext.ui.train.environment import HOW, environment
from facechain_ext.ui.train.progress import preview_file, progress_html, state_html
from facechain_ext.ui.train.request import TRIGGER, TrainRequest, check_trigger, read_settings, saved_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.training_runs.pictures import Captioned
    from facechain_ext.training_runs.status import TrainingStatus
    from facechain_ext.ui.host import PageHost


def build(host: PageHost) -> None:
    """Pictures and captions, settings, progress."""
    about = "A style is learned from 5 to 50 pictures; it becomes a LoRA and one of your own styles."
    gr.HTML(note(about) if _can_train(host) else note(about, HOW))
    owner = gr.State("")  # the style whose captions the table shows
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            name = gr.Textbox("", label="Name of the style", elem_id="facechain_train_name")
            trigger = gr.Textbox(TRIGGER, label="Trigger word", elem_id="facechain_train_trigger")
            files = gr.File(
                label="Pictures", file_count="multiple", file_types=["image"], elem_id="facechain_train_files"
            )
            add = gr.Button("Add pictures and write captions", elem_id="facechain_train_collect")
            table = gr.Dataframe(
                headers=["file", "use", "caption"], datatype="str", label="Captions", interactive=True,
                elem_id="facechain_train_captions",
            )  # fmt: skip
        with gr.Column(scale=1, min_width=280):
            with gr.Row():
                checkpoint = gr.Dropdown(
                    _names(host), label="Checkpoint to learn on", elem_id="facechain_train_checkpoint", scale=4
                )
                refresh = gr.Button("Refresh checkpoints", elem_id="facechain_train_refresh", size="sm", scale=1)
            steps = gr.Slider(10, 10000, 1500, step=10, label="Training steps", elem_id="facechain_train_steps")
            rate = gr.Number(1e-4, label="Learning rate", precision=6, elem_id="facechain_train_rate")
            rank = gr.Slider(1, 128, 16, step=1, label="Rank", elem_id="facechain_train_rank")
            size = gr.Slider(64, 768, 512, step=64, label="Training size", elem_id="facechain_train_size")
            resume = gr.Checkbox(value=False, label="Go on where it stopped", elem_id="facechain_train_resume")
            with gr.Row():
                start = gr.Button("Train", variant="primary", elem_id="facechain_train_start")
                stop = gr.Button("Stop and save", elem_id="facechain_train_stop")
            status = gr.HTML("", elem_id="facechain_train_status")
            state = gr.HTML("", elem_id="facechain_train_run_status")
            progress = gr.HTML("", elem_id="facechain_train_progress")
            preview = gr.Image(label="Preview", interactive=False, elem_id="facechain_train_preview")
            previewed = gr.State("")  # the preview that the page shows
            # javascript/facechain_train.js presses it now and then while the page is seen
            watch = gr.Button("Watch", elem_id="facechain_train_watch", elem_classes=["facechain-hidden"])

    settings = [trigger, checkpoint, steps, rate, rank, size, resume]
    seen = [state, progress, preview, previewed]
    named_parts = [table, owner, *settings, status]
    hidden: dict[str, Any] = {"show_progress": "hidden", "queue": False}
    refresh.click(partial(_opened, host), [name, owner, table], [name, *named_parts], **hidden)
    watch.click(_watched, [previewed], seen, **hidden)
    for named in (name.blur, name.submit):
        named(partial(_show, host), [name, owner, table], named_parts, **hidden)
    gather = partial(_gather, host)
    add.click(gather, [name, trigger, files, owner, table], [table, owner, status])
    start.click(
        partial(_start, host),
        [name, *settings, owner, table, previewed],
        [status, resume, *seen],
        show_progress="hidden",
    )
    stop.click(_stop, [previewed], [status, *seen], **hidden)


def _opened(host: PageHost, style: str, shown: str, edited: Any) -> list[Any]:
    """What is new when the page is seen again: the checkpoints, and the training that runs where none is named."""
    running = None if style.strip() else process.running()
    table, owner, trigger, checkpoint, *others = (
        _unchanged(shown) if running is None else _show(host, running.name, shown, edited)
    )
    choices = {"choices": _names(host)} | {key: checkpoint[key] for key in ("value",) if key in checkpoint}
    name = gr.update() if running is None else running.name
    return [name, table, owner, trigger, gr.update(**choices), *others]


def _watched(previewed: str) -> list[Any]:
    """Where the training stands that runs or was last; the preview only when it is a new one."""
    return _seen(process.running() or process.latest(), previewed)


def _seen(status: TrainingStatus | None, previewed: str) -> list[Any]:
    picture = preview_file(status)
    new = str(picture) if picture is not None else ""
    image = gr.update() if new == previewed else gr.update(value=new or None)
    return [state_html(status), progress_html(status), image, new]


def _start(host: PageHost, *values: Any) -> list[Any]:
    """Begin a training or go on with one; what the page shows then."""
    *request, previewed = values
    try:
        status = process.start(_wish(host, request), environment(host.training_python()))
    except FaceChainError as error:
        return [note(str(error)), gr.update(), *_watched(previewed)]
    return ["", gr.update(), *_seen(status, previewed)]


def _stop(previewed: str) -> list[Any]:
    try:
        asked = process.stop()
    except FaceChainError as error:
        return [note(str(error)), *_watched(previewed)]
    return ["" if asked else note("Nothing is being trained."), *_watched(previewed)]


def _unchanged(shown: str) -> list[Any]:
    """Updates that leave the parts that belong to a name as they are."""
    return [gr.update(), shown, *(gr.update() for _ in range(8))]


def _show(host: PageHost, style: str, shown: str, edited: Any) -> list[Any]:
    """Captions and settings of the style that is named now, unless the page has them already with what was edited."""
    if not style.strip() or captions.same_style(style, shown):
        return _unchanged(shown)
    try:
        captions.keep(shown, _cells(edited))
        wish = TrainRequest(style, "", Path())
        known = read_settings(wish)
        begun = saved_state(wish.folder) is not None
        rows = _rows(captions.shown(style))
    except FaceChainError as error:
        return [*_unchanged(shown)[:-1], note(str(error))]
    if known is None:
        return [rows, style, *(gr.update() for _ in range(6)), gr.update(value=False), gr.update()]
    values: list[Any] = [known.trigger, known.checkpoint if known.checkpoint in host.checkpoint_files() else ""]
    values += [known.steps, known.rate, known.rank, known.size]
    filled = [gr.update(value=value) if value else gr.update() for value in values]
    return [rows, style, *filled, gr.update(value=begun), gr.update()]


def _gather(host: PageHost, style: str, word: str, uploads: Any, shown: str, edited: Any) -> list[Any]:
    """Add the uploads to a style; its captions, and what was left out."""
    try:
        captions.keep(shown or style, _cells(edited))
        paths = [
            (host.uploaded(one), getattr(one, "orig_name", None) or host.uploaded(one).name) for one in uploads or ()
        ]
        wish = TrainRequest(style, word.strip() or TRIGGER, Path())
        check_trigger(wish)
        rows, problems = captions.collect(wish, paths)
    except FaceChainError as error:
        return [gr.update(), shown, note(str(error))]
    return [_rows(rows), style, note(_counted(rows), *(f"Left out: {problem}" for problem in problems))]


def _wish(host: PageHost, values: Sequence[Any]) -> TrainRequest:
    """The training that the page asks for, its captions kept; raises HostError where it cannot be meant."""
    name, trigger, checkpoint, steps, rate, rank, size, resume, shown, table = values
    files = host.checkpoint_files()
    path = files.get(checkpoint or "")
    if path is None:
        raise HostError("Choose the checkpoint to learn on.")
    wish = TrainRequest(
        name or "", (trigger or "").strip() or TRIGGER, path, int(steps), float(rate), int(rank), int(size),
        host.lora_folders()[0], bool(resume), checkpoint,
    )  # fmt: skip
    captions.keep(shown or wish.name, _cells(table))
    known = read_settings(wish) if wish.resume else None
    if known is not None and known.checkpoint != checkpoint and known.checkpoint in files:
        raise HostError(f"This style was begun on the checkpoint {known.checkpoint}; choose that one, or another name.")
    return wish


def _can_train(host: PageHost) -> bool:
    """Whether there is a Python to train with."""
    try:
        environment(host.training_python())
    except HostError:
        return False
    return True


def _cells(table: Any) -> list[list[Any]]:
    """The rows of the table as gradio hands them over: a frame of pandas, or lists."""
    return table.values.tolist() if hasattr(table, "values") else list(table or [])


def _rows(rows: Sequence[Captioned]) -> list[list[str]]:
    """Captions as rows of the table; an empty row for none, since gradio 3 cannot read a table without rows."""
    return [[row.file, "yes" if row.use else "no", row.caption] for row in rows] or [["", "", ""]]


def _counted(rows: Sequence[Captioned]) -> str:
    """How many pictures there are to learn from, and what to do next."""
    good = sum(not row.problem for row in rows)
    if not good:
        return "There are no pictures yet; choose some in the field above, then add them."
    return f"{good} pictures. Put the captions right: nothing has looked at the pictures."


def _names(host: PageHost) -> list[str]:
    """The checkpoints that can be chosen."""
    return sorted(host.checkpoint_files(), key=str.casefold)
