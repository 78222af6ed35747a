"""python -m research evaluate and real-faces: what is measured on rendered people and on real photos."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from facechain_ext.hosts.diffusers.output import prepare_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.demo import TinyModels
    from research.evaluate.budget import Budget

console = Console()


def evaluate(
    *,
    work: Annotated[Path, typer.Option(help="Folder for the variants' trainings; they go on there if stopped.")],
    docs: Annotated[Path, typer.Option(help="Folder that gets results.md, results.json and results.png.")] = Path(
        "docs/research"
    ),
    budget: Annotated[
        list[str] | None, typer.Option(help="A part of the budget as name=value, such as steps=500.")
    ] = None,
    as_they_are: Annotated[bool, typer.Option("--as-they-are", help="Train nothing: measure the models.")] = False,
    identity_bleed: Annotated[
        bool,
        typer.Option("--identity-bleed", "--leak", help="Only measure how two people mix."),
    ] = False,
    models: Annotated[Path | None, typer.Option(help="Folder of other tiny models than those that ship.")] = None,
    switches: Annotated[
        bool, typer.Option("--switches", help="Instead: what each switch for speed costs, into switches.md.")
    ] = False,
) -> None:
    """Train ours and the baselines on rendered people with the same budget, and measure them on held-out ones."""
    from facechain_ext.demo import models_in, tiny_models
    from research.evaluate.report import as_json, page, plot
    from research.evaluate.run import evaluate as train_and_measure
    from research.evaluate.run import evaluate_as_they_are

    chosen = _budget(budget or [])
    for folder in (work, docs):
        prepare_folder(folder)
    family = tiny_models(work / "models") if models is None else models_in(models)

    def notify(words: str) -> None:
        console.print(words, markup=False)

    if identity_bleed:
        _measure_bleed(family, docs / "identity-bleed.md", notify)
        return
    if switches:
        _switches(family, work, docs, chosen, budget or [])
        return
    if as_they_are:
        results = evaluate_as_they_are(family, work, chosen, notify=notify)
    else:
        results = train_and_measure(family, work, chosen, notify=notify)
    given = "".join(f" --budget {part}" for part in budget or [])
    (docs / "results.json").write_text(json.dumps(as_json(results), indent=1) + "\n", encoding="utf-8")
    plot(results, docs / "results.png")
    given += " --as-they-are" if as_they_are else ""
    command = f"python -m research evaluate --work FOLDER{given}"
    (docs / "results.md").write_text(page(results, command, "results.png"), encoding="utf-8")
    console.print(f"Written: {docs / 'results.md'}", markup=False)


def real_faces(
    photos: Annotated[Path, typer.Argument(help="A folder of photos, such as package/demo of @vladmandic/face-api.")],
    out: Annotated[Path, typer.Option(help="The JSON file of all pairs.")] = Path("docs/research/real-faces.json"),
    sheet: Annotated[Path | None, typer.Option(help="Write a sheet of the two public-domain portraits.")] = None,
    every: Annotated[int, typer.Option(min=1, help="Measure only every so many pairs.")] = 1,
) -> None:
    """Put every face into every other one within 45 degrees; write the figures and print the tables."""
    from research.real_faces import run, write_sheet

    if sheet is not None:
        write_sheet(sheet)

    for line in run(photos, out, every):
        typer.echo(line)


def _measure_bleed(models: TinyModels, document: Path, notify: Callable[[str], None]) -> None:
    from research.evaluate.identity_bleed import Trials, measure_identity_bleed, replace_table, table

    ways = {"all in one generation": Trials(), "each painted alone": Trials(inpaint_denoise=0.75)}
    words = f"tiny, trained on synthetic faces ({models.checkpoint.parent.name})" if models.trained else "tiny, RANDOM"
    found = {way: measure_identity_bleed(models, trials, notify=notify) for way, trials in ways.items()}
    text = table(found, Trials(), words)
    replace_table(document, text)
    notify(text)


def _switches(models: TinyModels, work: Path, docs: Path, chosen: Budget, parts: list[str]) -> None:
    from research.evaluate.switches import page, switch_costs

    costs = switch_costs(models, work, chosen, notify=lambda words: console.print(words, markup=False))
    given = "".join(f" --budget {part}" for part in parts)
    command = f"python -m research evaluate --work FOLDER --switches{given}"
    costs_text = json.dumps([asdict(one) for one in costs], indent=1)
    (docs / "switches.json").write_text(costs_text + "\n", encoding="utf-8")
    text = page(costs, 1.0, chosen, command)
    (docs / "switches.md").write_text(f"# What the switches cost\n\n{text}", encoding="utf-8")
    console.print(text, markup=False, soft_wrap=True)


def _budget(parts: list[str]) -> Budget:
    """The default budget with ``parts`` (name=value) replaced; raises BadParameter for a wrong one."""
    from research.evaluate.budget import Budget

    defaults = asdict(Budget())
    values = {}
    for part in parts:
        name, _, value = part.partition("=")
        if name not in defaults:
            raise typer.BadParameter(f"There is no {name!r} in the budget; there are {', '.join(defaults)}.")
        try:
            values[name] = type(defaults[name])(value)
        except (ValueError, OverflowError) as error:
            raise typer.BadParameter(f"{name} is a number, not {value!r}.") from error
    return Budget(**{**defaults, **values})
