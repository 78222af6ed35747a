"""python -m research models-page: pages of docs/ that are generated."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from research.documents.models_page import models_page as page_text


def models_page(target: Annotated[Path, typer.Argument(help="The Markdown file to write.")]) -> None:
    """Write the page about all models, docs/using/models.md, from the manifest."""
    target.write_text(page_text(), encoding="utf-8")
