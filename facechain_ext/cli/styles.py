"""facechain styles: look through the styles, and make their thumbnails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from facechain_ext import styles
from facechain_ext.cli.options import limits
from facechain_ext.errors import FaceChainError
from facechain_ext.hosts.diffusers.output import prepare_folder
from facechain_ext.recipes.portrait_settings import portrait_setting
from facechain_ext.styles.style import SUBJECTS

if TYPE_CHECKING:
    from facechain_ext.recipes.host import Host
    from facechain_ext.styles import Style, Subject

app = typer.Typer(help="Look through the styles, and make their thumbnails.", no_args_is_help=True)
console = Console()
_STEPS = portrait_setting("steps")

Query = Annotated[str, typer.Argument(help="Words in English or Chinese.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Only styles with this tag; may be given again.")]
For = Annotated[str | None, typer.Option("--for", help=f"Whom it must suit: {', '.join(SUBJECTS)}.")]


@app.command("list")
def list_(query: Query = "", tag: Tags = None, suits: For = None) -> None:
    """Show the styles, or those that are searched for."""
    found = _search(query, tag, suits)
    favourites = set(styles.favourites())
    table = Table()
    for column in ("", "Key", "Name", "名称", "For", "Tags", "LoRA"):
        table.add_column(column, overflow="fold")
    for style in found:
        star = "★" if style.key in favourites else ""
        lora = "" if style.lora is None else "✓" if styles.find_lora(style.lora) else "–"
        table.add_row(star, style.key, escape(style.en), style.zh, style.subject, ", ".join(style.tags), lora)
    console.print(table)
    console.print(f"{len(found)} styles. LoRA: ✓ is here, – is downloaded on use.")
    for trouble in styles.own_styles()[1]:
        console.print(f"[yellow]{escape(trouble)}[/]")


@app.command("show")
def show(key: Annotated[str, typer.Argument(help="A key from `facechain styles list`.")]) -> None:
    """Show everything about one style."""
    try:
        style = styles.find_style(key)
    except FaceChainError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    lines = {
        "Name": f"{style.en}, {style.zh}",
        "For": style.subject,
        "Tags": ", ".join(style.tags),
        "Prompt": style.positive,
        "Negative": style.negative,
        "Adapter": style.adapter,
        "Strength": f"{style.strength:g}",
    }
    if style.lora is not None:
        lines["LoRA"] = f"{style.lora.file}, weight {style.lora.weight:g}"
        lines["From"] = str(style.lora.source or "your own folder")
        lines["Is here"] = str(styles.find_lora(style.lora) or "no, it is downloaded on use")
    for name, value in lines.items():
        console.print(f"[bold]{name}[/]: {escape(value)}")


@app.command("thumbnails")
def thumbnails(
    query: Query = "",
    tag: Tags = None,
    *,
    model: Annotated[Path, typer.Option(help="The checkpoint: a file or a diffusers folder.")],
    folder: Annotated[Path | None, typer.Option(help="Where to put them (default: with your own styles).")] = None,
    steps: Annotated[int, typer.Option(help="Sampling steps.", **limits(_STEPS))] = 20,
    size: Annotated[int, typer.Option(help="Side of the picture that is made, before it is made small.")] = 512,
    seed: Annotated[int, typer.Option(help="Seed of each.")] = 1,
    again: Annotated[bool, typer.Option("--again", help="Also those that are there.")] = False,
) -> None:
    """Make the small pictures of the gallery. Ctrl+C stops, and the next run goes on from there."""
    from facechain_ext.recipes.thumbnails import default_folder, make_thumbnails

    found = _search(query, tag, None)
    target = folder or default_folder()
    prepare_folder(target)
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console) as bar:
        task = bar.add_task("loading the model", total=None)

        def progress(done: int, total: int, name: str) -> bool:
            bar.update(task, description=escape(name), completed=done, total=total)
            return True

        try:
            made, notes = make_thumbnails(
                open_host(model), found, target, steps=steps, side=size, seed=seed, again=again, progress=progress
            )
        except FaceChainError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
    console.print(f"{len(made)} made in {escape(str(target))}.")
    for note in notes:
        console.print(f"[yellow]{escape(note)}[/]")


def open_host(model: Path) -> Host:
    """The diffusers host with ``model`` loaded."""
    from facechain_ext.hosts.diffusers import DiffusersHost

    return DiffusersHost.from_files(model)


def _search(query: str, tags: list[str] | None, suits: str | None) -> list[Style]:
    if suits is not None and suits not in SUBJECTS:
        raise typer.BadParameter(f"--for must be one of {', '.join(SUBJECTS)}.")
    subject: Subject | None = next((s for s in SUBJECTS if s == suits), None)
    return styles.search(styles.all_styles().values(), query, tags=tags or (), subject=subject)
