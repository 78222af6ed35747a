"""The Train page's components and what happens when they are used."""

from __future__ import annotations

from collections.abc import Iterator  # noqa: TC003 - gradio reads the annotations
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError, HostError
from facechain_ext.page.train import process
from facechain_ext.page.train.process import HOW, Training, Wish
from facechain_ext.page.words import bar, note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.page.host import PageHost
    from facechain_ext.training.style.pictures import Captioned

_running: dict[str, Training] = {}
"""The one training of this machine, under "style"."""


def build(host: PageHost) -> None:
    """Pictures and captions, settings, progress."""
    about = "A style is learned from 5 to 50 pictures; it becomes a LoRA and one of your own styles."
    gr.HTML(note(about) if _can_train(host) else note(about, HOW))
    owner = gr.State("")  # the style whose captions the table shows
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            name = gr.Textbox("", label="Name of the style", elem_id="facechain_train_name")
            trigger = gr.Textbox("ownstyle", label="Trigger word", elem_id="facechain_train_trigger")
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
            steps = gr.Slider(100, 5000, 1500, step=50, label="Training steps", elem_id="facechain_train_steps")
            rate = gr.Number(1e-4, label="Learning rate", precision=6, elem_id="facechain_train_rate")
            rank = gr.Slider(1, 128, 16, step=1, label="Rank", elem_id="facechain_train_rank")
            size = gr.Slider(256, 768, 512, step=64, label="Training size", elem_id="facechain_train_size")
            resume = gr.Checkbox(value=False, label="Go on where it stopped", elem_id="facechain_train_resume")
            with gr.Row():
                start = gr.Button("Train", variant="primary", elem_id="facechain_train_start")
                stop = gr.Button("Stop and save", elem_id="facechain_train_stop")
            status = gr.HTML("", elem_id="facechain_train_status")
            preview = gr.Image(label="Preview", interactive=False, elem_id="facechain_train_preview")

    def run(*values: Any) -> Iterator[list[Any]]:
        try:
            training = _begin(host, values)
        except FaceChainError as error:
            yield [note(str(error)), gr.update()]
            return
        try:
            for event in training.events():
                yield _told(event)
        finally:
            training.stop()
            _running.pop("style", None)

    def halt() -> str:
        training = _running.get("style")
        if training is None:
            return note("Nothing is being trained.")
        training.stop()
        return note("Stopping; the state is saved.")

    refresh.click(lambda: gr.update(choices=_names(host)), [], [checkpoint], show_progress="hidden")
    for named in (name.blur, name.submit):
        named(_show, [name, owner, table], [table, owner, status], show_progress="hidden", queue=False)
    gather = partial(_gather, host)
    add.click(gather, [name, trigger, files, owner, table], [table, owner, status])
    start.click(run, [name, trigger, checkpoint, steps, rate, rank, size, resume, owner, table], [status, preview])
    stop.click(halt, [], [status], queue=False)


def _show(style: str, shown: str, edited: Any) -> list[Any]:
    """The captions of the style that is named now, unless the table has them already with what was edited."""
    if not style.strip() or process.same_style(style, shown):
        return [gr.update(), shown, gr.update()]
    try:
        process.keep(shown, _cells(edited))
        return [_rows(process.shown(style)), style, gr.update()]
    except FaceChainError as error:
        return [gr.update(), shown, note(str(error))]


def _gather(host: PageHost, style: str, word: str, uploads: Any, shown: str, edited: Any) -> list[Any]:
    """Add the uploads to a style; its captions, and what was left out."""
    try:
        process.keep(shown or style, _cells(edited))
        paths = [
            (host.uploaded(one), getattr(one, "orig_name", None) or host.uploaded(one).name) for one in uploads or ()
        ]
        rows, problems = process.collect(Wish(style, word, Path()), paths)
    except FaceChainError as error:
        return [gr.update(), shown, note(str(error))]
    return [_rows(rows), style, note(_counted(rows), *(f"Left out: {problem}" for problem in problems))]


def _begin(host: PageHost, values: tuple[Any, ...]) -> Training:
    name, trigger, checkpoint, steps, rate, rank, size, resume, shown, table = values
    if "style" in _running:
        raise HostError("A style is being trained already; stop it or wait for its end.")
    path = host.checkpoint_files().get(checkpoint or "")
    if path is None:
        raise HostError("Choose the checkpoint to learn on.")
    wish = Wish(
        name or "", trigger or "ownstyle", path, int(steps), float(rate), int(rank), int(size), host.lora_folders()[0],
        bool(resume),
    )  # fmt: skip
    process.keep(shown or wish.name, _cells(table))
    process.check(wish)
    _running["style"] = Training(wish, process.environment(host.training_python()))
    return _running["style"]


def _can_train(host: PageHost) -> bool:
    """Whether there is a Python to train with."""
    try:
        process.environment(host.training_python())
    except HostError:
        return False
    return True


def _cells(table: Any) -> list[list[Any]]:
    """The rows of the table as gradio hands them over: a frame of pandas, or lists."""
    return table.values.tolist() if hasattr(table, "values") else list(table or [])


def _rows(captions: Sequence[Captioned]) -> list[list[str]]:
    """Captions as rows of the table; an empty row for none, since gradio 3 cannot read a table without rows."""
    return [[row.file, "yes" if row.use else "no", row.caption] for row in captions] or [["", "", ""]]


def _counted(captions: Sequence[Captioned]) -> str:
    """How many pictures there are to learn from, and what to do next."""
    good = sum(not row.problem for row in captions)
    if not good:
        return "There are no pictures yet; choose some in the field above, then add them."
    return f"{good} pictures. Put the captions right: nothing has looked at the pictures."


def _names(host: PageHost) -> list[str]:
    """The checkpoints that can be chosen."""
    return sorted(host.checkpoint_files(), key=str.casefold)


def _told(event: dict[str, Any]) -> list[Any]:
    """One event for the page: words or a bar, and the preview."""
    kind = event.get("event")
    if kind == "step":
        words = f"step {event['step']} of {event['steps']}, loss {float(event['loss']):.4f}"
        return [bar(int(event["step"]), int(event["steps"]), words), gr.update()]
    if kind == "preview":
        return [gr.update(), event["file"]]
    if kind == "ended":
        good = event["code"] == 0
        return [gr.update() if good else note(f"The training ended with an error: {event['words']}"), gr.update()]
    if kind == "done":
        return [note(f"Done: {event['file']}; the style is among your own."), gr.update()]
    words = ", ".join(f"{key} {value}" for key, value in event.items() if key != "event")
    return [note(f"{kind}: {words}"), gr.update()]
