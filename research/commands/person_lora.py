"""python -m research person-lora: how well LoRAs of rendered people are recognised."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer


def person_lora(
    *,
    work: Annotated[Path, typer.Option(help="Folder of the measurement; it goes on there if stopped.")],
    people: Annotated[int, typer.Option(min=1, max=100, help="Held-out people that are learned.")] = 8,
    first: Annotated[int, typer.Option(min=0, max=99, help="The first of them; settings are chosen on others.")] = 0,
    counts: Annotated[str, typer.Option(help="Pictures that each is learned from, divided by commas.")] = "15,5,1",
    steps: Annotated[int | None, typer.Option(min=8, help="Steps of each training.")] = None,
    rate: Annotated[float | None, typer.Option(help="Learning rate.")] = None,
    rank: Annotated[int | None, typer.Option(min=1, help="Rank.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Pictures in a step.")] = None,
    docs: Annotated[Path, typer.Option(help="Folder that gets person-lora.md, .json and .jpg.")] = Path(
        "docs/research"
    ),
    only_page: Annotated[bool, typer.Option("--only-page", help="Measure nothing more; write the page.")] = False,
) -> None:
    """Learn rendered people by LoRA, draw them alone, by FACT and by both, and measure who is recognised."""
    import torch

    from facechain_ext.demo import tiny_models
    from facechain_ext.identity import TransFace
    from research.person_lora.judge import GALLERY, Judge
    from research.person_lora.run import PICTURES, RESULTS, SETTINGS, drawn_by_the_world, measure, page, read_results
    from research.person_lora.sheet import SHEET, write_sheet

    torch.set_num_threads(1)  # networks this narrow gain nothing from a second thread
    models = tiny_models(work / "models")
    chosen = {"steps": steps, "rate": rate, "rank": rank, "batch": batch}
    given = {name: value for name, value in chosen.items() if value is not None}
    settings = replace(SETTINGS, **given)  # type: ignore[arg-type]
    numbers = [int(part) for part in counts.split(",")]
    results = read_results(work / RESULTS)
    if only_page and results is None:
        raise typer.BadParameter(f"{work} holds no figures yet.")
    docs.mkdir(parents=True, exist_ok=True)
    typer.echo("training the locator, embedding the gallery")
    judge = Judge(TransFace.from_file(models.encoder), work)
    if results is None or not only_page:
        results = measure(
            models, judge, work, range(first, min(first + people, GALLERY)), numbers, settings, typer.echo
        )
    who = sorted({one.person for one in results.cells})
    measured, usual = asdict(results.settings), asdict(SETTINGS)
    words = [f"--people {who[-1] - who[0] + 1} --counts {','.join(map(str, results.counts))}"]
    words += [f"--first {who[0]}"] if who[0] else []
    words += [f"--{name} {measured[name]:g}" for name in chosen if measured[name] != usual[name]]
    command = f"python -m research person-lora --work FOLDER {' '.join(words)}"
    cells = [one for one in results.cells if one.pictures == results.counts[0]]
    sheet = SHEET if write_sheet(docs / SHEET, work / PICTURES, cells) else ""
    text = page(results, drawn_by_the_world(judge, who), command, sheet)
    (docs / "person-lora.md").write_text(text, encoding="utf-8")
    rows = json.loads((work / RESULTS).read_text(encoding="utf-8"))
    (docs / RESULTS).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    typer.echo(text)
