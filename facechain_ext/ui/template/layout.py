"""The Template page: templates and guests, who each face becomes, and the results."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator  # noqa: TC003 - gradio reads the annotations
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.ui.background_task import Stop, Task
from facechain_ext.ui.gradio_versions import at_once, results_gallery
from facechain_ext.ui.html import bar, note
from facechain_ext.ui.pnginfo import text_of
from facechain_ext.ui.template import sources_panel
from facechain_ext.ui.template.gallery import tiles_html
from facechain_ext.ui.template.jobs import (
    KEEP,
    MOST_FACES,
    batch,
    choices_for,
    comparisons,
    contact_sheet,
    next_choice,
    pointed_at,
    show,
)
from facechain_ext.ui.template.options_panel import (
    OPTIONS,
    build_options,
    build_turn,
    option_values,
    orders_of,
    people_update,
)
from facechain_ext.ui.template.restore import restore
from facechain_ext.ui.template.sources_panel import named_photos, templates

if TYPE_CHECKING:
    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.template.jobs import TemplateRequest

log = logging.getLogger(__name__)


def build(host: PageHost) -> None:
    """Build the page inside the Blocks that is open; loads no model."""
    with gr.Row(elem_id="facechain_template_columns", elem_classes=["facechain-columns"]):
        with gr.Column(scale=1, min_width=280):
            sources = sources_panel.build(host)
        with gr.Column(scale=1, min_width=280):
            look = gr.Button("Find the faces", elem_id="facechain_template_find")
            found = gr.HTML("", elem_id="facechain_template_found")
            seen = gr.Image(label="Faces by number", show_label=False, interactive=False, height=320,
                            elem_id="facechain_template_seen")  # fmt: skip
            faces = [_face(number) for number in range(1, MOST_FACES + 1)]
            turn = build_turn()
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
            compared = gr.HTML("", elem_id="facechain_template_compare")
    boxes, stopping = gr.State([]), gr.State(Stop())

    def run(stop: Stop, files: Any, chosen: str, guests: Any, *values: Any) -> Iterator[list[Any]]:
        stop.clear()
        try:
            orders = orders_of(templates(host, files, chosen), named_photos(host, guests), values)
        except FaceChainError as error:
            yield [note(str(error)), gr.update(), gr.update()]
            return
        yield from _working(host, stop, orders)

    look.click(_finding(host), sources.inputs, [seen, found, boxes, *faces, turn[0]])
    seen.select(_pointing(host), [sources.photos, boxes, *faces], faces)
    hidden = {"show_progress": "hidden"}
    sources.finished.upload(
        _restoring(host),
        [sources.finished, sources.photos],
        [sources.restored, sources.chosen, sources.tiles, *options, *faces],
        **hidden,
    )
    wanted = [stopping, *sources.inputs, *turn, *options, *faces]
    start.click(run, wanted, [status, results, compared], **hidden, **at_once(start.click))
    stop.click(Stop.set, [stopping], [], queue=False)


def _face(number: int) -> Any:
    """Who a face becomes; the first is there from the start."""
    shown = {"label": f"Face {number}", "visible": number == 1, "elem_id": f"facechain_template_face_{number}"}
    return gr.Dropdown(choices_for([]), value=KEEP, **shown)


def _finding(host: PageHost) -> Callable[..., list[Any]]:
    """What the button does that numbers the faces of the first template."""

    def find(files: Any, chosen: str, guests: Any) -> list[Any]:
        try:
            there = show(templates(host, files, chosen)[0])
            words = choices_for(list(named_photos(host, guests)))
        except FaceChainError as error:
            return [gr.update(), note(str(error)), [], *[gr.update()] * (MOST_FACES + 1)]
        count = len(there.boxes)
        shown = [gr.update(choices=words, value=KEEP, visible=n < count) for n in range(MOST_FACES)]
        many = "1 face." if count == 1 else f"{count} faces, numbered from the left."
        more = f" Faces from {MOST_FACES + 1} on stay as they are." if count > MOST_FACES else ""
        words_shown = note(f"{many} Click a face to change who it becomes.{more}")
        return [there.picture, words_shown, [list(box) for box in there.boxes], *shown, people_update(words)]

    return find


def _restoring(host: PageHost) -> Callable[..., list[Any]]:
    """What dropping a finished picture does: its settings, its template and its people are set."""

    def back(file: Any, guests: Any) -> list[Any]:
        try:
            photos = named_photos(host, guests)
            found = restore(text_of(host.uploaded(file)), photos, host.offers().restorers)
        except FaceChainError as error:
            return [note(str(error)), *[gr.update()] * (2 + OPTIONS + MOST_FACES)]
        words = choices_for(list(photos))
        last = max((n for n, who in enumerate(found.choices) if who != KEEP), default=0)
        shown = [gr.update(choices=words, value=who, visible=n <= last) for n, who in enumerate(found.choices)]
        said = note("The settings are set.", *found.notes)
        return [said, found.template, tiles_html(found.template), *option_values(found), *shown]

    return back


def _working(host: PageHost, stop: Stop, orders: list[TemplateRequest]) -> Iterator[list[Any]]:
    """Status, results and comparison while the templates are made, and when they are."""
    work = Task(lambda report: batch(host, orders, report), stop, host.waits)
    for tick in work.ticks():
        words = "Stopping …" if stop.is_set() else tick.words
        yield [bar(tick.done, tick.total, words), gr.update(), gr.update()]
    try:
        made, notes = work.result()
    except FaceChainError as error:
        yield [note(str(error)), gr.update(), gr.update()]
        return
    except Exception as error:
        log.exception("the page could not make the template portraits")
        trouble = f"This went wrong: {error or type(error).__name__}. The console has the details."
        yield [note(trouble), gr.update(), gr.update()]
        return
    rows = [(one.picture, f"{one.file} {one.guest}".strip()) for one in made]
    if len(made) > 1:
        name, page = contact_sheet(host, made)
        rows.insert(0, (page, f"contact sheet {name}".strip()))
    yield [note(*(notes or ["Done."])), rows, comparisons(made)]


def _pointing(host: PageHost) -> Callable[..., list[Any]]:
    """What a click on the numbered faces does."""

    def point(event: gr.SelectData, guests: Any, faces_seen: list[Any], *now: str) -> list[Any]:
        number = pointed_at(faces_seen, *event.index)
        if number is None or number > MOST_FACES:
            return [gr.update()] * MOST_FACES
        chosen = next_choice(choices_for(list(named_photos(host, guests))), now[number - 1])
        return [gr.update(value=chosen) if n == number - 1 else gr.update() for n in range(MOST_FACES)]

    return point
