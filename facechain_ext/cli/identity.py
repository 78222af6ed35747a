"""facechain identity: make cards of people, and look at them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from facechain_ext.cli.painting import load_encoder
from facechain_ext.hosts.diffusers.output import check_new_file

app = typer.Typer(help="Make and show identity cards.", no_args_is_help=True)
console = Console()


@app.command("make")
def make(
    photos: Annotated[list[Path], typer.Argument(help="Photos of one person.")],
    out: Annotated[Path, typer.Option(help="The card to write, a .safetensors file.")],
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    face: Annotated[
        int | None, typer.Option(help="Number of the face, from the left; the largest if not given.")
    ] = None,
    encoder: Annotated[Path | None, typer.Option(help="The face encoder's file.")] = None,
) -> None:
    """Make a card from photos. A card holds what a face looks like: keep it as you keep the photo."""
    from facechain_ext.identity import Identity

    check_new_file(out)
    person = Identity.from_photos([*photos], load_encoder(encoder), face=face, name=name or out.stem)
    for note in person.notes:
        console.print(note, style="yellow", markup=False)
    person.save(out)
    console.print(f"{out}: {person.name} ({person.digest}), {len(person.photos)} photos", markup=False)


@app.command("show")
def show(card: Annotated[Path, typer.Argument(help="A card.")]) -> None:
    """Say what a card holds."""
    from facechain_ext.identity import Identity

    person = Identity.load(card)
    console.print(f"{person.name or 'no name'} ({person.digest}), encoder {person.encoder}", markup=False)
    for photo, weight in zip(person.photos, person.photo_shares, strict=True):
        console.print(f"  {photo.name or 'a photo'}: face {photo.face}, weight {weight:.2g}", markup=False)
    for note in person.notes:
        console.print(f"  {note}", style="yellow", markup=False)
