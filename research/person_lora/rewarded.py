"""Whether the reward makes people's LoRAs more alike, seen by a network that it does not learn from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch.nn.functional as F
from PIL import Image

from facechain_ext.faces import align
from facechain_ext.faces.alignment import ARCFACE_POINTS, similarity_transform
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.training.adapter.sampling import generate_pictures
from facechain_ext.training.lora.trainer import LoraTrainer
from facechain_ext.training.person.reward import FaceReward, references_of
from facechain_ext.training_runs.settings import PersonRequest
from research.evaluate.eval_net import predict
from research.evaluate.rendered import HELD_OUT, RenderedPeople
from research.person_lora.cell import DRAWN, SAMPLING
from research.person_lora.judge import GALLERY, GALLERY_PHOTOS, HEAD
from research.person_lora.locator import SIDE, locate
from research.person_lora.people import CALL, called, examples, wanted_scenes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from facechain_ext.demo import TinyModels
    from facechain_ext.faces.types import Mask, Pixels, Points
    from facechain_ext.training_runs.settings import LoraSettings
    from research.evaluate.eval_net import EvalNet
    from research.person_lora.judge import Judge


RESULTS, ASKED = "person-reward.json", 0.05
"""The file of the figures, and the least gain in retrieval that makes a reward worth its time."""


@dataclass(frozen=True)
class Rewarded:
    """Shares and means of one person's pictures by a LoRA that was learned with the ``reward`` (0: without one).

    ``retrieval`` and ``cosine`` are the eval net's, ``own_retrieval`` and ``own_cosine`` those of the network that
    rewards.
    """

    person: int
    pictures: int
    reward: float
    retrieval: float
    cosine: float
    own_retrieval: float
    own_cosine: float
    words: float


class RewardLaboratory:
    """The models, the network that rewards, and the eval net, which does not."""

    def __init__(self, models: TinyModels, judge: Judge, eval_net: EvalNet) -> None:
        self._models, self._judge, self._eval_net = models, judge, eval_net
        people = RenderedPeople(GALLERY, GALLERY_PHOTOS, first=HELD_OUT, side=SIDE)
        pixels = np.stack([one.rendered.pixels for one in people.portraits])
        found = predict(eval_net, pixels).identity.view(GALLERY, GALLERY_PHOTOS, -1).mean(1)
        self._gallery = F.normalize(found, dim=1)

    def measure(self, person: int, pictures: int, settings: LoraSettings, work: Path) -> Rewarded:
        """Learn the person, draw them by the LoRA alone, and judge them; the pictures are kept in ``work``."""
        work.mkdir(parents=True, exist_ok=True)
        request = PersonRequest(self._models.checkpoint, work, f"person {person}", "ohwx", work)
        learned = examples(person, pictures)
        training = LoraTrainer(request, settings, learned)
        training.encode()
        if settings.reward:
            heads = [self._aligned(example.pixels) for example in learned]
            references = references_of(self._judge.encoder, heads)
            prompts = [called(scene).replace(CALL, "{}") for scene in wanted_scenes(person + GALLERY, DRAWN)]
            training.reward = FaceReward(
                training, self._judge.encoder, references, self._found, CALL, prompts=prompts, steps=SAMPLING.steps
            )
        for _ in range(settings.steps):
            training.update()
        scenes = wanted_scenes(person, DRAWN)
        seeds = range(1000 * person, 1000 * person + len(scenes))
        drawn = generate_pictures(training.checkpoint, [called(scene) for scene in scenes], seeds, SAMPLING)
        Image.fromarray(np.concatenate(list(drawn), axis=1)).save(work / f"{person}-{pictures}-{settings.reward:g}.png")
        cosines = predict(self._eval_net, drawn).identity @ self._gallery.T
        verdict = self._judge.verdict(drawn, person, scenes)
        return Rewarded(
            person, pictures, settings.reward, float((cosines.argmax(1) == person).float().mean()),
            float(cosines[:, person].mean()), float(verdict.hits.mean()), float(verdict.cosines.mean()),
            float(np.mean(verdict.words)),
        )  # fmt: skip

    def _found(self, pixels: Pixels) -> tuple[Points, Mask] | None:
        """Landmarks by the locator, and the ellipse that stands for the head, in the picture."""
        (points,) = locate(self._judge.locator, pixels[None])
        warp = similarity_transform(points, ARCFACE_POINTS)
        head = cv2.warpAffine(
            HEAD[..., 0], cv2.invertAffineTransform(warp), pixels.shape[1::-1], flags=cv2.INTER_NEAREST
        )
        return points, head.astype(bool)

    def _aligned(self, pixels: Pixels) -> Pixels:
        found = self._found(pixels)
        assert found is not None
        return align(pixels, found[0], mask=found[1])


def measure_rewards(
    laboratory: RewardLaboratory, people: Sequence[int], pictures: int, settings: LoraSettings,
    rewards: Sequence[float], folder: Path, notify: Callable[[str], None],
) -> list[Rewarded]:  # fmt: skip
    """Every person with every reward, the same seeds for all; what is in ``folder`` is not measured again."""
    path = folder / RESULTS
    rows = [Rewarded(**row) for row in json.loads(path.read_text(encoding="utf-8"))] if path.is_file() else []
    for person in people:
        for reward in rewards:
            if any((one.person, one.pictures, one.reward) == (person, pictures, reward) for one in rows):
                continue
            notify(f"person {person}, reward {reward:g}")
            rows.append(laboratory.measure(person, pictures, replace(settings, reward=reward), folder / "rewarded"))
            write_rows(path, rows)
    return rows


def write_rows(path: Path, rows: Sequence[Rewarded]) -> None:
    """Write the rows atomically as JSON."""
    with atomic_write(path) as part:
        part.write_text(json.dumps([asdict(one) for one in rows], indent=1) + "\n", encoding="utf-8")


def rewards_page(rows: Sequence[Rewarded], eval_net: str, command: str) -> str:
    """The means of each reward in Markdown, and whether the highest brings the points that were asked for.

    ``eval_net`` says how the network was trained that judges, ``command`` is what was run.
    """
    lines = [
        "# A reward for a person's LoRA, measured", "",
        f"Drawn people whom no model has seen ([the world](world.md)), learned from {rows[0].pictures} pictures each "
        f"with and without the reward, {DRAWN} pictures of each by the LoRA alone, the tiny models. Made by", "",
        f"    {command}", "",
        "The face encoder rewards; who is in a picture is judged among 100 by a network that shares nothing with it "
        f"([Results](results.md); here trained on {eval_net}). The last two columns are the rewarding encoder's own, "
        "which a reward is bound to raise.", "",
        "| reward | people | retrieval | cosine | words | retrieval, the encoder's | cosine, the encoder's |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    means = {}
    for reward in sorted({one.reward for one in rows}):
        found = [asdict(one) for one in rows if one.reward == reward]
        mean = means[reward] = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
        lines.append(
            f"| {reward:g} | {len(found)} | {mean['retrieval']:.0%} | {mean['cosine']:.3f} | {mean['words']:.0%} | "
            f"{mean['own_retrieval']:.0%} | {mean['own_cosine']:.3f} |"
        )
    gain = max(means[reward]["retrieval"] for reward in means if reward) - means[0.0]["retrieval"]
    answer = "that is there" if gain >= ASKED - 1e-9 else "it does not: **so far the reward is useless**"
    lines += ["", f"Retrieval was to rise by {ASKED * 100:.0f} points; it changes by {gain * 100:+.1f}, so {answer}."]
    return "\n".join(lines) + "\n"
