"""python -m research evaluate: who is in the picture, what the words do, and what else changed."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from facechain_ext.hosts.diffusers.output import prepare_folder

if TYPE_CHECKING:
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
    leak: Annotated[
        bool, typer.Option("--leak", help="Only measure how two people mix; into identity-bleed.md.")
    ] = False,
    models: Annotated[Path | None, typer.Option(help="Folder of other small models than those that ship.")] = None,
    switches: Annotated[
        bool, typer.Option("--switches", help="Instead: what each switch for speed costs, into switches.md.")
    ] = False,
) -> None:
    """Train ours and the baselines on rendered people with the same budget, and measure them on held-out ones."""
    from facechain_ext.demo import models_in, tiny_models
    from research.evaluate.report import page, plot
    from research.evaluate.run import as_json, evaluate_as_they_are
    from research.evaluate.run import evaluate as train_and_measure

    chosen = _budget(budget or [])
    for folder in (work, docs):
        prepare_folder(folder)
    small = tiny_models(work / "models") if models is None else models_in(models)

    def say(words: str) -> None:
        console.print(words, markup=False)

    if leak:
        _leak(small, docs / "identity-bleed.md", say)
        return
    if switches:
        _switches(small, work, docs, chosen, budget or [])
        return
    if as_they_are:
        results = evaluate_as_they_are(small, work, chosen, say=say)
    else:
        results = train_and_measure(small, work, chosen, say=say)
    given = "".join(f" --budget {part}" for part in budget or [])
    (docs / "results.json").write_text(json.dumps(as_json(results), indent=1) + "\n", encoding="utf-8")
    plot(results, docs / "results.png")
    given += " --as-they-are" if as_they_are else ""
    command = f"python -m research evaluate --work FOLDER{given}"
    (docs / "results.md").write_text(page(results, command, "results.png"), encoding="utf-8")
    console.print(f"Written: {docs / 'results.md'}", markup=False)


def _leak(small: TinyModels, document: Path, say: Any) -> None:
    from research.evaluate.identity_bleed import Trials, measure_identity_bleed, put_into, table

    ways = {"all in one generation": Trials(), "each painted alone": Trials(alone=0.75)}
    words = f"small, trained on drawn faces ({small.checkpoint.parent.name})" if small.trained else "small, RANDOM"
    found = {way: measure_identity_bleed(small, trials, say=say) for way, trials in ways.items()}
    text = table(found, Trials(), words)
    put_into(document, text)
    say(text)


def _switches(small: TinyModels, work: Path, docs: Path, chosen: Budget, parts: list[str]) -> None:
    from research.evaluate.switches import page, switch_costs

    costs = switch_costs(small, work, chosen, say=lambda words: console.print(words, markup=False))
    given = "".join(f" --budget {part}" for part in parts)
    command = f"python -m research evaluate --work FOLDER --switches{given}"
    told = json.dumps([asdict(one) for one in costs], indent=1)
    (docs / "switches.json").write_text(told + "\n", encoding="utf-8")
    text = page(costs, 1.0, chosen, command)
    (docs / "switches.md").write_text(f"# What the switches cost\n\n{text}", encoding="utf-8")
    console.print(text, markup=False, soft_wrap=True)


def _budget(parts: list[str]) -> Any:
    """The default budget with the parts that were named."""
    from research.evaluate.budget import Budget

    kinds: dict[str, Any] = {field.name: type(field.default) for field in fields(Budget)}
    values: dict[str, Any] = {}
    for part in parts:
        name, _, value = part.partition("=")
        if name not in kinds:
            raise typer.BadParameter(f"There is no {name!r} in the budget; there are {', '.join(kinds)}.")
        try:
            values[name] = kinds[name](value)
        except (ValueError, OverflowError) as error:
            raise typer.BadParameter(f"{name} is a number, not {value!r}.") from error
    return Budget(**values)
