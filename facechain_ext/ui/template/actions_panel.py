"""The row of actions of the page on pictures, and the fields of those that are no template portrait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.jobs.request_values import MAX_POINTS
from facechain_ext.methods.registry import method_names
from facechain_ext.recipes.template.settings import DRAWING_METHOD, template_setting
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates
from facechain_ext.ui.html import note_html
from facechain_ext.ui.template.action_names import (
    ACTIONS,
    BUTTONS,
    DRAW,
    GARMENT,
    MOVE,
    PUT,
    REPAIR,
    PictureRequest,
    looks,
)
from facechain_ext.ui.template.options_panel import guest_choices, suited_steps
from facechain_ext.ui.template.sources_panel import template_paths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from facechain_ext.ui.host import HostCapabilities, PageHost

_IN, _BESIDE = "garment", "beside it"
_HELP: Mapping[str, str] = {
    REPAIR: "The chosen people's faces are painted anew, each at a resolution of its own; all else stays.",
    GARMENT: "What you mark stays byte for byte; person, body and scene around it are painted anew.",
    DRAW: "The whole picture is drawn anew. Without a choice the people in it are kept.",
}


def build_row() -> Component:
    """The one row of choices: what happens with the picture."""
    row: Component = gr.Radio(list(ACTIONS), value=PUT, label="What is to happen", elem_id="facechain_template_action")
    return row


@dataclass(frozen=True)
class ActionFields:
    """The fields of the other actions: ``inputs`` in the order that ``read_request`` takes, and their groups."""

    inputs: Updates
    group: Component
    garment: Component
    drawing: Component
    help: Component
    method: Component
    people: Component
    look: Component
    clicks: Component
    marked: Component
    click_kind: Component
    mark_again: Component


def build(capabilities: HostCapabilities) -> ActionFields:
    """Build the fields, hidden until one of their actions is chosen."""
    with gr.Column(visible=False, elem_id="facechain_action_fields") as group:
        words = gr.HTML("", elem_id="facechain_action_help")
        people = gr.Dropdown(
            [], value=[], multiselect=True, label="Who, from the left", elem_id="facechain_action_people"
        )
        with gr.Column(scale=0, visible=False, elem_id="facechain_action_garment") as garment:
            kind = gr.Radio(
                [_IN, _BESIDE], value=_IN, label="A click marks", elem_id="facechain_action_click",
                info=f"Up to {MAX_POINTS} clicks in the garment, and as many beside it.",
            )  # fmt: skip
            marked = gr.Image(label="Marked garment", show_label=False, interactive=False, height=320,
                              elem_id="facechain_action_marked")  # fmt: skip
            again = gr.Button("Mark again", size="sm", elem_id="facechain_action_again")
            mask = gr.File(label="Or a mask, white is garment", file_types=["image"], elem_id="facechain_action_mask",
                           elem_classes=["facechain-drop"])  # fmt: skip
            worn = gr.File(label="Put on this garment instead", file_types=["image"], elem_id="facechain_action_worn",
                           elem_classes=["facechain-drop"])  # fmt: skip
        with gr.Column(scale=0, visible=False, elem_id="facechain_action_drawing") as drawing:
            look = gr.Dropdown(["2D"], value="2D", label="Draw as", elem_id="facechain_action_look")
            repair = gr.Checkbox(value=False, label="Repair faces after", elem_id="facechain_action_repair")
        method = gr.Dropdown(
            method_names(), value=DRAWING_METHOD.default, label=DRAWING_METHOD.label, info=DRAWING_METHOD.help,
            elem_id="facechain_action_method", visible=False,
        )  # fmt: skip
        prompt = gr.Textbox("", label="What it shows", lines=2, elem_id="facechain_action_prompt")
        denoise = gr.Slider(0, 1, 0, step=0.05, label="Denoising", info="0 takes what suits.",
                            elem_id="facechain_action_denoise")  # fmt: skip
        low, high, step = template_setting("steps").slider
        steps = gr.Slider(low, high, suited_steps(capabilities), step=step, label="Action steps",
                          elem_id="facechain_action_steps")  # fmt: skip
        seed = gr.Number(-1, precision=0, label="Action seed", elem_id="facechain_action_seed")
    clicks = gr.State([])
    inputs = [people, look, repair, prompt, denoise, steps, seed, clicks, mask, worn, method]
    return ActionFields(inputs, group, garment, drawing, words, method, people, look, clicks, marked, kind, again)


def connect(
    host: PageHost,
    row: Component,
    fields: ActionFields,
    put_only: list[Component],
    still: Component,
    answer: tuple[Component, Component],
    sources: list[Component],
) -> None:
    """Show what belongs to the chosen action, and mark the garment by clicks.

    ``put_only`` belong to a template, ``still`` to all actions but a video. ``answer`` are the button that starts the
    action and what it said; ``sources`` are the page's inputs.
    """
    start, status = answer

    def on_action(action: str, files: list[object] | None, chosen: str, guests: list[object] | None) -> Updates:
        other = action not in (PUT, MOVE)
        choices = guest_choices(host, guests) if other else []
        return [
            *[gr.update(visible=action == PUT)] * len(put_only), gr.update(visible=action != MOVE),
            gr.update(visible=other), gr.update(visible=action == GARMENT),
            gr.update(visible=action == DRAW), note_html(_HELP[action]) if other else "",
            _method_update(action),
            gr.update(choices=choices), gr.update(choices=looks()) if action == DRAW else gr.update(),
            gr.update(value=BUTTONS[action]),
            *_marked(host, files, chosen, [], shown=action == GARMENT),
        ]  # fmt: skip

    def on_click(
        event: gr.SelectData, files: list[object] | None, chosen: str, clicks: list[list[Any]], kind: str, size: Any
    ) -> Updates:
        height, width = size.shape[:2]
        x, y = event.index
        if sum(one[2] == (kind == _IN) for one in clicks) >= MAX_POINTS:
            full = f"There are {MAX_POINTS} such clicks already. Mark again, or give a mask."
            return [gr.update(), clicks, note_html(full)]
        click = [min(max(x / width, 0.0), 1.0), min(max(y / height, 0.0), 1.0), kind == _IN]
        return [*_marked(host, files, chosen, [*clicks, click], shown=True), ""]

    def on_again(files: list[object] | None, chosen: str) -> Updates:
        return _marked(host, files, chosen, [], shown=True)

    shown = [fields.marked, fields.clicks]
    outputs = [
        *put_only,
        still,
        fields.group,
        fields.garment,
        fields.drawing,
        fields.help,
        fields.method,
        fields.people,
        fields.look,
        start,
        *shown,
    ]
    row.change(on_action, [row, *sources], outputs, **HIDDEN_PROGRESS)
    row.change(lambda: "", [], [status], **HIDDEN_PROGRESS)  # what another action said is no answer to this one
    fields.marked.select(on_click, [*sources[:2], fields.clicks, fields.click_kind, fields.marked], [*shown, status])
    fields.mark_again.click(on_again, sources[:2], shown, **HIDDEN_PROGRESS)

    def on_sources(action: str, files: list[object] | None, chosen: str, guests: list[object] | None) -> Updates:
        """New pictures begin a new mark, new photos are new choices."""
        return on_action(action, files, chosen, guests)

    for source in sources:
        source.change(on_sources, [row, *sources], outputs, **HIDDEN_PROGRESS)


def _method_update(action: str) -> Any:
    """How the method's field looks for an action: a repair and a drawing have one, each with its own words."""
    if action == REPAIR:
        return gr.update(visible=True, label="Method of the repair", info=template_setting("method").help)
    return gr.update(visible=action == DRAW, label=DRAWING_METHOD.label, info=DRAWING_METHOD.help)


