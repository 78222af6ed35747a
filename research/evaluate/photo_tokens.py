"""What the tokens of further photos of a person bring, and what is left of it when alike ones are dropped."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F

from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.identity.encode import to_encoder_input
from facechain_ext.methods.fact import AttachOptions, attach, load_adapter
from facechain_ext.training.adapter.sampling import SamplingSettings, generate_pictures
from research.evaluate.measure import change_outside
from research.evaluate.rendered import HELD_OUT, RenderedPeople
from research.person_lora.locator import SIDE, locate
from research.person_lora.people import wanted_scenes
from research.synthetic_world import caption

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from torch import Tensor, nn

    from facechain_ext.demo import TinyModels
    from facechain_ext.faces.types import Pixels
    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.identity import TransFace
    from facechain_ext.methods.fact import Attachment
    from facechain_ext.training.adapter.step import Attach
    from research.person_lora.judge import Judge

STRENGTH, CFG, STEPS, BATCH = 1.0, 3.0, 10, 10


@dataclass(frozen=True)
class Way:
    """How a person's tokens [photos, q, width] become those of a picture, [t, width].

    ``share`` is the factor of their weight in the attention beside the picture's own tokens; 1 is as it is used.
    """

    name: str
    photos: int
    choose: Callable[[Tensor], Tensor] = lambda tokens: tokens.flatten(0, 1)
    share: float = 1.0


@dataclass(frozen=True)
class Outcome:
    """One way: how many ``tokens`` a person has, the judge's means, and ``seconds`` for all pictures.

    ``outside`` is the mean absolute change outside the face, 0..1, against the same seed without a person.
    """

    name: str
    tokens: int
    retrieval: float
    cosine: float
    words: float
    outside: float
    seconds: float


def least_alike(tokens: Tensor, count: int) -> Tensor:
    """``count`` of the tokens [photos, q, width], each the one least alike to those taken before; [count, width].

    Greedy: the first photo's first token begins, and the next is that whose highest cosine to a taken one is the
    lowest (farthest-point sampling, Gonzalez 1985, with cosines as diversity-based pruning of visual tokens uses them,
    DivPrune, arXiv 2503.02175).
    """
    flat = tokens.flatten(0, 1)
    unit = F.normalize(flat.float(), dim=1)
    taken, nearest = [0], unit @ unit[0]
    while len(taken) < min(count, len(flat)):
        nearest[taken] = torch.inf
        taken.append(int(nearest.argmin()))
        nearest = torch.maximum(nearest, unit @ unit[taken[-1]])
    return flat[sorted(taken)]


def ways(photos: int, queries: int = 16) -> tuple[Way, ...]:
    """One photo, all of ``photos``, and what is left of their tokens, from most to least."""
    half = queries * photos // 2
    return (
        Way("one photo", 1),
        Way(f"all tokens of {photos} photos", photos),
        Way("all, with the weight of one photo's", photos, share=1 / photos),
        Way(f"the {half} least alike", photos, lambda found: least_alike(found, half)),
        Way(f"the {queries} least alike", photos, lambda found: least_alike(found, queries)),
        Way("the mean of the photos", photos, lambda found: found.mean(0)),
    )


def photo_tokens(
    models: TinyModels,
    encoder: TransFace,
    judge: Judge,
    people: int,
    photos: int,
    *,
    notify: Callable[[str], None] = lambda _words: None,
) -> list[Outcome]:
    """A picture of each of ``people`` held-out persons by each way, all with the same seeds and words."""
    held = RenderedPeople(people, photos, first=HELD_OUT, side=SIDE)
    faces = torch.stack([to_encoder_input(held.render_as_photo(number).aligned) for number in range(len(held))])
    checkpoint, adapter = load_checkpoint(models.checkpoint), load_adapter(models.adapter)
    with torch.no_grad():
        encoded = torch.cat([encoder.tokens(part) for part in torch.split(faces, 32)])
        projected = adapter.project(encoded)
        null = adapter.null_tokens()
    projected = projected.view(people, photos, *projected.shape[1:])
    notify(closeness(projected))
    scenes = [wanted_scenes(one, 1)[0] for one in range(people)]
    words = [caption(scene) for scene in scenes]
    bare = _draw(checkpoint, words, None)
    boxes = _boxes(judge, bare)
    outcomes = []
    for way in ways(photos, projected.shape[2]):
        chosen = torch.stack([way.choose(tokens[: way.photos]) for tokens in projected])
        none = null.repeat(-(-chosen.shape[1] // len(null)), 1)[: chosen.shape[1]].expand_as(chosen)
        started = time.perf_counter()
        pixels = _draw(checkpoint, words, _Given(adapter, none, chosen, way.share))
        seconds = time.perf_counter() - started
        verdicts = [judge.verdict(pixels[one][None], one, [scenes[one]]) for one in range(people)]
        hits, cosines, words_followed = (
            float(np.mean([value[0] for value in values]))
            for values in zip(*((one.hits, one.cosines, one.words) for one in verdicts), strict=True)
        )
        outside = change_outside(bare, pixels, boxes)
        outcomes.append(Outcome(way.name, chosen.shape[1], hits, cosines, words_followed, outside, seconds))
        notify(_row(outcomes[-1]))
    return outcomes


def closeness(projected: Tensor) -> str:
    """How alike tokens [people, photos, q, width] are: of one query in two photos, in two people, of two queries."""
    unit = F.normalize(projected.float(), dim=-1)
    first, second = unit[:, 0], unit[:, 1]
    between = first @ first.transpose(1, 2)
    others = between[:, ~torch.eye(between.shape[1], dtype=torch.bool)]
    photos, people = (first * second).sum(-1).median(), (first[1:] * first[:-1]).sum(-1).median()
    return (
        f"Cosine of one query's tokens in two photos of a person {photos:.2f} (median), of two people {people:.2f}, of "
        f"two queries' in one photo {others.median():.2f}."
    )


def page(outcomes: Sequence[Outcome], people: int, command: str) -> str:
    """The table as Markdown, with what its columns mean."""
    lines = [
        "| tokens | how many | retrieval | cosine | words | change outside | seconds |",
        "|---|---|---|---|---|---|---|",
        *map(_row, outcomes),
    ]
    table = "\n".join(lines)
    return f"""# The tokens of several photos

