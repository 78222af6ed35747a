"""facechain bench: what the face costs, as one table and one plot."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer
from rich.console import Console

console = Console()


def bench(
    sizes: Annotated[str, typer.Option(help="Sides of the picture in pixels, comma between.")] = "512,768,1024",
    batches: Annotated[str, typer.Option(help="Pictures at once, comma between.")] = "1,4",
    repeats: Annotated[int, typer.Option(min=1, help="Steps that are measured of each variant.")] = 3,
    half: Annotated[bool, typer.Option("--half", help="float16 (on a GPU) instead of float32.")] = False,  # noqa: FBT002
    out: Annotated[Path | None, typer.Option(help="Folder for bench.json, bench.md and bench.png.")] = None,
) -> None:
    """Measure a step of a full-size Stable Diffusion 1.5 U-Net with and without the face adapter."""
    import torch

    from facechain_ext.standalone.bench.measure import Result, measure
    from facechain_ext.standalone.bench.report import machine, plot, table
    from facechain_ext.standalone.bench.variants import Bench, Case

    device = "cuda" if torch.cuda.is_available() else "cpu"
    built = Bench.build(device, torch.float16 if half else torch.float32)
    results: list[Result] = []
    for side in _numbers(sizes, "--sizes", step=64):
        for batch in _numbers(batches, "--batches", step=1):
            results += measure(built, Case(side, batch), repeats=repeats, report=console.print)
    console.print(f"\nMeasured on: {machine()}\n")
    print_table = table(results)
    console.print(print_table, markup=False)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "bench.json").write_text(json.dumps([asdict(r) for r in results], indent=1), encoding="utf-8")
        (out / "bench.md").write_text(f"Measured on: {machine()}\n\n{print_table}\n", encoding="utf-8")
        plot(results, out / "bench.png")


def _numbers(text: str, option: str, *, step: int) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or any(number < step or number % step for number in numbers):
        raise typer.BadParameter(f"{option} takes multiples of {step} with commas between, not “{text}”.")
    return numbers
