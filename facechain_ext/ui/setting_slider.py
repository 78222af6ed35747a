"""The slider of one row of a table of settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

if TYPE_CHECKING:
    from facechain_ext.methods.setting import Setting
    from facechain_ext.ui.gradio_types import Component


def setting_slider(row: Setting, elem_id: str, *, info: bool = True) -> Component:
    """A slider with the row's label, range and default, and with its help where ``info`` is set."""
    low, high, step = row.slider
    slider: Component = gr.Slider(
        low, high, row.default, step=step, label=row.label, info=(row.help or None) if info else None, elem_id=elem_id
    )
    return slider
