"""The Portrait page: who, how, result."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facechain_ext.ui.host import PageHost


def build(host: PageHost) -> None:
    """Build the page inside the Blocks that is open; reads names of files, loads no model."""
    from facechain_ext.ui.portrait.layout import build as build_layout  # noqa: PLC0415 - others need no gradio

    build_layout(host)
