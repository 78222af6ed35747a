"""The whole page: one sub-tab for each thing a user wants to do."""

from __future__ import annotations

import html
import importlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.next_steps import next_steps
from facechain_ext.ui import requirements_panel
from facechain_ext.ui.gradio_types import BUILT_WHEN_OPENED
from facechain_ext.ui.gradio_versions import script_options
from facechain_ext.ui.html import note_html
from facechain_ext.ui.moving import sending

if TYPE_CHECKING:
    from facechain_ext.ui.host import PageHost

_CSS = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
log = logging.getLogger(__name__)

SUB_TABS = {
    "Portrait": "facechain_ext.ui.portrait.layout",
    "Picture in": "facechain_ext.ui.template.layout",
    "People": "facechain_ext.ui.people.layout",
    "Train": "facechain_ext.ui.train.page",
    "Models": "facechain_ext.ui.models",
}
"""Titles in order, each with the module whose ``build(host)`` builds it."""


def sub_tab_name(title: str) -> str:
    """The name of a sub-tab in the ids of its elements: that of its module, whatever the tab is called."""
    return SUB_TABS[title].split(".")[2]


def build_page(host: PageHost, blocks: type[gr.Blocks] = gr.Blocks, **blocks_options: object) -> gr.Blocks:
    """The page on ``host``; loads no model. ``blocks_options`` are further options of ``blocks``, gradio's own or ours.

    A sub-tab that cannot be built says why in its place, and the others work.
    """
    with blocks(title="FaceChain", analytics_enabled=False, **blocks_options) as page:
        gr.HTML(f"<style>{_CSS}</style>")  # a host that puts the page into its own drops the css of these Blocks
        notice = host.capabilities().notice
        if notice:
            gr.HTML(note_html(notice), elem_id="facechain_notice")
        requirements_panel.build(lambda: host.capabilities().needed, lambda name: f"facechain_{name}")
        build_sub_tabs(host)
        _build_render_button()
    return page


def build_sub_tabs(host: PageHost) -> None:
    """Add the sub-tabs to the page that is being built."""
    parts: list[object] = []
    with gr.Tabs(elem_id="facechain_tabs") as tabs:
        for title, module in SUB_TABS.items():
            name = sub_tab_name(title)
            with gr.TabItem(title, id=f"facechain_{name}", elem_id=f"facechain_tab_{name}"):
                parts += _build_sub_tab(name, module, host)
    sending.connect(tabs, parts)


def _build_render_button() -> None:
    """Add the button that makes gradio render again, for sub-tabs whose content is built when they are first opened."""
    button = gr.Button("", visible=False, elem_id="facechain_render")
    button.click(None, None, None, **script_options("() => []"))


def _build_sub_tab(name: str, module: str, host: PageHost) -> tuple[object, ...]:
    """Add one sub-tab's content, or the reason why there is none; returns what it offers to the others."""
    with gr.Column(elem_id=f"facechain_{name}", elem_classes=[*BUILT_WHEN_OPENED]) as content:
        try:
            offered: tuple[object, ...] = importlib.import_module(module).build(host) or ()
        except Exception as error:
            log.exception("the sub-tab %s cannot be shown", name)
            content.visible = False
            reason = f"{type(error).__name__}: {error}"
        else:
            return offered
    gr.HTML(
        f"<p class='facechain-note'>This part cannot be shown: {html.escape(reason)}<br>"
        f"The console says more. {html.escape(next_steps().examine())}.</p>",
        elem_id=f"facechain_{name}_failed",
    )
    return ()