def _marked(
    host: PageHost, files: list[object] | None, chosen: str, clicks: list[list[Any]], *, shown: bool
) -> Updates:
    """Updates of the marked picture and of the clicks."""
    if not shown:
        return [gr.update(), []]
    from facechain_ext.ui.template.picture_actions import mark_preview

    try:
        picture = template_paths(host, files, chosen)[0]
        return [mark_preview(picture, [(x, y, bool(inside)) for x, y, inside in clicks]), clicks]
    except FaceChainError:
        return [gr.update(value=None), []]


def read_request(
    host: PageHost, action: str, pictures: Sequence[Path], photos: Mapping[str, Path], values: tuple[Any, ...]
) -> PictureRequest:
    """The request of the fields' values; raises PhotoError for a file that was not uploaded."""
    people, look, repair, prompt, denoise, steps, seed, clicks, mask, worn, method = values
    return PictureRequest(
        action,
        tuple(pictures),
        photos,
        tuple(people or ()),
        look or "2D",
        prompt or "",
        float(denoise or 0),
        int(steps),
        int(-1 if seed is None else seed),
        bool(repair),
        tuple((float(x), float(y), bool(inside)) for x, y, inside in clicks or ()),
        None if mask is None else host.uploaded_path(mask),
        None if worn is None else host.uploaded_path(worn),
        method or DRAWING_METHOD.default,
    )
