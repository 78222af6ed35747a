"""Whom a measuring draws, and the judge that it asks."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F

from facechain_ext.identity.encode import to_encoder_input
from facechain_ext.training.adapter.sampling import draw
from facechain_ext.training.adapter.step import attach_serial
from research.evaluate.eval_net import TRAINED_ON, ask, attribute_numbers, load_eval_net, save_eval_net, train_eval_net
from research.evaluate.rendered import HELD_OUT, RenderedPeople
from research.synthetic_world import caption

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor

    from facechain_ext.faces.types import Pixels
    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.identity import TransFace
    from facechain_ext.training.adapter.sampling import Drawing
    from facechain_ext.training.adapter.step import Attach
    from research.evaluate.budget import Budget
    from research.evaluate.eval_net import EvalNet

BATCH = 16
"""Pictures that are drawn at once."""


@dataclass(frozen=True, eq=False)
class Subjects:
    """The held-out pictures to be made: whose face, which words, what the words say, and the gallery of the judge."""

    who: list[int]
    faces: Tensor
    prompts: list[str]
    wanted: list[dict[str, int]]
    gallery: Tensor

    def batches(self, size: int) -> Iterator[slice]:
        """All rows, so many at a time."""
        return (slice(first, first + size) for first in range(0, len(self.who), size))

    def draw(
        self,
        checkpoint: Checkpoint,
        rows: slice,
        drawing: Drawing,
        seed: int,
        *,
        adapter: Any = None,
        attach: Attach = attach_serial,
        strength: float = 0.0,
    ) -> Pixels:
        """The pictures of some rows; a subject has the same seed whatever else is drawn with it."""
        prompts, first = self.prompts[rows], seed + rows.start
        return draw(
            checkpoint,
            prompts,
            range(first, first + len(prompts)),
            drawing,
            adapter=adapter,
            face_tokens=self.faces[rows],
            strength=strength,
            attach=attach,
        )


def held_out(budget: Budget) -> RenderedPeople:
    """The people that no model was trained on, with three photos for the gallery, a face photo, and the scenes."""
    return RenderedPeople(budget.held_out, 4 + budget.each, first=HELD_OUT, side=budget.side)


def eval_net_of(path: Path, budget: Budget) -> EvalNet:
    """The judge of a budget, trained once and kept at ``path``."""
    spent = {name: value for name, value in asdict(budget).items() if name.startswith("judge")}
    told = json.dumps({**spent, "side": budget.side, "seed": budget.seed, **TRAINED_ON})
    judge = load_eval_net(path, told)
    if judge is None:
        watched = RenderedPeople(budget.judge_persons, budget.judge_photos, first=1_000_000, side=budget.side)
        judge = train_eval_net(watched, steps=budget.judge_steps, seed=budget.seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_eval_net(judge, path, told)
    return judge


def subjects_of(held: RenderedPeople, judge: EvalNet, encoder: TransFace, budget: Budget) -> tuple[Subjects, Pixels]:
    """What is to be drawn, and the real drawings of the same people in the same scenes, uint8 [n, s, s, 3].

    Of each held-out person three pictures make the gallery, one is drawn again as a photo, whatever its style, and is
    the face photo (nobody has a neon picture of themselves only), the rest lend their scenes.
    """
    rows = np.arange(len(held)).reshape(budget.held_out, held.each)
    verdict = ask(judge, np.stack([held.photo(int(n)).pixels for n in rows[:, :3].flatten()]))
    gallery = F.normalize(verdict.identity.view(budget.held_out, 3, -1).mean(1), dim=1)
    who = [person for person in range(budget.held_out) for _ in range(budget.each)]
    scenes = [held.portraits[int(n)] for n in rows[:, 4:].flatten()]
    with torch.no_grad():
        photos = [held.as_photo(int(row)).aligned for row in rows[:, 3]]
        faces = torch.stack([to_encoder_input(photos[person]) for person in who])
        tokens = torch.cat([encoder.tokens(part) for part in torch.split(faces, 32)])
    wanted = [attribute_numbers(portrait.scene) for portrait in scenes]
    subjects = Subjects(who, tokens, [caption(portrait.scene) for portrait in scenes], wanted, gallery)
    return subjects, np.stack([portrait.drawn.pixels for portrait in scenes])
