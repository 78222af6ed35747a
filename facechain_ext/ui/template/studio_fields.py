"""The fields of the quality studio, shown while it is chosen: its numbers, its stages, ratios and upscaler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.recipes.studio.presets import PRESETS, STAGES, chosen_stages, find_preset
from facechain_ext.recipes.template.settings import template_setting
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates
from facechain_ext.ui.html import note_html
from facechain_ext.ui.setting_slider import setting_slider

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.recipes.template.settings import Settings
    from facechain_ext.ui.host import HostCapabilities
    from facechain_ext.ui.template.jobs import StudioSettings

_FIRST = "first"
"""The stage without which there is nothing, which is never switched off."""
_OPTIONAL = [stage for stage in STAGES if stage != _FIRST]
_RATIOS = ("studio_makeup", "studio_upscale")


def build(capabilities: HostCapabilities) -> tuple[Component, list[Component]]:
    """The column of the fields, hidden, and the fields in the order that ``read`` takes."""
    preset_row = template_setting("studio_preset")
    with gr.Column(visible=False, elem_id="facechain_studio") as column:
        preset = gr.Radio(list(PRESETS), value=preset_row.default, label=preset_row.label, info=preset_row.help,
                          elem_id="facechain_studio_preset")  # fmt: skip
        with gr.Accordion("Stages of the studio", open=False, elem_id="facechain_studio_more"):
            stages = gr.CheckboxGroup(
                _OPTIONAL, value=_own(preset_row.default), label="Stages besides the first diffusion",
                elem_id="facechain_studio_stages",
            )  # fmt: skip
            gr.HTML(note_html(*(f"{stage}: {STAGES[stage]}" for stage in _OPTIONAL)), elem_id="facechain_studio_help")
            ratios = [setting_slider(template_setting(name), f"facechain_{name}") for name in _RATIOS]
            upscaler = gr.Dropdown(
                [AUTOMATIC, *capabilities.enlargers], value=AUTOMATIC, label="Studio upscaler",
                elem_id="facechain_studio_upscaler",
            )  # fmt: skip
    preset.change(_own, [preset], [stages], **HIDDEN_PROGRESS)
    return column, [preset, stages, *ratios, upscaler]


def read(values: Sequence[Any]) -> StudioSettings:
    """The settings of the fields' values."""
    from facechain_ext.ui.template.jobs import StudioSettings

    preset, stages, makeup, upscale, upscaler = values
    chosen = [stage for stage in STAGES if stage == _FIRST or stage in (stages or ())]
    own = chosen == list(chosen_stages(find_preset(preset), ""))
    named = "" if upscaler in (None, AUTOMATIC) else str(upscaler)
    return StudioSettings(preset, "" if own else ", ".join(chosen), float(makeup), float(upscale), named)


def updates(settings: Settings) -> Updates:
    """The fields' values that restore ``settings``."""
    stages = chosen_stages(find_preset(settings.studio_preset), settings.studio_stages)
    chosen = [stage for stage in stages if stage != _FIRST]
    ratios = [getattr(settings, name) for name in _RATIOS]
    return [settings.studio_preset, chosen, *ratios, settings.upscaler or AUTOMATIC]


def _own(preset: str) -> list[str]:
    """The stages of a preset that can be switched off."""
    return [stage for stage in find_preset(preset).stages if stage != _FIRST]
