"""The Result column: generating with progress, the gallery, and sending pictures to other tabs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.lazy_names import late_module
from facechain_ext.styles import all_styles
from facechain_ext.ui.background_task import ReportProgress, StopSignal, Task
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates, UpdateStream
from facechain_ext.ui.gradio_versions import concurrent_event_options, results_gallery
from facechain_ext.ui.hidden_text import hidden_text
from facechain_ext.ui.html import note_html
from facechain_ext.ui.moving.sending import PictureSender, send_button
from facechain_ext.ui.portrait.components import build_component, portrait_request
from facechain_ext.ui.task_progress import run_with_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.ui.background_task import TaskProgress
    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.portrait import result
    from facechain_ext.ui.portrait.components import GenerationColumn, PersonColumn
    from facechain_ext.ui.portrait.result import PortraitResult
else:
    result, PortraitResult = late_module("facechain_ext.ui.portrait.result"), object  # gradio reads the annotations

_PREVIEW_EVERY = 3
"""The live preview is fetched at every third progress update, because decoding it takes time."""


@dataclass(frozen=True)
class ResultColumn:
    """``sent`` holds the settings for other tabs, ``shown`` one browser's PortraitResult, ``stop`` its StopSignal."""

    generate: Component
    interrupt: Component
    status: Component
    preview: Component
    gallery: Component
    flip: Component
    infotext: Component
    grid: Component
    grid_styles: Component
    sent: Component
    shown: Component
    before: Component
    stop: Component
    move: Component

    @property
    def sender(self) -> PictureSender:
        """What sends the chosen picture to the moving portrait."""

        def chosen(shown: PortraitResult | None, infotext: str) -> bytes | None:
            return None if shown is None else shown.file_of(infotext)

        return PictureSender(self.move, [self.shown, self.infotext], chosen)


def build(host: PageHost, form: dict[str, Component]) -> ResultColumn:
    """Build the column and add its settings to ``form``."""
    gr.HTML("<h3>Result</h3>")
    with gr.Row():
        generate = gr.Button("Generate", variant="primary", elem_id="facechain_generate", min_width=120)
        interrupt = gr.Button("Interrupt", elem_id="facechain_interrupt", min_width=120)
    status = gr.HTML("", elem_id="facechain_status")
    preview = gr.Image(label="Preview", visible=False, interactive=False, height=300, elem_id="facechain_preview")
    with gr.Row():
        for name in ("count", "keep"):
            form[name] = build_component(name, min_width=120)
    for name in ("early", "repair_faces"):
        form[name] = build_component(name)
    with gr.Row():
        for name in ("fuse", "retouch"):
            form[name] = build_component(name, min_width=120)
    gallery = results_gallery(
        label="Result", columns=2, height=480, object_fit="contain", show_label=False, elem_id="facechain_gallery"
    )
    flip = gr.Button("Show before fusion and retouching", visible=False, size="sm", elem_id="facechain_before")
    with gr.Row(elem_id="facechain_send"):
        for target in host.send_targets():
            gr.Button(f"→ {target}", size="sm", min_width=70, elem_id=f"facechain_send_{target}")
        move = send_button("portrait")
    infotext = gr.Textbox(
        "", label="Settings of the picture", lines=3, max_lines=8, elem_id="facechain_infotext", show_copy_button=True
    )
    sent = hidden_text("facechain_sent_settings")
    with gr.Accordion("Grid of strength and style", open=False, elem_id="facechain_grid_panel"):
        grid_styles = gr.Dropdown(
            [], value=[], multiselect=True, label="Styles of the grid",
            info="Each gets a row; none takes the chosen style.", elem_id="facechain_grid_styles",
        )  # fmt: skip
        grid = gr.Button("Make the grid", elem_id="facechain_grid")
    after = (sent, gr.State(None), gr.State(value=False), gr.State(StopSignal()), move)
    return ResultColumn(generate, interrupt, status, preview, gallery, flip, infotext, grid, grid_styles, *after)


