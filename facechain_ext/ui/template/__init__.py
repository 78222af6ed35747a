"""The Template page: people into the faces of a given picture. Importing this needs no gradio."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facechain_ext.ui.host import PageHost


def build(host: PageHost) -> None:
    """Build the page inside the Blocks that is open; loads no model."""
    from facechain_ext.ui.template.layout import build as fill  # noqa: PLC0415 - gradio

    fill(host)
