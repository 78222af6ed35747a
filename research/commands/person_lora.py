"""python -m research person-lora: how well LoRAs of rendered people are recognised."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer


def person_lora(
    *,
    work: Annotated[Path, typer.Option(help="Folder of the measurement; it goes on there if stopped.")],
    people: Annotated[int, typer.Option(min=1, max=100, help="Held-out people that are learned.")] = 8,
    counts: Annotated[str, typer.Option(help="Pictures that each is learned from, divided by commas.")] = "15,5,1",
    steps: Annotated[int | None, typer.Option(min=8, help="Steps of each training.")] = None,
    rate: Annotated[float | None, typer.Option(help="Learning rate.")] = None,
    rank: Annotated[int | None, typer.Option(min=1, help="Rank.")] = None,
    docs: Annotated[Path, typer.Option(help="Folder that gets person-lora.md and person-lora.json.")] = Path(
        "docs/research"
    ),
    only_page: Annotated[bool, typer.Option("--only-page", help="Measure nothing more; write the page.")] = False,
) -> None:
    """Learn rendered people by LoRA, draw them alone, by FACT and by both, and measure who is recognised."""
    import torch

    from facechain_ext.demo import tiny_models
    from research.person_lora.run import RESULTS, SETTINGS, drawn_by_the_world, measure, page, read_cells

    torch.set_num_threads(1)  # networks this narrow gain nothing from a second thread
    models = tiny_models(work / "models")
    given = {name: value for name, value in (("steps", steps), ("rate", rate), ("rank", rank)) if value is not None}
    settings = replace(SETTINGS, **given)  # type: ignore[arg-type]
    numbers = [int(part) for part in counts.split(",")]
    if only_page:
        cells = read_cells(work / RESULTS)
    else:
        cells = measure(models, work, range(people), numbers, settings, typer.echo)
    if not cells:
        raise typer.BadParameter(f"{work} holds no figures yet.")
    who = sorted({one.person for one in cells})
    given_words = "".join(f" --{name} {value:g}" for name, value in given.items())
    command = f"python -m research person-lora --work FOLDER --people {max(who) + 1}{given_words}"
    text = page(cells, settings, drawn_by_the_world(models, work, who), command)
    (docs / "person-lora.md").write_text(text, encoding="utf-8")
    rows = json.loads((work / RESULTS).read_text(encoding="utf-8"))
    (docs / RESULTS).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    typer.echo(text)
