"""The Template page's components and what happens when they are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator  # noqa: TC003 - gradio reads the annotations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError, PhotoError
from facechain_ext.page.template.seating import (
    KEEP,
    MOST_FACES,
    QUALITIES,
    Order,
    batch,
    choices_for,
    comparisons,
    next_choice,
    pointed_at,
    show,
)
from facechain_ext.page.words import bar, note
from facechain_ext.page.working import Work
from facechain_ext.portrait.sheet import sheet

if TYPE_CHECKING:
    from facechain_ext.page.host import PageHost


def build(host: PageHost) -> None:
    """Build the page inside the Blocks that is open; loads no model."""
    with gr.Row(elem_id="facechain_template_columns", elem_classes=["facechain-columns"]):
        with gr.Column(scale=1, min_width=280):
            templates = gr.File(
                label="Templates", file_count="multiple", file_types=["image"], elem_id="facechain_template_files"
            )
            photos = gr.File(
                label="Photos of guests", file_count="multiple", file_types=["image"], elem_id="facechain_guests"
            )
            look = gr.Button("Find the faces", elem_id="facechain_template_find")
            seen = gr.Image(label="Faces by number", interactive=False, elem_id="facechain_template_seen")
        with gr.Column(scale=1, min_width=280):
            faces = [
                gr.Dropdown(
                    choices_for([]),
                    value=KEEP,
                    label=f"Face {n}",
                    visible=n == 1,
                    elem_id=f"facechain_template_face_{n}",
                )
                for n in range(1, MOST_FACES + 1)
            ]
            options = _options()
        with gr.Column(scale=1, min_width=280):
            with gr.Row():
                start = gr.Button("Put them in", variant="primary", elem_id="facechain_template_generate")
                stop = gr.Button("Interrupt", elem_id="facechain_template_interrupt")
            status = gr.HTML("", elem_id="facechain_template_status")
            results = gr.Gallery(label="Result", columns=2, height=480, elem_id="facechain_template_gallery")
            compared = gr.HTML("", elem_id="facechain_template_compare")
    boxes = gr.State([])

    def find(files: Any, guests: Any) -> list[Any]:
        try:
            if not files:
                raise PhotoError("Drop a template first.")
            there = show(host.uploaded(files[0]))
            words = choices_for(list(_named(host, guests)))
        except FaceChainError as error:
            return [gr.update(), note(str(error)), [], *[gr.update()] * MOST_FACES]
        count = len(there.boxes)
        shown = [gr.update(choices=words, value=KEEP, visible=n < count) for n in range(MOST_FACES)]
        click = "Click a face to change who it becomes. " if count else ""
        more = f" Faces from {MOST_FACES + 1} on stay as they are." if count > MOST_FACES else ""
        words_shown = note(f"{count} faces, numbered from the left. {click}{more}")
        return [there.picture, words_shown, [list(box) for box in there.boxes], *shown]

    def run(files: Any, guests: Any, *values: Any) -> Iterator[list[Any]]:
        try:
            orders = _orders(host, files, guests, values)
        except FaceChainError as error:
            yield [note(str(error)), gr.update(), gr.update()]
            return
        work = Work(lambda report: batch(host, orders, report))
        for tick in work.ticks():
            yield [bar(tick.done, tick.total, tick.words), gr.update(), gr.update()]
        try:
            made, notes = work.result()
        except FaceChainError as error:
            yield [note(str(error)), gr.update(), gr.update()]
            return
        rows = [(one.picture, one.file) for one in made]
        if len(made) > 1:
            rows.insert(0, (sheet([(one.file, one.picture) for one in made]), "contact sheet"))
        yield [note(*(notes or ["Done."])), rows, comparisons(made)]

    found = [seen, status, boxes, *faces]
    look.click(find, [templates, photos], found)
    seen.select(_pointing(host), [photos, boxes, *faces], faces)
    start.click(run, [templates, photos, *options, *faces], [status, results, compared])
    stop.click(host.interrupt, [], [], queue=False)


def _pointing(host: PageHost) -> Callable[..., list[Any]]:
    """What a click on the numbered faces does."""

    def point(event: gr.SelectData, guests: Any, faces_seen: list[Any], *now: str) -> list[Any]:
        number = pointed_at(faces_seen, *event.index)
        if number is None or number > MOST_FACES:
            return [gr.update()] * MOST_FACES
        chosen = next_choice(choices_for(list(_named(host, guests))), now[number - 1])
        return [gr.update(value=chosen) if n == number - 1 else gr.update() for n in range(MOST_FACES)]

    return point


def _options() -> list[Any]:
    """Components in the order in which ``_orders`` reads them."""
    quality = gr.Radio(list(QUALITIES), value="instant", label="Quality", elem_id="facechain_template_quality")
    with gr.Accordion("More", open=False, elem_id="facechain_template_more"):
        return [
            quality,
            gr.Textbox("", label="Prompt of the template", lines=2, elem_id="facechain_template_prompt"),
            gr.Slider(0.05, 1, 0.6, step=0.05, label="Template denoising", elem_id="facechain_template_denoise"),
            gr.Slider(0, 2, 0.55, step=0.05, label="Template strength", elem_id="facechain_template_strength"),
            gr.Slider(1, 150, 30, step=1, label="Template steps", elem_id="facechain_template_steps"),
            gr.Number(-1, precision=0, label="Template seed", elem_id="facechain_template_seed"),
            gr.Checkbox(value=False, label="Fuse after painting", elem_id="facechain_template_fuse"),
        ]


def _orders(host: PageHost, files: Any, guests: Any, values: tuple[Any, ...]) -> list[Order]:
    """An order for each template, all with the same choices."""
    if not files:
        raise PhotoError("Drop a template first.")
    quality, prompt, denoise, strength, steps, seed, fuse, *choices = values
    photos = _named(host, guests)
    return [
        Order(
            host.uploaded(file), tuple(choices), photos, quality, prompt or "", float(denoise), float(strength),
            int(steps), int(-1 if seed is None else seed), bool(fuse),
        )
        for file in files
    ]  # fmt: skip


def _named(host: PageHost, guests: Any) -> dict[str, Path]:
    """Uploaded photos by a name that tells them apart."""
    named: dict[str, Path] = {}
    for number, file in enumerate(guests or (), 1):
        path = host.uploaded(file)
        named[f"{number} {Path(getattr(file, 'orig_name', None) or path.name).name}"] = path
    return named
