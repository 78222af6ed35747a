"""facechain batch: pictures of a table or of folders; the same command again makes only what is missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from facechain_ext.errors import InputError
from facechain_ext.hosts.diffusers.output import prepare_folder
from facechain_ext.identity.likeness_scale import JUDGES
from facechain_ext.jobs.results import ResultFolder
from facechain_ext.weights import find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facechain_ext.hosts.diffusers.serve import ServeFiles
    from facechain_ext.jobs.items import FileSources, Item
    from facechain_ext.jobs.results import Row
    from facechain_ext.jobs.schedule import BatchWorker

console = Console()
_MAX_SEEDS = 10_000


def batch(
    *,
    table: Annotated[
        Path | None, typer.Option(help="CSV or JSON lines: an order a row. Paths in it are relative to it.")
    ] = None,
    people: Annotated[
        Path | None, typer.Option(help="A folder: a photo, a card or a folder of photos for each person.")
    ] = None,
    templates: Annotated[Path | None, typer.Option(help="A folder of templates.")] = None,
    styles: Annotated[str, typer.Option(help="Keys of styles, divided by commas.")] = "",
    seeds: Annotated[str, typer.Option(help="Seeds, as in 0-9,100.")] = "0",
    prompt: Annotated[str, typer.Option(help="With --people: what the pictures show.")] = "",
    subject: Annotated[str, typer.Option(help="With --people: words for the person.")] = "",
    face: Annotated[int, typer.Option(min=1, help="With --templates: number of the face, from the left.")] = 1,
    setting: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for all of --people; may be repeated.")] = None,
    judge: Annotated[
        str, typer.Option(metavar="NAME", help=f"With --people: who scores likeness: {', '.join(JUDGES)}.")
    ] = "",
    out: Annotated[Path, typer.Option(help="Folder for pictures, report and contact sheets.")] = Path("batch"),
    on: Annotated[
        str, typer.Option(help="Where it runs: this, ray, or addresses of webuis, as in http://a:7860,http://b:7860.")
    ] = "this",
    checkpoint: Annotated[Path | None, typer.Option(help="On this and ray: a Stable Diffusion 1.5 checkpoint.")] = None,
    vae: Annotated[Path | None, typer.Option(help="A VAE's file, for a checkpoint without one.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="The face adapter's file.")] = None,
    encoder: Annotated[Path | None, typer.Option(help="The face encoder's file.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=1024, help="On ray: how many workers, one a GPU.")] = 1,
    ray_address: Annotated[str, typer.Option(help="On ray: the cluster's address; auto for this machine's.")] = "",
    timeout: Annotated[float, typer.Option(min=1, help="On webuis: seconds after which an item goes elsewhere.")] = 600,
    api_auth: Annotated[
        str, typer.Option(envvar="FACECHAIN_API_AUTH", help="On webuis: user:password of --api-auth.")
    ] = "",
) -> None:
    """Make a picture for each row of a table, or for each template (or style) x person x seed.

    Each item's id is the digest of its order. Run the same command again, and only what is missing or failed is made.
    """
    from facechain_ext.jobs.items import FileSources, make_items, read_table  # loads torch, which --help does not need

    if (table is None) == (people is None):
        raise typer.BadParameter("Give a --table, or a folder of --people.")
    folder = table.parent if table is not None else Path()
    sources = FileSources(folder)
    if table is not None:
        job_requests: Sequence[Mapping[str, object]] = read_table(table)
    else:
        assert people is not None
        job_requests = _job_requests(people, templates, styles, seeds, prompt, subject, judge, setting or [], face)
    items = make_items(job_requests, sources)
    prepare_folder(out)
    results = ResultFolder(out)
    missing = [item for item in items if not results.is_done(item.id)]
    console.print(f"{len(items)} items, {len(items) - len(missing)} done already.", highlight=False)
    complete = True
    if missing:
        complete = _run(missing, results, on, _files(checkpoint, vae, adapter, encoder), sources, folder,
                        workers=workers, ray_address=ray_address, timeout=timeout, api_auth=api_auth)  # fmt: skip
    for file in results.write_report(items):
        console.print(str(file), markup=False, highlight=False, soft_wrap=True)
    failed = [row for row in map(results.row, (item.id for item in items)) if row is not None and row.error]
    for row in failed:
        console.print(f"{row.label}: {row.error}", style="red", markup=False, soft_wrap=True)
    left = sum(results.row(item.id) is None for item in items)
    if left:
        console.print(f"{left} items are left: run the same command again.", style="yellow", highlight=False)
    if failed or left or not complete:
        raise typer.Exit(1)


def _run(
    missing: Sequence[Item], results: ResultFolder, on: str, files: ServeFiles | None, sources: FileSources,
    folder: Path, *, workers: int, ray_address: str, timeout: float, api_auth: str,
) -> bool:  # fmt: skip
    """Make what is missing where ``on`` says; whether no item was left for want of a worker."""
    from facechain_ext.hosts.diffusers.batch_worker import LocalWorker, LocalWorkerSpec
    from facechain_ext.jobs.schedule import run_items

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("Items", total=len(missing))

        def on_row(row: Row) -> None:
            bar.advance(task)
            if row.error:
                console.print(f"{row.label}: {row.error}", style="red", markup=False)

        if on == "ray":
            from facechain_ext.jobs.ray_workers import run_items_on_ray

            spec = LocalWorkerSpec(_required(files), folder.resolve(), results.folder.resolve())
            return run_items_on_ray(missing, spec, results, workers=workers, address=ray_address, on_row=on_row)
        makers: Sequence[BatchWorker]
        if on == "this":
            makers = [LocalWorker(_required(files), sources, results.folder)]
        else:
            from facechain_ext.jobs.webui_worker import connect

            makers = connect(on.split(","), sources, timeout=timeout, auth=api_auth)
        return run_items(missing, makers, results, on_row=on_row)


def _job_requests(
    people: Path, templates: Path | None, styles: str, seeds: str, prompt: str, subject: str, judge: str,
    setting: list[str], face: int,
) -> list[dict[str, object]]:  # fmt: skip
    from facechain_ext.jobs.items import combine, list_people, list_pictures, setting_value

    recipe = "template" if templates is not None else "portrait"
    settings: dict[str, object] = {}
    for text in setting:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign:
            raise typer.BadParameter(f"--setting takes NAME=VALUE, not “{text}”.")
        settings[name] = setting_value(recipe, name, value)
    common: dict[str, object] = {"settings": settings} | ({"judge": judge} if judge else {})
    if recipe == "portrait":
        common |= {name: text for name, text in (("prompt", prompt), ("subject", subject)) if text}
    for place in (people, templates):
        if place is not None and not place.is_dir():
            raise InputError(f"{place} is no folder.")
    pictures = list_pictures(templates) if templates is not None else []
    if templates is not None and not pictures:
        raise InputError(f"{templates} holds no picture.")
    keys = [key.strip() for key in styles.split(",") if key.strip()]
    return combine(list_people(people), pictures, keys, _seeds(seeds), common, face=face)


def _seeds(text: str) -> list[int]:
    """The seeds of ``0-9,100``."""
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,10})(?:\s*-\s*([0-9]{1,10}))?\s*", part)
        if match is None:
            raise typer.BadParameter(f"--seeds takes numbers and ranges, as in 0-9,100; not “{text}”.")
        first, last = int(match[1]), int(match[2] or match[1])
        if last - first >= _MAX_SEEDS or last < first:
            raise typer.BadParameter(f"--seeds takes up to {_MAX_SEEDS} seeds, the first number below the second.")
        found += range(first, last + 1)
    return list(dict.fromkeys(found))


def _files(checkpoint: Path | None, vae: Path | None, adapter: Path | None, encoder: Path | None) -> ServeFiles | None:
    from facechain_ext.hosts.diffusers.serve import ServeFiles

    if checkpoint is None:
        return None
    chosen = adapter or find("adapter-majic") or find("adapter-film")
    adapters = {} if chosen is None else {chosen.stem: chosen.resolve()}
    return ServeFiles(checkpoint.resolve(), vae and vae.resolve(), encoder and encoder.resolve(), adapters=adapters)


def _required(files: ServeFiles | None) -> ServeFiles:
    if files is None:
        raise typer.BadParameter("--on this and --on ray need a --checkpoint.")
    return files
