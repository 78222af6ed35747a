"""facechain likeness: whether photos show the same person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from facechain_ext.identity.photo_likeness import Comparison

console = Console()


def likeness(
    pictures: Annotated[list[Path], typer.Argument(help="Two pictures or more; every face in them is compared.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write the table as JSON.")] = False,
) -> None:
    """Say for every pair of faces whether they are one person, by dlib's network, which makes no picture here."""
    from facechain_ext.errors import FaceChainError, PhotoError
    from facechain_ext.faces import read_picture
    from facechain_ext.identity.photo_likeness import FaceDescriber, compare_all

    describer = FaceDescriber()
    described = []
    for path in pictures:
        try:
            found = describer.describe_all(read_picture(path).pixels, path.name)
            if not found:
                raise PhotoError(f"{path.name}: no face was found.")
        except FaceChainError as error:  # the other pictures are compared
            typer.echo(str(error), err=True)
            continue
        described += found
    if len(described) < 2:
        raise PhotoError("There is nothing to compare: give pictures with two faces or more in all.")
    rows = list(compare_all(described))
    if as_json:
        typer.echo(json.dumps([_row(row) for row in rows], indent=1, ensure_ascii=False))
    else:
        console.print(_table(rows))


def _row(row: Comparison) -> dict[str, object]:
    return {
        "one": row.one,
        "other": row.other,
        "distance": round(row.distance, 3),
        "verdict": row.verdict,
        "reason": row.reason,
    }


def _table(rows: list[Comparison]) -> Table:
    from rich.text import Text

    table = Table("One", "Other", "Distance", "Verdict")
    for row in rows:
        words = row.verdict + (f": {row.reason}" if row.reason else "")
        table.add_row(*(Text(cell) for cell in (row.one, row.other, f"{row.distance:.2f}", words)))
    return table
