"""Identity bleed: how much exchanging one of two people changes the other's part of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.errors import InputError
from facechain_ext.hosts.diffusers import DiffusersHost
from facechain_ext.identity import TransFace
from facechain_ext.recipes.job import Job, Person
from facechain_ext.recipes.regions import RegionPrompt, assign_regions
from facechain_ext.recipes.sequential_inpaint import SequentialInpaintHost
from research.evaluate.mixing import rendered_identity
from research.evaluate.rendered import HELD_OUT, RenderedPeople
from research.synthetic_world import caption

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from facechain_ext.demo import TinyModels
    from facechain_ext.identity import Identity

    Picture = NDArray[np.float64]

BEGIN, END = "<!-- identity bleed: written by facechain evaluate --identity-bleed -->", "<!-- /identity bleed -->"
"""Markers around the table in the document."""
_BORDER = 0.03
"""Half-width of the ignored strip between the columns (the masks' soft border), in widths of the picture."""


@dataclass(frozen=True)
class Trial:
    """Two people side by side, each exchanged for a third: mean changes of a column, in grey levels.

    ``own`` is what exchanging the column's person changes in it, ``other`` what exchanging the neighbour does.
    """

    own: float
    other: float


@dataclass(frozen=True)
class Trials:
    """The pictures to generate: ``count`` pairs at ``strength``, each column ``side`` pixels wide, the picture as high.

    ``inpaint_denoise`` is the denoising strength of sequential inpainting; 0 puts all people into one generation.
    """

    count: int = 6
    strength: float = 1.0
    steps: int = 10
    cfg: float = 3.0
    side: int = 128
    seed: int = 0
    inpaint_denoise: float = 0.0


def measure_identity_bleed(
    models: TinyModels, trials: Trials, *, notify: Callable[[str], None] = lambda _words: None
) -> list[Trial]:
    """Two trials for each pair of held-out rendered people, one for each column."""
    people = RenderedPeople(3 * trials.count, 1, first=HELD_OUT, side=trials.side)
    encoder = TransFace.from_file(models.encoder)
    plain = DiffusersHost.from_files(models.checkpoint, adapter=models.adapter)
    host = SequentialInpaintHost(plain, trials.inpaint_denoise) if trials.inpaint_denoise else plain
    found: list[Trial] = []
    for number in range(trials.count):
        notify(f"pair {number + 1} of {trials.count}")
        one, two, third = (rendered_identity(people, 3 * number + n, encoder) for n in range(3))
        words = caption(people.portraits[3 * number].scene)

        def generate(
            left: Identity, right: Identity, words: str = words, seed: int = trials.seed + number
        ) -> tuple[Picture, Picture]:
            seated = assign_regions(Person(left, trials.strength), None, [(right, RegionPrompt("the neighbour"))])
            job = Job(
                words, people=seated, seed=seed, steps=trials.steps, cfg=trials.cfg, sampler="DDIM",
                width=2 * trials.side, height=trials.side,
            )  # fmt: skip
            return _columns(np.asarray(host.generate(job)[0].picture, np.float64))

        before, exchanged_left, exchanged_right = generate(one, two), generate(third, two), generate(one, third)
        for column, mine, neighbours in ((0, exchanged_left, exchanged_right), (1, exchanged_right, exchanged_left)):
            own, other = (float(np.abs(after[column] - before[column]).mean()) for after in (mine, neighbours))
            found.append(Trial(own, other))
    return found


def identity_bleed_of(trials: Sequence[Trial]) -> float:
    """Identity bleed: the change by exchanging the neighbours over the change by exchanging the people themselves."""
    return sum(trial.other for trial in trials) / max(sum(trial.own for trial in trials), 1e-9)


def table(found: Mapping[str, Sequence[Trial]], trials: Trials, models: str) -> str:
    """The figures as Markdown, one column for each way of generating several people."""
    what = (
        f"Models: {models}. {2 * trials.count} columns of {trials.count} pairs of rendered people that no model was "
        f"trained on, strength {trials.strength:g}, {trials.steps} steps, CFG {trials.cfg:g}."
    )
    rows: list[tuple[str, Callable[[Sequence[Trial]], str]]] = [
        (
            "exchanging the column's person changes it by, in grey levels",
            lambda all_: f"{np.mean([one.own for one in all_]):.2f}",
        ),
        ("exchanging the neighbour changes it by", lambda all_: f"{np.mean([one.other for one in all_]):.2f}"),
        (
            "**identity bleed: the second in parts of the first** (wanted: under 2 %)",
            lambda all_: f"**{100 * identity_bleed_of(all_):.1f} %**",
        ),
        ("median and range of the bleed over columns", _bleed_range),
    ]
    lines = [what, "", "| | " + " | ".join(found) + " |", "|---" * (1 + len(found)) + "|"]
    lines += [f"| {name} | " + " | ".join(cell(all_) for all_ in found.values()) + " |" for name, cell in rows]
    return "\n".join(lines)


def _bleed_range(found: Sequence[Trial]) -> str:
    shares = sorted(100 * trial.other / max(trial.own, 1e-9) for trial in found)
    return f"{np.median(shares):.0f} %, {shares[0]:.0f} to {shares[-1]:.0f} %"


def replace_table(document: Path, text: str) -> None:
    """Write ``text`` between the marks of a document; raises InputError, and changes nothing, where it has none."""
    before, begin, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(
            f"{document.name} has no place for the table of identity bleed: it lacks the marks {BEGIN} and {END}."
        )
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def _columns(picture: Picture) -> tuple[Picture, Picture]:
    """The two halves without the strip between them."""
    width = picture.shape[1]
    strip = int(np.ceil(_BORDER * width))
    return picture[:, : width // 2 - strip], picture[:, width // 2 + strip :]
