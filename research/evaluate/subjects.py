"""The pictures that an evaluation generates, and its eval net."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

from facechain_ext.identity.encode import to_encoder_input
from facechain_ext.training.adapter.sampling import generate_pictures
from facechain_ext.training.adapter.step import attach_serial
from research.evaluate.eval_net import (
    EVAL_NET_CONFIG,
    attribute_indices,
    load_eval_net,
    predict,
    save_eval_net,
    train_eval_net,
)
from research.evaluate.rendered import HELD_OUT, RenderedPeople
from research.synthetic_world import caption

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor

    from facechain_ext.faces.types import Pixels
    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.identity import TransFace
    from facechain_ext.training.adapter.sampling import SamplingSettings
    from facechain_ext.training.adapter.step import Attach, FaceModule
    from research.evaluate.budget import Budget
    from research.evaluate.eval_net import EvalNet

BATCH = 16
"""Pictures that are generated at once."""


@dataclass(frozen=True, eq=False)
class Subjects:
    """The held-out pictures to generate: persons, face tokens, prompts, their attributes, and the gallery."""

    persons: list[int]
    faces: Tensor
    prompts: list[str]
    attributes: list[dict[str, int]]
    gallery: Tensor

    def batches(self, size: int) -> Iterator[slice]:
        """Slices of all rows, ``size`` at a time."""
        return (slice(first, first + size) for first in range(0, len(self.persons), size))

    def generate(
        self,
        checkpoint: Checkpoint,
        rows: slice,
        sampling: SamplingSettings,
        seed: int,
        *,
        adapter: FaceModule | None = None,
        attach: Attach = attach_serial,
        strength: float = 0.0,
    ) -> Pixels:
        """Generate the pictures of some rows; the seed of a row does not depend on the batch."""
        prompts, first = self.prompts[rows], seed + rows.start
        return generate_pictures(
            checkpoint,
            prompts,
            range(first, first + len(prompts)),
            sampling,
            adapter=adapter,
            face_tokens=self.faces[rows],
            strength=strength,
            attach=attach,
        )


def held_out_people(budget: Budget) -> RenderedPeople:
    """Persons that no model was trained on: three gallery photos, a face photo, and ``budget.each`` scenes each."""
    return RenderedPeople(budget.held_out, 4 + budget.each, first=HELD_OUT, side=budget.side)


def load_or_train_eval_net(path: Path, budget: Budget) -> EvalNet:
    """The eval net of a budget, trained once and cached at ``path``."""
    training = {name: value for name, value in asdict(budget).items() if name.startswith("eval_net")}
    config_text = json.dumps({**training, "side": budget.side, "seed": budget.seed, **EVAL_NET_CONFIG})
    eval_net = load_eval_net(path, config_text)
    if eval_net is None:
        persons, photos = budget.eval_net_persons, budget.eval_net_photos
        training_set = RenderedPeople(persons, photos, first=1_000_000, side=budget.side)
        eval_net = train_eval_net(training_set, steps=budget.eval_net_steps, seed=budget.seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_eval_net(eval_net, path, config_text)
    return eval_net


def prepare_subjects(
    held: RenderedPeople, eval_net: EvalNet, encoder: TransFace, budget: Budget
) -> tuple[Subjects, Pixels]:
    """The subjects, and the renderings of the same persons in the same scenes, uint8 [n, s, s, 3].

    Of each held-out person three pictures form the gallery, one is rendered as a photo (users give photos) and is the
    face photo, and the rest give the scenes.
    """
    rows = np.arange(len(held)).reshape(budget.held_out, held.each)
    prediction = predict(eval_net, np.stack([held.photo(int(n)).pixels for n in rows[:, :3].flatten()]))
    gallery = F.normalize(prediction.identity.view(budget.held_out, 3, -1).mean(1), dim=1)
    persons = [person for person in range(budget.held_out) for _ in range(budget.each)]
    scenes = [held.portraits[int(n)] for n in rows[:, 4:].flatten()]
    with torch.no_grad():
        photos = [held.render_as_photo(int(row)).aligned for row in rows[:, 3]]
        faces = torch.stack([to_encoder_input(photos[person]) for person in persons])
        tokens = torch.cat([encoder.tokens(part) for part in torch.split(faces, 32)])
    attributes = [attribute_indices(portrait.scene) for portrait in scenes]
    subjects = Subjects(persons, tokens, [caption(portrait.scene) for portrait in scenes], attributes, gallery)
    return subjects, np.stack([portrait.rendered.pixels for portrait in scenes])
