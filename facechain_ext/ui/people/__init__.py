"""The People page: the library of cards. Importing this needs no gradio."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facechain_ext.ui.host import PageHost


def build(host: PageHost) -> None:
    """Build the page inside the Blocks that is open; reads names of files, no card."""
    from facechain_ext.ui.people.layout import build as fill  # noqa: PLC0415 - gradio

    fill(host)
