"""python -m research real-faces: the instant template on real photos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def real_faces(
    photos: Annotated[Path, typer.Argument(help="A folder of photos, such as package/demo of @vladmandic/face-api.")],
    out: Annotated[Path, typer.Option(help="The JSON file of all pairs.")] = Path("docs/research/real-faces.json"),
    sheet: Annotated[Path | None, typer.Option(help="Write a sheet of the two public-domain portraits.")] = None,
    every: Annotated[int, typer.Option(min=1, help="Measure only every so many pairs.")] = 1,
) -> None:
    """Put every face into every other one within 45 degrees; write the figures and print the tables."""
    from research.real_faces import run, write_sheet

    if sheet is not None:
        write_sheet(sheet)

    for line in run(photos, out, every):
        typer.echo(line)
