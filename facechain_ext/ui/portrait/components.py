"""The components that the Portrait page's functions read and fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.ui.portrait.form import BY_NAME, NAMES, form_from_values
from facechain_ext.ui.portrait.person import PersonRequest
from facechain_ext.ui.portrait.result import PortraitRequest

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class PersonColumn:
    """The Who column; ``previews`` holds what one browser's photos look like, ``notes`` says what there is to say."""

    previews: Any
    face: Any
    card: Any
    second: Any
    mix: Any
    weights: list[Any]
    notes: Any

    @property
    def inputs(self) -> list[Any]:
        """What ``person`` takes."""
        return [self.previews, self.face, self.card, self.second, self.mix, *self.weights]


@dataclass(frozen=True)
class GenerationColumn:
    """The How column: the form's components by name, the pose picture, what a style last suggested, boxes' frame."""

    form: dict[str, Any]
    pose: Any
    suggested: Any
    boxes: Any

    @property
    def inputs(self) -> list[Any]:
        """The form in the order of the table."""
        return [self.form[name] for name in NAMES]


def portrait_request(values: Sequence[Any]) -> PortraitRequest:
    """The request of the page's values: ``PersonColumn.inputs``, the pose picture, ``GenerationColumn.inputs``.

    Raises HostError for a setting outside its range.
    """
    previews, *person_values, pose = values[: -len(NAMES)]
    person = PersonRequest.from_values(previews or [], person_values)
    return PortraitRequest(person, form_from_values(values[-len(NAMES) :]), pose)


def build_component(name: str, choices: list[str] | None = None, **options: Any) -> Any:
    """The component of one setting of the form."""
    field = BY_NAME[name]
    common: dict[str, Any] = {"label": field.label, "elem_id": f"facechain_{field.name}", **options}
    if field.help:
        common["info"] = field.help
    if choices is not None:
        value = field.default if field.default in choices else choices[0] if choices else None
        return gr.Dropdown(choices, value=value, **common)
    if field.choices:
        return gr.Radio(list(field.choices), value=field.default, **common)
    if isinstance(field.default, bool):
        return gr.Checkbox(value=field.default, **common)
    if isinstance(field.default, str):
        return gr.Textbox(field.default, **common)
    if name == "seed":
        return gr.Number(field.default, precision=0, **common)
    return gr.Slider(field.low, field.high, field.default, step=field.step, **common)
