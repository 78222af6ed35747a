"""The tab FaceChain in the webui."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr

log = logging.getLogger(__name__)

TITLE, ELEM_ID = "FaceChain", "facechain"


def create_tab() -> list[tuple[gr.Blocks, str, str]]:
    """The page, title and id of the tab for the host; a page that cannot be built is replaced by the reason."""
    import gradio as gr

    try:
        from facechain_ext.hosts.webui.host import WebuiHost
        from facechain_ext.ui.gradio_versions import HostedBlocks
        from facechain_ext.ui.page import build_page

        page = build_page(WebuiHost(), HostedBlocks)
        _connect_send_buttons(page)
    except Exception as error:  # whatever fails here, the webui starts
        log.exception("the FaceChain tab cannot be built")
        with gr.Blocks(analytics_enabled=False) as page:
            gr.Markdown(f"FaceChain cannot show its page: `{error}`. The log has the details.")
    return [(page, TITLE, ELEM_ID)]


def _connect_send_buttons(page: gr.Blocks) -> None:
    """Make the page's buttons send the selected picture and its infotext as the host's own buttons do."""
    from modules import infotext_utils

    by_id = {getattr(block, "elem_id", None): block for block in page.blocks.values()}
    for target in ("txt2img", "img2img", "inpaint", "extras"):
        button = by_id.get(f"facechain_send_{target}")
        if button is not None:
            infotext_utils.register_paste_params_button(
                infotext_utils.ParamBinding(
                    paste_button=button,
                    tabname=target,
                    source_text_component=by_id["facechain_sent_settings"],
                    source_image_component=by_id["facechain_gallery"],
                )
            )
