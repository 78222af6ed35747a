"""facechain weights: list, get, check and tidy the model files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from facechain_ext.cli import laboratory
from facechain_ext.errors import FaceChainError
from facechain_ext.retouch.sandbox import consent
from facechain_ext.weights import find, lock_file, models_folder, require, set_models_folder, store
from facechain_ext.weights.manifest import GROUPS, entry, format_megabytes, manifest

if TYPE_CHECKING:
    from facechain_ext.weights.transfer import Progress

app = typer.Typer(help="List, get, check and tidy the model files.", no_args_is_help=True)
console = Console()

Keys = Annotated[list[str] | None, typer.Argument(help="Names from `facechain weights list`, or of a group.")]


@app.callback()
def _options(
    folder: Annotated[
        Path | None, typer.Option("--models-dir", help="The models folder (default: $FACECHAIN_MODELS_DIR).")
    ] = None,
) -> None:
    if folder is not None:
        set_models_folder(folder)


@app.command("list")
def list_(
    group: Annotated[str | None, typer.Argument(help=f"One of: {', '.join(GROUPS)}.")] = None,
) -> None:
    """Show every file there is to have, and which of them are here."""
    table = Table(title=f"Models folder: {escape(str(models_folder()))}", title_justify="left")
    for column in ("", "Key", "What for", "Licence", "Commercial", "Size"):
        table.add_column(column, overflow="fold")
    for key in _chosen([group]) if group else list(manifest()):
        line = entry(key)
        mark = "[green]✓[/]" if find(key) else "[dim]–[/]"
        table.add_row(
            mark, key, escape(line.purpose), escape(line.licence), line.commercial, format_megabytes(line.megabytes)
        )
    console.print(table)


@app.command("pull")
def pull_(
    *,
    keys: Keys = None,
    hub: Annotated[str | None, typer.Option(help="Try this hub first: modelscope or huggingface.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Delete what is there and download it anew.")] = False,
) -> None:
    """Download files; without names, what a portrait needs. Ctrl+C stops, and the next download goes on from there."""
    chosen = _chosen(keys or ["portrait"])
    if again:
        _delete([path for key in chosen if (path := find(key)) is not None])
    if False in [_pulled(key, hub) for key in chosen]:  # after every one is tried
        raise typer.Exit(1)


@app.command("verify")
def verify(keys: Keys = None) -> None:
    """Compare the files with the digests that were remembered when they came."""
    findings = store.verify(_chosen(keys) if keys else None)
    colours = {"right": "green", "changed": "red", "missing": "red", "unknown": "yellow"}
    for finding in findings:
        path, colour = escape(str(finding.path)), colours[finding.state]
        console.print(f"{finding.key}: {path} [{colour}]{finding.description}[/]")
    if not findings:
        console.print(f"There are no files in {escape(str(models_folder()))}.")
    bad = sorted({finding.key for finding in findings if finding.state in ("changed", "missing")})
    if bad:
        console.print(f"Get them again: facechain weights pull --again {' '.join(bad)}")
        raise typer.Exit(1)


@app.command("where")
def where(key: Annotated[str | None, typer.Argument(help="A name from `facechain weights list`.")] = None) -> None:
    """Print the models folder, or where the file of a name is."""
    if key is None:
        typer.echo(str(models_folder()))
        return
    found = find(_chosen([key])[0])
    if found is None:
        typer.echo(store.how_to_get(key), err=True)
        raise typer.Exit(1)
    typer.echo(str(found))


@app.command("prune")
def prune(
    *,
    keys: Keys = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete the parts of broken downloads, and the files of the names given."""
    doomed = store.leftovers() + [path for key in _chosen(keys or []) if (path := find(key)) is not None]
    if not doomed:
        console.print("There is nothing to delete.")
        return
    for path in doomed:
        console.print(escape(str(path)))
    if yes or typer.confirm(f"Delete these {len(doomed)}?"):
        _delete(doomed)


@app.command("consent")
def consent_(
    *,
    key: Annotated[str | None, typer.Argument(help="A name from `facechain weights list` that brings Python.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the consent back.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Say whether the Python of a model repository may run; without a name, show which may."""
    if key is None:
        for name in consent.keys_with_code():
            console.print(f"{name}: {entry(name).sources[0]}: {consent.state(name)}", markup=False)
        return
    chosen = _chosen([key])[0]
    if withdraw:
        consent.withdraw(chosen)
        console.print(f"The Python of {chosen} runs no more.")
        return
    if not entry(chosen).code:
        raise typer.BadParameter(f"{chosen} brings no Python; there is nothing to agree to.")
    folder = require(chosen)
    console.print(
        f"{entry(chosen).sources[0]} brings these files, which could do anything that you can do:", markup=False
    )
    for path in consent.executable_files(folder):
        console.print(f"  {path} ({path.stat().st_size} bytes)", markup=False)
    if not (yes or typer.confirm("May they run, in a process of their own, as they are now?")):
        raise typer.Exit(1)
    consent.give(chosen)
    console.print("Agreed. When a file changes you are asked again.")


app.command("page", context_settings=laboratory.PASS_ON)(laboratory.models_page)


def _chosen(keys: list[str]) -> list[str]:
    """The keys, with the names of groups replaced by what is in them; ends the command for an unknown one."""
    chosen: list[str] = []
    for key in keys:
        if key in GROUPS:
            chosen += [line.key for line in manifest().values() if line.group == key]
            continue
        try:
            chosen.append(entry(key).key)
        except FaceChainError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from error
    return chosen


def _pulled(key: str, hub: str | None) -> bool:
    try:
        console.print(f"[green]✓[/] {key}: {escape(str(_pull_one(key, hub)))}")
    except FaceChainError as error:
        console.print(f"[red]✗[/] {key}: {escape(str(error))}")
        return False
    return True


def _pull_one(key: str, hub: str | None) -> Path:
    from facechain_ext.weights import pull

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bar(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(key, total=None)

        def show(progress: Progress) -> None:
            name = f"{key} {progress.file}" if progress.file else f"{key}: waiting for another process"
            bar.update(task, description=escape(name), completed=progress.done, total=progress.total)

        return pull(key, progress=show, hub=hub)


def _delete(paths: list[Path]) -> None:
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
    lock_file.remove_records(files)
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
