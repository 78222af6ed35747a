"""The components of the Portrait page's columns, and the request that their values make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.ui.portrait.form import BY_NAME, NAMES, form_from_values
from facechain_ext.ui.portrait.person_request import PersonRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.ui.gradio_types import Component
    from facechain_ext.ui.portrait.result import PortraitRequest


@dataclass(frozen=True)
class PersonColumn:
    """The Who column; ``previews`` holds a PhotoPreview for each photo of one browser, ``notes`` shows messages."""

    previews: Component
    face: Component
    card: Component
    second: Component
    mix: Component
    weights: list[Component]
    notes: Component

    @property
    def inputs(self) -> list[Component]:
        """The inputs of ``PersonRequest.from_values``."""
        return [self.previews, self.face, self.card, self.second, self.mix, *self.weights]


@dataclass(frozen=True)
class GenerationColumn:
    """The How column: the form's components by name, pose picture, last suggested settings, and boxes canvas."""

    form: dict[str, Component]
    pose: Component
    suggested: Component
    boxes: Component

    @property
    def inputs(self) -> list[Component]:
        """The form's components in the table's order."""
        return [self.form[name] for name in NAMES]


def portrait_request(values: Sequence[Any]) -> PortraitRequest:
    """The request of the page's values: ``PersonColumn.inputs``, the pose picture, ``GenerationColumn.inputs``.

    Raises InputError for a setting outside its range.
    """
    from facechain_ext.ui.portrait.result import PortraitRequest

    previews, *person_values, pose = values[: -len(NAMES)]
    person = PersonRequest.from_values(previews or [], person_values)
    return PortraitRequest(person, form_from_values(values[-len(NAMES) :]), pose)


def build_component(name: str, choices: list[str] | None = None, **options: object) -> Component:
    """The component of one setting of the form."""
    field = BY_NAME[name]
    common: dict[str, object] = {"label": field.label, "elem_id": f"facechain_{field.name}", **options}
    if field.help:
        common["info"] = field.help
    component: Component
    if choices is not None:
        value = field.default if field.default in choices else choices[0] if choices else None
        component = gr.Dropdown(choices, value=value, **common)
    elif field.choices:
        component = gr.Radio(list(field.choices), value=field.default, **common)
    elif isinstance(field.default, bool):
        component = gr.Checkbox(value=field.default, **common)
    elif isinstance(field.default, str):
        component = gr.Textbox(field.default, **common)
    elif name == "seed":
        component = gr.Number(field.default, precision=0, **common)
    else:
        component = gr.Slider(field.low, field.high, field.default, step=field.step, **common)
    return component
