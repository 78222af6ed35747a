"""facechain bench: what the face costs, as one table and one plot."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from facechain_ext.hosts.diffusers.output import prepare_folder

if TYPE_CHECKING:
    from facechain_ext.bench.rounds import Rounds
    from facechain_ext.bench.variants import Bench, Case, Variant

console = Console()


def bench(
    *,
    sizes: Annotated[str, typer.Option(help="Sides of the picture in pixels, comma between.")] = "512,768,1024",
    batches: Annotated[str, typer.Option(help="Pictures at once, comma between.")] = "1,4",
    rounds: Annotated[int, typer.Option(min=1, help="How often each variant is measured.")] = 3,
    variant: Annotated[list[str] | None, typer.Option(help="Only this variant beside the bare U-Net; repeat.")] = None,
    frames: Annotated[
        int, typer.Option(min=0, max=32, help="Clips of so many frames by AnimateDiff instead of pictures.")
    ] = 0,
    half: Annotated[bool, typer.Option("--half", help="float16 (on a GPU) instead of float32.")] = False,
    job: Annotated[bool, typer.Option(help="Also measure what comes before and after the steps.")] = True,
    photo: Annotated[Path | None, typer.Option(help="A photo with a face; by default scikit-image's.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for bench.json, bench.md and bench.png; a stopped one goes on.")] = (
        Path("outputs/bench")
    ),
) -> None:
    """Measure a step of a full-size Stable Diffusion 1.5 U-Net with and without the face adapter.

    On a GPU also a whole portrait, from the photo to the file.
    """
    import torch

    from facechain_ext.bench.report import machine, parts_table, plot, table
    from facechain_ext.bench.rounds import Rounds
    from facechain_ext.bench.variants import Bench, Case

    sides, counts = _numbers(sizes, "--sizes", 64), _numbers(batches, "--batches", 1)
    cases = [Case(side, batch) for batch in counts for side in sides]
    wanted = _wanted(variant or [], clips=bool(frames))
    dtype = torch.float16 if half else torch.float32
    prepare_folder(out)
    setup = Bench.build("cuda" if torch.cuda.is_available() else "cpu", dtype, frames=frames)
    description = machine(dtype, frames)
    results = Rounds.read(out / "bench.json", description)
    for case in cases:
        _measure(setup, case, wanted, rounds, results, out / "bench.json")
    parts = _job(setup, photo) if job and not frames else {}
    unet, adapter = setup.weights
    text = "\n\n".join(
        [
            f"Measured on: {description}.",
            f"Weights: U-Net {unet / 1e6:.0f} MB, the adapter's blocks {adapter / 1e6:.0f} MB.",
            table(results.results()),
            *([parts_table(parts)] if parts else []),
        ]
    )
    console.print(text, markup=False, soft_wrap=True)
    (out / "bench.md").write_text(text + "\n", encoding="utf-8")
    if parts:
        (out / "job.json").write_text(json.dumps(parts, indent=1) + "\n", encoding="utf-8")
    plot(results.results(), out / "bench.png")


def _measure(setup: Bench, case: Case, wanted: list[Variant], rounds: int, results: Rounds, path: Path) -> None:
    """Measure one case until every variant has ``rounds`` rounds, including those in ``results``."""
    from facechain_ext.bench.measure import one_round, too_large, warm_up
    from facechain_ext.bench.operations import operations

    for variant in wanted:
        reason = too_large(setup, case, variant)
        if reason:
            results.skipped[case, variant.name] = reason
    possible = [variant for variant in wanted if (case, variant.name) not in results.skipped]
    for variant in possible:
        if (case, variant.name) not in results.operations:
            results.operations[case, variant.name] = operations(case, variant, setup.frames)
    first = True
    while missing := [variant for variant in possible[1:] if results.done(case, variant.name) < rounds]:
        if first and (setup.device.type == "cuda" or not results.rounds):
            warm_up(setup, case)
        first = False
        measurements = one_round(setup, case, [possible[0], *missing], report=console.print)
        for name, words in measurements.items():
            if isinstance(words, str):
                results.skipped[case, name] = words
        possible = [variant for variant in possible if (case, variant.name) not in results.skipped]
        measured = {name: one for name, one in measurements.items() if not isinstance(one, str)}
        if possible and possible[0].name in measured:
            results.rounds.append((case, measured))
            results.write(path)


def _job(setup: Bench, photo: Path | None) -> dict[str, dict[str, float]]:
    from facechain_ext.bench.job import job_parts, random_host, whole_portrait
    from facechain_ext.faces.decoding import read_picture_file
    from facechain_ext.identity import TransFace

    data = read_picture_file(photo) if photo is not None else _example()
    parts = job_parts(setup, data)
    if setup.device.type == "cuda":
        parts["a whole portrait"] = whole_portrait(random_host(setup), TransFace().eval(), data)
    return parts


def _example() -> bytes:
    """The example photo as a file."""
    from PIL import Image

    from facechain_ext.demo.showcase import eileen_collins

    file = io.BytesIO()
    Image.fromarray(eileen_collins()).save(file, "PNG")
    return file.getvalue()


def _wanted(names: list[str], *, clips: bool) -> list[Variant]:
    from facechain_ext.bench.variants import VARIANTS

    usable = [variant for variant in VARIANTS if variant.for_clips or not clips]
    known = {variant.name: variant for variant in usable}
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"There is no variant “{name}”; there are {', '.join(known)}.")
    return [one for one in usable if not names or one.name in names or one is VARIANTS[0]]


def _numbers(text: str, option: str, step: int) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or any(number < step or number % step for number in numbers):
        raise typer.BadParameter(f"{option} takes multiples of {step} with commas between, not “{text}”.")
    return numbers