Made by `{command}`: {people} rendered people whom no model has seen, a picture of each, strength {STRENGTH:g}, CFG
{CFG:g}, {STEPS} steps of DDIM. Retrieval is the share whose person is the nearest of 100 to the judge of [a person's
LoRA](person-lora.md), whose encoder is FACT's; words are background and garment; change outside is the mean
difference, 0 to 1, from the picture of the same seed without a person; seconds are for all pictures.

{table}
"""


def _row(one: Outcome) -> str:
    return (
        f"| {one.name} | {one.tokens} | {one.retrieval:.0%} | {one.cosine:.3f} | {one.words:.0%} "
        f"| {one.outside:.4f} | {one.seconds:.0f} |"
    )


def _boxes(judge: Judge, pixels: Pixels) -> Tensor:
    """Faces' boxes [n, 4] in 0..1, of head and hair, by the five points that the judge's locator finds."""
    points = torch.as_tensor(np.asarray(locate(judge.locator, pixels)), dtype=torch.float32)
    eyes = (points[:, 1] - points[:, 0]).norm(dim=1, keepdim=True)
    middle = points.mean(1)
    return torch.cat([middle - 1.6 * eyes, middle + 1.6 * eyes], dim=1) / SIDE


@dataclass(frozen=True, eq=False)
class _Given:
    """An adapter with the tokens [n, t, width] of unconditional and of conditional rows."""

    adapter: Any
    none: Tensor
    chosen: Tensor
    share: float


def _draw(checkpoint: Checkpoint, words: Sequence[str], given: _Given | None) -> Pixels:
    """A picture for each prompt, uint8 [n, s, s, 3], seeds from 0 on."""
    sampling = SamplingSettings(SIDE, STEPS, CFG)
    parts = []
    for first in range(0, len(words), BATCH):
        some = slice(first, first + BATCH)
        seeds = range(first, first + len(words[some]))
        if given is None:
            parts.append(generate_pictures(checkpoint, words[some], seeds, sampling))
            continue
        tokens = given.none[some], given.chosen[some]
        weighted = _weighted(given.share, tokens[0].shape[1])
        drawn = generate_pictures(
            checkpoint, words[some], seeds, sampling, adapter=given.adapter, tokens=tokens, strength=STRENGTH,
            attach=weighted,
        )  # fmt: skip
        parts.append(drawn)
    return np.concatenate(parts)


def _weighted(share: float, count: int) -> Attach:
    """An ``attach`` whose ``count`` tokens weigh ``share`` of what they would in the attention."""

    def attach_weighted(
        unet: nn.Module, adapter: Any, tokens: Tensor, strength: float
    ) -> AbstractContextManager[Attachment]:
        bias = None if share == 1 else torch.full((count,), float(np.log(share)))
        return attach(unet, adapter, tokens, strength=strength, options=AttachOptions(bias=[bias]))

    return attach_weighted
