"""The whole page: one sub-tab for each thing a user wants to do."""

from __future__ import annotations

import html
import importlib
import logging
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.next_steps import next_steps
from facechain_ext.ui import needed
from facechain_ext.ui.html import note
from facechain_ext.ui.styling import CSS

if TYPE_CHECKING:
    from facechain_ext.ui.host import PageHost

log = logging.getLogger(__name__)

SUB_TABS = ("Portrait", "Template", "People", "Train", "Models")
"""Titles in order; each is built by ``build(host)`` of the module ``facechain_ext.ui.<title in small letters>``."""


def build(host: PageHost, **looks: Any) -> gr.Blocks:
    """The page on ``host``; loads no model. ``looks`` are further options of gradio's Blocks.

    A sub-tab that cannot be built says why in its place, and the others work.
    """
    with gr.Blocks(title="FaceChain", analytics_enabled=False, **looks) as page:
        gr.HTML(f"<style>{CSS}</style>")  # a host that puts the page into its own drops the css of these Blocks
        notice = host.offers().notice
        if notice:
            gr.HTML(note(notice), elem_id="facechain_notice")
        needed.build(lambda: host.offers().needed, lambda name: f"facechain_{name}")
        add_sub_tabs(host)
    return page


def add_sub_tabs(host: PageHost) -> None:
    """Add the sub-tabs to the page that is being built."""
    with gr.Tabs(elem_id="facechain_tabs"):
        for title in SUB_TABS:
            name = title.lower()
            with gr.TabItem(title, id=f"facechain_{name}", elem_id=f"facechain_tab_{name}"):
                _add(name, host)


def _add(name: str, host: PageHost) -> None:
    """Add one sub-tab's content, or the reason why there is none."""
    with gr.Column(elem_id=f"facechain_{name}") as content:
        try:
            importlib.import_module(f"facechain_ext.ui.{name}").build(host)
        except Exception as error:
            log.exception("the sub-tab %s cannot be shown", name)
            content.visible = False
            reason = f"{type(error).__name__}: {error}"
        else:
            return
    gr.HTML(
        f"<p class='facechain-note'>This part cannot be shown: {html.escape(reason)}<br>"
        f"The console says more. {html.escape(next_steps().examine())}.</p>",
        elem_id=f"facechain_{name}_failed",
    )
