"""The Portrait page, left to right: who, how, result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.identity.library import CardLibrary
from facechain_ext.styles import forget_lora_index
from facechain_ext.ui.html import note
from facechain_ext.ui.portrait import how_panel, presets, result_panel, settings_panel, styles, styles_panel, who_panel
from facechain_ext.ui.portrait.form import DEFAULTS, NO_LORA, STYLE_LORA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.recipes.readiness import DrawingDefaults
    from facechain_ext.ui.host import PageHost

_SUITED = ("width", "height", "steps", "count")
"""Settings whose defaults depend on the checkpoint."""


def build(host: PageHost) -> None:
    """Build the page inside the Blocks that is open; reads names of files, loads no model."""
    offers = host.offers()
    suited = gr.HTML(note(offers.defaults.words) if offers.defaults.words else "", elem_id="facechain_defaults")
    with gr.Row(elem_id="facechain_portrait_columns"):
        with gr.Column(scale=1, min_width=300):
            who = who_panel.build(host)
            reload = gr.Button("↻ Reload cards, styles, LoRAs", size="sm", elem_id="facechain_reload")
        with gr.Column(scale=1, min_width=300):
            how, style_parts, own = how_panel.build(host, offers, who)
        with gr.Column(scale=1, min_width=300):
            result = result_panel.build(host, how.form)
            styles_panel.wire(style_parts, how, host)
            styles_panel.wire_own(style_parts, own, how, host)
            result_panel.wire(result, who, how, host)
            preset = settings_panel.build(who, how, result, host)

    drawn = [how.form[name] for name in _SUITED]
    applied = gr.State([DEFAULTS[name] for name in _SUITED])

    def lists(
        card: str,
        second: str,
        adapter: str,
        lora: str,
        query: str,
        tag: str,
        shown: str,
        before: list[Any],
        *values: Any,
    ) -> list[Any]:
        """What may have changed on disk: cards, adapters, LoRAs, presets, styles; what is chosen stays if it can."""
        forget_lora_index()
        host.reload_loras()
        now = host.offers()
        cards = ["", *CardLibrary().names()]
        adapters = list(now.adapters) or [DEFAULTS["adapter"]]
        return [
            _choices(cards, card, ""),
            _choices(cards, second, ""),
            _choices(adapters, adapter, adapters[0]),
            _choices([STYLE_LORA, NO_LORA, *now.loras], lora, STYLE_LORA),
            gr.update(choices=presets.names()),
            result_panel.reload_choices(),
            gr.update(choices=styles.tags()),
            styles.gallery(styles.found(query or "", tag or styles.EVERY), host.lora_folders()),
            how_panel.several_html(),
            *styles_panel.fresh_pictures(shown),
            note(now.defaults.words) if now.defaults.words else "",
            *_suit(now.defaults, before, values),
        ]

    fresh = [style_parts.pictures, style_parts.shown, suited, applied, *drawn]
    chosen = [who.card, who.second, how.form["adapter"], how.form["lora"]]
    reload.click(
        lists,
        [*chosen, style_parts.query, style_parts.tag, style_parts.shown, applied, *drawn],
        [*chosen, preset, result.grid_styles, style_parts.tag, style_parts.tiles, how.boxes, *fresh],
        show_progress="hidden",
    )


def _suit(defaults: DrawingDefaults, before: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    """The defaults that are in force now, and an update of each setting that still has the default from before."""
    now = [getattr(defaults, name) for name in _SUITED]
    changed = zip(now, before, values, strict=True)
    return [now, *(gr.update(value=new) if value == old != new else gr.update() for new, old, value in changed)]


def _choices(names: list[str], chosen: str, otherwise: str) -> Any:
    return gr.update(choices=names, value=chosen if chosen in names else otherwise)
