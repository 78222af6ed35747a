"""python -m research train-world and tiny-sdxl: the tiny models that ship, and files of SDXL's layout for tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.progress import TaskID

console = Console()


def train_world(
    out: Annotated[Path, typer.Option(help="Folder that gets the finished files.")],
    work: Annotated[Path, typer.Option(help="Folder for pictures and states; about 4 GB.")] = Path("small-training"),
    only: Annotated[str | None, typer.Option(help="One part: vae, encoder, base, adapter, control, loras.")] = None,
    begin: Annotated[Path | None, typer.Option(help="Folder of finished tiny models to go on from.")] = None,
) -> None:
    """Train the tiny models that ship, on rendered people alone; stopped, the same command goes on.

    `torchrun --nproc-per-node 2 -m research train-world ...` shares each step between two cores.
    """
    from facechain_ext.training.processes import Processes
    from research.tiny_models import PLAN
    from research.tiny_models.report import plot_curves, write_report
    from research.tiny_models.run import STAGES, train_tiny_models

    if only is not None and only not in STAGES:
        raise typer.BadParameter(f"{only} is no part; the parts are {', '.join(STAGES)}.")
    first = Processes().first
    with Progress(console=console, disable=not first) as bars:
        tasks: dict[str, TaskID] = {}

        def show(part: str, done: int, total: int, losses: Mapping[str, float]) -> bool:
            if part not in tasks:
                tasks[part] = bars.add_task(part)
            figures = " ".join(f"{name} {value:.3f}" for name, value in losses.items())
            bars.update(tasks[part], description=f"{part} {figures}", completed=done, total=total)
            return True

        train_tiny_models(PLAN, work, out, only=only, initial_models=begin, on_progress=show)
    if not first:
        return
    plot_curves(work, work / "curves.png")
    console.print(f"Report: {write_report(PLAN, work, work / 'report.md')}", markup=False)


def tiny_sdxl(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the checkpoint and the PhotoMaker file.")],
    seed: Annotated[int, typer.Option(help="The same seed makes the same files.", min=0)] = 0,
    webui: Annotated[Path | None, typer.Option(help="A webui's folder, to put them into its models.")] = None,
) -> None:
    """Make a random checkpoint of SDXL's topology and a PhotoMaker file that fits it, for tests in hosts.

    Pictures made with them show nothing: the files are there to see that everything loads and acts.
    """
    from research.tiny_sdxl import install_into, make_tiny_sdxl

    files = make_tiny_sdxl(out, seed=seed)
    written = [files.checkpoint, files.photomaker]
    if webui is not None:
        written += install_into(webui, files)
    for path in written:
        typer.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)" if path.is_file() else path)
