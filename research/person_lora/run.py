"""Every cell of the measurement, written as it is finished, and the page that reads them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.errors import InputError
from facechain_ext.methods.fact import load_adapter
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.training_runs.settings import LoraSettings
from research.person_lora.asked import asked_and_found
from research.person_lora.cell import ARMS, DRAWN, VALIDATED, Cell, Laboratory, Score
from research.person_lora.judge import GALLERY
from research.person_lora.locator import SIDE
from research.person_lora.people import rendered_in, wanted_scenes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from facechain_ext.demo import TinyModels
    from research.person_lora.judge import Judge

RESULTS, PICTURES = "person-lora.json", "work"
"""Where a measurement keeps its figures, and the folder of its pictures."""
SETTINGS = LoraSettings(
    steps=200, batch=4, rate=4e-3, rank=16, size=SIDE, schedule="cosine", face_weight=2.0, velocity=5.0
)
"""The tiny models' counterpart of the preset ours: their weights are a tenth as wide and want a higher rate."""
FEWER = ("LoRA", "both", "both, the LoRA at 0.4")
"""Ways of drawing for all but the first of the counts, which saves the pictures of the others."""
OF_THE_MEASURE = (
    "## What is known of the measure",
    "",
    "On 30 people with two pictures each:",
    "",
    "| pictures | retrieval among 100 | cosine | words followed |",
    "|---|---|---|---|",
    "| as the world draws them | 87 % | 0.627 | 85 % |",
    "| the same through the autoencoder, which bounds every way of drawing | 62 % | 0.483 | 84 % |",
    "",
    "Five landmarks are found by a small network that is trained for this (3000 rendered pictures, 500 steps of "
    "32), the face is aligned, and an ellipse stands for the head. On two pictures each of the 100 people, at "
    "true landmarks, the tiny face encoder recognises 91.5 % with the ellipse, 77.5 % without any mask, 100 % "
    "with the true head's mask.",
    "",
    "This judge is another than that of [Results](results.md), a network of its own that had no part in the "
    "pictures: the same kinds of pictures give 62 and 87 % here and 76.5 and 90 % there, so figures of the two "
    "pages are not to be compared.",
    "",
    "So 60 % of the pictures is nearly all that the autoencoder lets through. FACT can be above that: it draws what "
    "this very encoder reads off the photo.",
    "",
    "## How the settings were chosen",
    "",
    "On two other held-out people (90 and 91), 15 pictures, 12 drawn of each; retrieval and cosine, person 90 / person "
    "91 where both were tried:",
    "",
    "| learned | seconds of one core | LoRA | both | both, the LoRA at 0.4 |",
    "|---|---|---|---|---|",
    "| 200 steps of 4 at 4e-3 | 53 / 43 | 42 % 0.399 / 50 % 0.414 | 50 % 0.489 / 33 % 0.404 | |",
    "| 400 steps of 4 at 2e-3 | 107 | 50 % 0.389 | 67 % 0.487 | 67 % 0.540 |",
    "| the same, the text encoder too | 117 | 42 % 0.387 | 67 % 0.488 | 58 % 0.535 |",
    "",
    "FACT alone: 83 % 0.559 / 83 % 0.501. Twice the steps, or the text encoder, bring no likeness that so few pictures "
    "could show, so the measurement takes 200 steps at 4e-3. Other ranks, batches and weights of the face were not "
    "tried.",
    "",
)
"""Measured once, on the judge and on other people; the page repeats it, since every measurement writes it anew."""
_LAST_VALIDATED = 3
"""So many steps are validated, a quarter of the training apart, the last one among them."""


@dataclass(frozen=True)
class Results:
    """Cells, and the settings that all of them were measured with."""

    settings: LoraSettings
    cells: list[Cell]

    @property
    def counts(self) -> tuple[int, ...]:
        """How many pictures the people were learned from, in the order of the measurement."""
        return tuple(dict.fromkeys(one.pictures for one in self.cells))


def measure(
    models: TinyModels, judge: Judge, folder: Path, people: Sequence[int], counts: Sequence[int],
    settings: LoraSettings, notify: Callable[[str], None],
) -> Results:  # fmt: skip
    """All cells of ``people`` x ``counts``, person by person; those in ``folder`` are not measured again.

    Raises InputError where those were measured with other settings.
    """
    earlier = read_results(folder / RESULTS)
    if earlier is not None and earlier.settings != settings:
        raise InputError(
            f"{folder / RESULTS} was measured with {asdict(earlier.settings)}, now {asdict(settings)}; "
            "choose another folder."
        )
    laboratory = Laboratory(models, judge.encoder, load_adapter(models.adapter), judge)
    found = [] if earlier is None else earlier.cells
    step = settings.steps // (_LAST_VALIDATED + 1)
    validated = [settings.steps - step * back for back in range(_LAST_VALIDATED)]
    for person in people:
        for count in counts:
            if any((one.person, one.pictures) == (person, count) for one in found):
                continue
            notify(f"person {person}, {count} pictures")
            arms = tuple(ARMS) if count == counts[0] else FEWER
            cell = laboratory.cell(
                person, count, settings, folder / PICTURES, arms=arms,
                validations=validated if count == counts[0] else (),
            )  # fmt: skip
            found.append(cell)
            write_results(folder / RESULTS, Results(settings, found))
    return Results(settings, found)


