"""facechain likeness: whether photos show the same person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from facechain_ext.identity.photo_likeness import Comparison, FaceDescriber

console = Console()


def likeness(
    pictures: Annotated[list[Path], typer.Argument(help="Two pictures or more; every face in them is compared.")],
    *,
    photo: Annotated[
        list[Path] | None,
        typer.Option(help="Real photos of one person, the one that was put in first: says which pictures copy it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the table as JSON.")] = False,
) -> None:
    """Say for every pair of faces whether they are one person, by dlib's network, which makes no picture here."""
    from facechain_ext.errors import FaceChainError, PhotoError
    from facechain_ext.faces import read_picture
    from facechain_ext.identity.photo_likeness import FaceDescriber, compare_all

    describer = FaceDescriber()
    if photo:
        _print_copies(describer, pictures, photo, as_json=as_json)
        return
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


def _print_copies(describer: FaceDescriber, pictures: list[Path], photos: list[Path], *, as_json: bool) -> None:
    """A line for the largest face of each picture, beside the largest of each photo of the person."""
    from dataclasses import asdict

    from facechain_ext.errors import FaceChainError
    from facechain_ext.faces import read_picture
    from facechain_ext.identity.copy_guard import check_copy

    person = [describer.describe_largest(read_picture(path).pixels, path.name) for path in photos]
    checks = []
    for path in pictures:
        try:
            found = describer.describe_largest(read_picture(path).pixels, path.name)
        except FaceChainError as error:  # the other pictures are compared
            typer.echo(f"{path.name}: {error}", err=True)
            continue
        checks.append(check_copy(found, person))
    if as_json:
        rows = [{**asdict(check), "copied": check.is_copied} for check in checks]
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        for check in checks:
            typer.echo(str(check))


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
