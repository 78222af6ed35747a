"""The Portrait page, left to right: who, how, result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.identity.library import CardLibrary
from facechain_ext.styles import clear_lora_index
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Updates
from facechain_ext.ui.gradio_versions import on_opened
from facechain_ext.ui.html import note_html
from facechain_ext.ui.portrait import (
    generation_panel,
    person_panel,
    presets,
    restore_panel,
    result_panel,
    styles,
    styles_panel,
)
from facechain_ext.ui.portrait.form import DEFAULTS, NO_LORA, STYLE_LORA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.recipes.readiness import DrawingDefaults
    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.moving.sending import PictureSender

_SUITED = ("width", "height", "steps", "count")
"""Settings whose defaults depend on the checkpoint."""


def build(host: PageHost) -> tuple[PictureSender]:
    """Build the page inside the Blocks that is open; reads names of files, loads no model."""
    capabilities = host.capabilities()
    defaults_note = gr.HTML(
        note_html(capabilities.defaults.words) if capabilities.defaults.words else "", elem_id="facechain_defaults"
    )
    with gr.Row(elem_id="facechain_portrait_columns"):
        with gr.Column(scale=1, min_width=300):
            person = person_panel.build(host)
            reload = gr.Button("↻ Reload cards, styles, LoRAs", size="sm", elem_id="facechain_reload")
        with gr.Column(scale=1, min_width=300):
            generation, style_parts, own_styles = generation_panel.build(host, capabilities, person)
        with gr.Column(scale=1, min_width=300):
            result = result_panel.build(host, generation.form)
            styles_panel.wire(style_parts, generation, host)
            styles_panel.wire_own(style_parts, own_styles, generation, host)
            result_panel.wire(result, person, generation, host)
            preset = restore_panel.build(person, generation, result, host)

    generation_panel.wire_framing(generation, style_parts.tag, host, capabilities)
    suited_components = [generation.form[name] for name in _SUITED]
    applied = gr.State([DEFAULTS[name] for name in _SUITED])

    def on_reload(
        card: str,
        second: str,
        adapter: str,
        lora: str,
        query: str,
        tag: str,
        shown: str,
        previous: list[object],
        *values: object,
    ) -> Updates:
        """Reload cards, adapters, LoRAs, presets and styles from disk, keeping the selected values that still exist."""
        clear_lora_index()
        host.reload_loras()
        capabilities = host.capabilities()
        cards = ["", *CardLibrary().names()]
        adapters = list(capabilities.adapters) or [DEFAULTS["adapter"]]
        return [
            _dropdown_update(cards, card, ""),
            _dropdown_update(cards, second, ""),
            _dropdown_update(adapters, adapter, adapters[0]),
            _dropdown_update([STYLE_LORA, NO_LORA, *capabilities.loras], lora, STYLE_LORA),
            gr.update(choices=presets.names()),
            result_panel.style_choices_update(),
            gr.update(choices=styles.tags()),
            styles.gallery_html(styles.filter_styles(query or "", tag or styles.EVERY), host.lora_folders()),
            generation_panel.people_boxes_html(),
            *styles_panel.picture_updates(shown),
            note_html(capabilities.defaults.words) if capabilities.defaults.words else "",
            *_default_updates(capabilities.defaults, previous, values),
        ]

    updated = [style_parts.pictures, style_parts.shown, defaults_note, applied, *suited_components]
    chosen_components = [person.card, person.second, generation.form["adapter"], generation.form["lora"]]
    inputs = [*chosen_components, style_parts.query, style_parts.tag, style_parts.shown, applied, *suited_components]
    lists = [preset, result.grid_styles, style_parts.tag, style_parts.tiles, generation.boxes]
    outputs = [*chosen_components, *lists, *updated]
    reload.click(on_reload, inputs, outputs, **HIDDEN_PROGRESS)
    on_opened(on_reload, inputs, outputs)
    return (result.sender,)


def _default_updates(defaults: DrawingDefaults, previous: Sequence[object], values: Sequence[object]) -> Updates:
    """The current defaults, and an update of each setting that still has its ``previous`` default."""
    current = [getattr(defaults, name) for name in _SUITED]
    changed = zip(current, previous, values, strict=True)
    return [
        current,
        *(gr.update(value=new) if value == old != new else gr.update() for new, old, value in changed),
    ]


def _dropdown_update(names: list[str], selected: str, otherwise: str) -> object:
    """The current names; the value is left alone where it still exists, as the user may have changed it meanwhile."""
    return gr.update(choices=names) if selected in names else gr.update(choices=names, value=otherwise)
