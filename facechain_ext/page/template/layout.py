"""The Template page's components and what happens when they are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator  # noqa: TC003 - gradio reads the annotations
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError, PhotoError
from facechain_ext.page.gradio_versions import results_gallery
from facechain_ext.page.template import shelf
from facechain_ext.page.template.seating import (
    KEEP,
    MOST_FACES,
    PIXELATE,
    Order,
    batch,
    choices_for,
    comparisons,
    contact_sheet,
    each_with_each,
    next_choice,
    pointed_at,
    show,
)
from facechain_ext.page.words import bar, note
from facechain_ext.page.working import Work
from facechain_ext.portrait.template import QUALITIES

if TYPE_CHECKING:
    from facechain_ext.page.host import PageHost

_NO_RESTORER = "none"


@dataclass(frozen=True)
class _What:
    """The left column: templates from uploads and gallery, photos of guests, the numbered faces."""

    files: Any
    chosen: Any
    photos: Any
    find: Any
    seen: Any

    @property
    def inputs(self) -> list[Any]:
        """What ``_templates`` and ``_named`` read."""
        return [self.files, self.chosen, self.photos]


def build(host: PageHost) -> None:
    """Build the page inside the Blocks that is open; loads no model."""
    with gr.Row(elem_id="facechain_template_columns", elem_classes=["facechain-columns"]):
        with gr.Column(scale=1, min_width=280):
            what = _what(host)
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
            turn = _turn()
            options = _options(list(host.offers().restorers))
        with gr.Column(scale=1, min_width=280):
            with gr.Row():
                start = gr.Button("Put them in", variant="primary", elem_id="facechain_template_generate")
                stop = gr.Button("Interrupt", elem_id="facechain_template_interrupt")
            status = gr.HTML("", elem_id="facechain_template_status")
            results = results_gallery(label="Result", columns=2, height=480, elem_id="facechain_template_gallery")
            compared = gr.HTML("", elem_id="facechain_template_compare")
    boxes = gr.State([])

    def find(files: Any, chosen: str, guests: Any) -> list[Any]:
        try:
            there = show(_templates(host, files, chosen)[0])
            words = choices_for(list(_named(host, guests)))
        except FaceChainError as error:
            return [gr.update(), note(str(error)), [], *[gr.update()] * (MOST_FACES + 1)]
        count = len(there.boxes)
        shown = [gr.update(choices=words, value=KEEP, visible=n < count) for n in range(MOST_FACES)]
        click = "Click a face to change who it becomes. " if count else ""
        more = f" Faces from {MOST_FACES + 1} on stay as they are." if count > MOST_FACES else ""
        words_shown = note(f"{count} faces, numbered from the left. {click}{more}")
        return [there.picture, words_shown, [list(box) for box in there.boxes], *shown, _people(words)]

    def run(files: Any, chosen: str, guests: Any, *values: Any) -> Iterator[list[Any]]:
        try:
            orders = _orders(host, _templates(host, files, chosen), guests, values)
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
        rows = [(one.picture, f"{one.file} {one.guest}".strip()) for one in made]
        if len(made) > 1:
            path, page = contact_sheet(host, made)
            rows.insert(0, (page, f"contact sheet {path.name}"))
        yield [note(*(notes or ["Done."])), rows, comparisons(made)]

    what.find.click(find, what.inputs, [what.seen, status, boxes, *faces, turn[0]])
    what.seen.select(_pointing(host), [what.photos, boxes, *faces], faces)
    start.click(run, [*what.inputs, *turn, *options, *faces], [status, results, compared])
    stop.click(host.interrupt, [], [], queue=False)


def _what(host: PageHost) -> _What:
    """Build and wire the left column."""
    files = gr.File(label="Templates", file_count="multiple", file_types=["image"], elem_id="facechain_template_files")
    with gr.Accordion("Template gallery", open=True, elem_id="facechain_template_shelf"):
        tiles = gr.HTML(shelf.tiles_html(), elem_id="facechain_template_tiles")
        hidden = ["facechain-hidden"]
        chosen = gr.Textbox("", label="Chosen templates", lines=2, elem_id="facechain_template_chosen",
                            elem_classes=hidden)  # fmt: skip
        refresh = gr.Button("Refresh templates", elem_id="facechain_template_refresh", elem_classes=hidden)
        with gr.Row():
            add = gr.Button("Add the dropped", size="sm", elem_id="facechain_template_add", min_width=100)
            delete = gr.Button("Delete the chosen …", size="sm", elem_id="facechain_template_delete", min_width=100)
        with gr.Row(visible=False, elem_id="facechain_template_sure") as sure:
            yes = gr.Button("Yes, delete them", variant="stop", size="sm", elem_id="facechain_template_delete_yes")
            no = gr.Button("Keep them", size="sm", elem_id="facechain_template_delete_no")
        told = gr.HTML("", elem_id="facechain_template_shelf_status")
    photos = gr.File(label="Photos of guests", file_count="multiple", file_types=["image"], elem_id="facechain_guests")
    look = gr.Button("Find the faces", elem_id="facechain_template_find")
    seen = gr.Image(label="Faces by number", interactive=False, elem_id="facechain_template_seen")

    def take(dropped: Any, now: str) -> list[Any]:
        try:
            new = [host.uploaded(file) for file in dropped or ()]
        except FaceChainError as error:
            return [note(str(error)), gr.update(), gr.update(), gr.update()]
        if not new:
            return [note("Drop a template above first."), gr.update(), gr.update(), gr.update()]
        names, refused = shelf.added(new)
        text = "\n".join([*shelf.chosen_names(now or ""), *names])
        words = note(*([f"Added {', '.join(names)}."] if names else []), *refused)
        return [words, shelf.tiles_html(text), text, None if names else gr.update()]

    def ask(now: str) -> list[Any]:
        names = shelf.chosen_names(now or "")
        if not names:
            return [note("Click the templates to delete first."), gr.update(visible=False)]
        return [note(f"Delete {', '.join(names)}? The files cannot be brought back."), gr.update(visible=True)]

    def drop(now: str) -> list[Any]:
        names = shelf.chosen_names(now or "")
        try:
            shelf.deleted(names)
            words = note(f"Deleted {', '.join(names)}.")
        except FaceChainError as error:
            words = note(str(error))
        return [words, gr.update(visible=False), shelf.tiles_html(), ""]

    quiet = {"show_progress": "hidden"}
    add.click(take, [files, chosen], [told, tiles, chosen, files])
    delete.click(ask, [chosen], [told, sure], **quiet)
    yes.click(drop, [chosen], [told, sure, tiles, chosen])
    no.click(lambda: ["", gr.update(visible=False)], [], [told, sure], **quiet)
    refresh.click(lambda now: shelf.tiles_html(now or ""), [chosen], [tiles], **quiet)
    return _What(files, chosen, photos, look, seen)


def _turn() -> list[Any]:
    """Who goes in turn into one face of every template."""
    with gr.Accordion("Every template with several people in turn", open=False, elem_id="facechain_template_batch"):
        return [
            gr.Dropdown(
                _everybody(choices_for([])), value=[], multiselect=True, label="People in turn",
                info="Each gets a picture of every template; a contact sheet shows them all.",
                elem_id="facechain_template_turn",
            ),
            gr.Slider(0, MOST_FACES, 0, step=1, label="Face for them", info="0 takes the largest.",
                      elem_id="facechain_template_turn_face"),
        ]  # fmt: skip


def _everybody(words: list[str]) -> list[str]:
    return [one for one in words if one not in (KEEP, PIXELATE)]


def _people(words: list[str]) -> Any:
    return gr.update(choices=_everybody(words))


def _pointing(host: PageHost) -> Callable[..., list[Any]]:
    """What a click on the numbered faces does."""

    def point(event: gr.SelectData, guests: Any, faces_seen: list[Any], *now: str) -> list[Any]:
        number = pointed_at(faces_seen, *event.index)
        if number is None or number > MOST_FACES:
            return [gr.update()] * MOST_FACES
        chosen = next_choice(choices_for(list(_named(host, guests))), now[number - 1])
        return [gr.update(value=chosen) if n == number - 1 else gr.update() for n in range(MOST_FACES)]

    return point


def _options(restorers: list[str]) -> list[Any]:
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
            gr.Slider(0, 0.3, 0.04, step=0.01, label="Mask growth", info="In sides of the face.",
                      elem_id="facechain_template_growth"),
            gr.Checkbox(value=False, label="Paint the hair too", elem_id="facechain_template_hair"),
            gr.Slider(1, 8, 1, step=1, label="Tries for each face", info="The most like is taken.",
                      elem_id="facechain_template_count"),
            gr.Checkbox(value=False, label="Fuse after painting", elem_id="facechain_template_fuse"),
            gr.Checkbox(value=False, label="Retouch the skin", elem_id="facechain_template_retouch"),
            gr.Dropdown([_NO_RESTORER, *restorers], value=_NO_RESTORER, label="Restore faces",
                        elem_id="facechain_template_restore"),
        ]  # fmt: skip


def _templates(host: PageHost, files: Any, chosen: str) -> list[Path]:
    """The templates that were dropped and those chosen in the gallery; raises PhotoError when there is none."""
    found = [host.uploaded(file) for file in files or ()] + shelf.chosen_files(chosen or "")
    if not found:
        raise PhotoError("Drop a template first, or choose one of the gallery.")
    return found


def _orders(host: PageHost, templates: list[Path], guests: Any, values: tuple[Any, ...]) -> list[Order]:
    """An order for each template and each of the people in turn."""
    turn, turn_face, *rest = values
    quality, prompt, denoise, strength, steps, seed, growth, hair, count, fuse, retouch, restorer, *choices = rest
    photos = _named(host, guests)
    orders = [
        Order(
            template,
            tuple(choices),
            photos,
            quality,
            prompt or "",
            float(denoise),
            float(strength),
            int(steps),
            int(-1 if seed is None else seed),
            growth=float(growth),
            hair=bool(hair),
            count=int(count),
            fuse=bool(fuse),
            retouch=bool(retouch),
            restorer="" if restorer in (None, _NO_RESTORER) else restorer,
        )
        for template in templates
    ]
    return each_with_each(orders, turn or [], int(turn_face or 0))


def _named(host: PageHost, guests: Any) -> dict[str, Path]:
    """Uploaded photos by a name that tells them apart."""
    named: dict[str, Path] = {}
    for number, file in enumerate(guests or (), 1):
        path = host.uploaded(file)
        named[f"{number} {Path(getattr(file, 'orig_name', None) or path.name).name}"] = path
    return named
