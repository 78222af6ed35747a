"""The fields of Picture in that enlarge the finished picture, whatever was done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.recipes.portrait_settings import ENLARGE_SETTINGS
from facechain_ext.ui.setting_slider import setting_slider

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.ui.gradio_types import Component
    from facechain_ext.ui.host import HostCapabilities

_SIDE, _BY = ENLARGE_SETTINGS


def build(capabilities: HostCapabilities) -> tuple[Component, list[Component]]:
    """The group of the fields, and the fields in the order that ``read`` takes."""
    with gr.Column(scale=0, elem_id="facechain_template_enlarge_group") as group:
        side = setting_slider(_SIDE, "facechain_template_enlarge")
        upscaler = gr.Dropdown(
            [AUTOMATIC, *capabilities.enlargers], value=_BY.default, label=_BY.label, info=_BY.help,
            elem_id="facechain_template_enlarge_by",
        )  # fmt: skip
    return group, [side, upscaler]


def read(values: Sequence[Any]) -> dict[str, Any]:
    """The fields' values by the names of the settings."""
    side, upscaler = values
    return {"enlarge": int(side or 0), "enlarge_by": upscaler or AUTOMATIC}
