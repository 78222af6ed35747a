"""python -m research style-pictures and held-out-people: pictures for the page and for the documents."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
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
    tries: Annotated[int, typer.Option(min=1, help="Portraits of which the most like is shown.")] = 1,
) -> None:
    """Draw the sheet of ten people whom no model has seen."""
    from research.held_out_people import write_held_out_people

    typer.echo(str(write_held_out_people(tries)))