def wire(column: ResultColumn, person: PersonColumn, generation: GenerationColumn, host: PageHost) -> None:
    """Register the event handlers of the column."""

    def on_generate(stop: StopSignal, *values: object) -> UpdateStream:
        yield from _run_with_progress(
            host, stop, lambda report: result.generate(host, portrait_request(values), report)
        )

    def on_generate_grid(stop: StopSignal, names: list[str], *values: object) -> UpdateStream:
        keys = [key_of_choice(name) for name in names or []]
        yield from _run_with_progress(
            host, stop, lambda report: result.generate_grid(host, portrait_request(values), keys, report)
        )

    def on_select(shown: PortraitResult | None, event: gr.SelectData) -> str:
        return shown.infotext(int(event.index)) if shown is not None else ""

    def on_flip(shown: PortraitResult | None, before: object) -> Updates:
        if shown is None:
            return [gr.update(), gr.update(), before]
        text = "Show before fusion and retouching" if before else "Show after fusion and retouching"
        return [shown.gallery(before=not before), gr.update(value=text), not before]

    def on_infotext(infotext: str, shown: PortraitResult | None) -> str:
        return host.settings_to_send(infotext, shown.photos_of(infotext) if shown is not None else ())

    inputs = [*person.inputs, generation.pose, *generation.inputs]
    outputs = [
        column.status, column.preview, column.gallery, column.infotext, column.shown, column.flip, column.before,
        column.interrupt,
    ]  # fmt: skip
    column.generate.click(
        on_generate,
        [column.stop, *inputs],
        outputs,
        **HIDDEN_PROGRESS,
        **concurrent_event_options(),
    )
    column.grid.click(
        on_generate_grid,
        [column.stop, column.grid_styles, *inputs],
        outputs,
        **HIDDEN_PROGRESS,
        **concurrent_event_options(),
    )
    column.interrupt.click(StopSignal.set, [column.stop], [], queue=False)
    column.infotext.change(on_infotext, [column.infotext, column.shown], [column.sent], **HIDDEN_PROGRESS)
    column.gallery.select(on_select, [column.shown], [column.infotext], **HIDDEN_PROGRESS)
    column.flip.click(
        on_flip, [column.shown, column.before], [column.gallery, column.flip, column.before], **HIDDEN_PROGRESS
    )


def style_choices() -> list[str]:
    """``name (key)`` of every style, so that the drop-down's filter finds both."""
    return [f"{style.en} ({key})" for key, style in all_styles().items()]


def key_of_choice(choice: str) -> str:
    """The key of one of ``style_choices``."""
    return choice.rpartition("(")[2].rstrip(")")


def _run_with_progress(
    host: PageHost, stop: StopSignal, function: Callable[[ReportProgress], PortraitResult]
) -> UpdateStream:
    """Updates of the result column while ``function`` runs and once it has ended."""
    stop.clear()
    numbers = itertools.count()
    unchanged = gr.update()

    def updates(status: str, progress: TaskProgress | None) -> Updates:
        if progress is None:
            return [status, hidden_preview, *[unchanged] * 5, idle]
        # before the first report, the host's preview belongs to another run
        picture = host.preview() if next(numbers) % _PREVIEW_EVERY == 0 and progress.total else None
        preview_update = gr.update(value=picture, visible=True) if picture is not None else unchanged
        return [status, preview_update, *[unchanged] * 5, gr.update(variant="stop")]

    hidden_preview, idle = gr.update(value=None, visible=False), gr.update(variant="secondary")
    shown = yield from run_with_progress(Task(function, stop, host.is_waiting), stop, updates)
    if shown is None:
        return
    flip = gr.update(visible=shown.has_before, value="Show before fusion and retouching")
    first = shown.infotext(1 if shown.sheet is not None else 0)
    yield [note_html(*(shown.notes or ("Done.",))), hidden_preview, shown.gallery(), first, shown, flip, False, idle]


def style_choices_update() -> object:
    """An update of the grid's style choices."""
    return gr.update(choices=style_choices())
