"""python -m research style-pictures, held-out-people, models-page: what the page and the documents show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def style_pictures(
    keys: Annotated[list[str] | None, typer.Argument(help="Only these styles.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="Also write a sheet of them to this file.")] = None,
) -> None:
    """Paint the pictures of the styles."""
    from research.style_pictures.run import contact_sheet, write_all

    paths, size = write_all(keys or [])
    typer.echo(f"{len(paths)} pictures, {size / 1e6:.2f} MB")
    if sheet is not None:
        contact_sheet(paths).save(sheet)


def held_out_people(
    *,
    tries: Annotated[int, typer.Option(min=1, help="Portraits of which the most like is shown.")] = 1,
    person: Annotated[bool, typer.Option("--person", help="Instead, render the person whom the demo shows.")] = False,
) -> None:
    """Draw the sheet of ten people whom no model has seen."""
    from research.held_out_people import write_held_out_people, write_held_out_person

    typer.echo(str(write_held_out_person() if person else write_held_out_people(tries)))


def models_page(target: Annotated[Path, typer.Argument(help="The Markdown file to write.")]) -> None:
    """Write the page about all models, docs/using/models.md, from the manifest."""
    from research.models_page import models_page as page_text

    target.write_text(page_text(), encoding="utf-8")