def read_results(path: Path) -> Results | None:
    """The results of an earlier run, None where there is no file; raises InputError for cells without settings."""
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise InputError(f"{path} does not say which settings it was measured with; choose another folder.")
    return Results(LoraSettings(**found["settings"]), [_cell(row) for row in found["cells"]])


def page(results: Results, drawn: tuple[float, float], command: str, sheet: str = "") -> str:
    """The figures as Markdown.

    ``drawn`` are retrieval and words of what the world itself draws of these people, ``sheet`` is the name of the file
    that shows some of them.
    """
    cells = results.cells
    people = sorted({one.person for one in cells})
    lines = [
        "# A person's LoRA, measured", "",
        f"{len(people)} rendered people whom no model has seen ([the world](world.md)), {DRAWN} pictures of each by "
        f"every way of drawing, {SIDE} pixels, the tiny models. Made by `{command}`; more people are added by running "
        "it with more.", "",
        f"Retrieval: the person is the nearest of {GALLERY} to the face that a small network of its own locates, by "
        "the tiny face encoder. That encoder is FACT's, which favours FACT. The same judge finds "
        f"{drawn[0]:.0%} of the people in pictures that the world itself draws. Words: whether background and garment "
        f"have the colours that were asked for ({drawn[1]:.0%} in the world's own pictures).",
        "", *OF_THE_MEASURE,
        "## What was found", "",
        "From the first of `--counts` each person is drawn in every way, from the other numbers of pictures in these "
        "ways alone: " + "; ".join(f"*{name}*" for name in FEWER) + ".", "",
        "| pictures | way | people | retrieval | cosine | words |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for count in sorted({one.pictures for one in cells}, reverse=True):
        rows = [one for one in cells if one.pictures == count]
        for arm in ARMS:
            scores = [one.scores[arm] for one in rows if arm in one.scores]
            if scores:
                lines.append(f"| {count} | {arm} | {len(scores)} | {_words(scores)} |")
    averaged = [one for one in cells if one.best is not None and one.average is not None]
    if averaged:
        lines += [
            "", f"Validated were {_LAST_VALIDATED} steps by {VALIDATED} other pictures each, by the judge itself, from "
            "the first of `--counts`:",
        ]  # fmt: skip
        lines += ["", "| LoRA of | people | retrieval | cosine | words |", "|---|---|---|---|---|"]
        weights = {
            "the last step": [one.scores["LoRA"] for one in averaged if "LoRA" in one.scores],
            "the best step": [one.best for one in averaged if one.best is not None],
            "the average": [one.average for one in averaged if one.average is not None],
            "the better of both in the validation, which a training takes": [
                one.taken for one in averaged if one.taken is not None
            ],
        }
        lines += [f"| {name} | {len(found)} | {_words(found)} |" for name, found in weights.items() if found]
    lines += ["", "## Against what was asked", "", *asked_and_found(cells)]
    seconds = [one.seconds for one in cells]
    chosen = ", ".join(f"{k} {v}" for k, v in asdict(results.settings).items() if v not in (None, False, "no"))
    lines += [
        "", f"Learning took {min(seconds):.0f} to {max(seconds):.0f} s of one core, without validation; a LoRA's file "
        f"has {max(one.kilobytes for one in cells)} kB. Settings: {chosen}.",
    ]  # fmt: skip
    if sheet:
        lines += ["", f"![The first of these people: a photo, then one picture of every way]({sheet})"]
    return "\n".join(lines) + "\n"


def drawn_by_the_world(judge: Judge, people: Iterable[int]) -> tuple[float, float]:
    """Retrieval and words of the world's own pictures of these people in the same scenes."""
    found = []
    for person in people:
        scenes = wanted_scenes(person, DRAWN)
        found.append(judge.verdict(np.stack(rendered_in(person, scenes)), person, scenes))
    hits, words = (np.concatenate([getattr(one, name) for one in found]) for name in ("hits", "words"))
    return float(hits.mean()), float(words.mean())


def _words(scores: Sequence[Score]) -> str:
    means = [float(np.mean([getattr(one, name) for one in scores])) for name in ("retrieval", "cosine", "words")]
    return f"{means[0]:.0%} | {means[1]:.3f} | {means[2]:.0%}"


def _cell(row: dict[str, object]) -> Cell:
    def score(value: object) -> Score | None:
        return Score(**value) if isinstance(value, dict) else None

    scores = row["scores"]
    assert isinstance(scores, dict)
    return Cell(**{
        **row, "scores": {name: Score(**one) for name, one in scores.items()}, "best": score(row["best"]),
        "average": score(row["average"]), "taken": score(row["taken"]),
    })  # type: ignore[arg-type]  # fmt: skip


def write_results(path: Path, results: Results) -> None:
    """Write the results atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as part:
        part.write_text(json.dumps(asdict(results), indent=1) + "\n", encoding="utf-8")
