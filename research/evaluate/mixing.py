"""Mixing two people: how like the mix is to each of them, in the encoder, for the U-Net, and in pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F

from facechain_ext.identity import Identity, likeness
from facechain_ext.identity.encode import PhotoFact, to_encoder_input
from facechain_ext.training.adapter.sampling import Drawing, draw
from research.evaluate.eval_net import ask
from research.synthetic_world import caption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.identity import TransFace
    from research.evaluate.budget import Budget
    from research.evaluate.eval_net import EvalNet
    from research.evaluate.rendered import RenderedPeople

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""How much of the second person is in the mix."""
STRENGTH = 1.0


KINDS = ("embedding", "tokens", "pictures")
"""Where likeness is measured: the encoder's space, what the U-Net sees, and the judge's eye on generated pictures."""


@dataclass(frozen=True)
class Mixed:
    """A mix with ``share`` of the second person: cosines to the first and to the second, the means over the pairs."""

    share: float
    embedding: tuple[float, float]
    tokens: tuple[float, float]
    pictures: tuple[float, float]


@dataclass(frozen=True)
class Mixing:
    """The mixes of so many ``pairs`` at each share.

    ``steady`` is, for each of KINDS, the share of pairs whose likeness to the first person falls, and to the second
    rises, from every share to the next.
    """

    pairs: int
    rows: tuple[Mixed, ...]
    steady: dict[str, float]


def rendered_identity(people: RenderedPeople, number: int, encoder: TransFace) -> Identity:
    """The person of one drawn photo, whose face need not be looked for."""
    photo = people.as_photo(number)
    with torch.no_grad():
        tokens, embedding = encoder(to_encoder_input(photo.aligned)[None])
    rows, columns = np.where(photo.mask.any(1))[0], np.where(photo.mask.any(0))[0]
    box = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    fact = PhotoFact(f"drawn {number}", "", 1, box, "drawn", "drawn")
    return Identity(tokens, embedding, photo.aligned[None], photo.pixels, (fact,), (1.0,), encoder.digest)


def mixes(first: Identity, second: Identity) -> list[Identity]:
    """The mix of two people at each of SHARES."""
    return [Identity.mix([(first, 1 - share), (second, share)]) for share in SHARES]


def likenesses(vectors: Sequence[Tensor]) -> list[tuple[float, float]]:
    """Cosines of each of ``vectors`` to the first and to the last."""
    flat = [vector.flatten() for vector in vectors]
    return [(likeness(vector, flat[0]), likeness(vector, flat[-1])) for vector in flat]


def measure_mixing(
    checkpoint: Checkpoint,
    adapter: Any,
    encoder: TransFace,
    judge: EvalNet,
    people: RenderedPeople,
    budget: Budget,
) -> Mixing:
    """``budget.mixed_pairs`` pairs of ``people``, each mixed at SHARES and drawn with the same words and seed.

    Of each person the first three photos are the judge's gallery, the fourth is the face photo, and the fifth of the
    pair's first person lends its words.
    """
    count = len(people) // people.each
    drawing = Drawing(budget.side, budget.draw_steps, budget.cfg)
    told = []
    for pair in range(min(budget.mixed_pairs, count // 2)):
        rows = [who * people.each for who in (2 * pair, 2 * pair + 1)]
        both = mixes(*(rendered_identity(people, row + 3, encoder) for row in rows))
        words = caption(people.portraits[rows[0] + 4].scene)
        seen = [one.conditioning(adapter) for one in both]
        pixels = draw(
            checkpoint,
            [words] * len(SHARES),
            [budget.seed + pair] * len(SHARES),
            drawing,
            adapter=adapter,
            tokens=(torch.stack([one.null_tokens for one in seen]), torch.stack([one.tokens for one in seen])),
            strength=STRENGTH,
        )
        known = [_gallery(judge, people, row) for row in rows]
        pictures = [(likeness(one, known[0]), likeness(one, known[1])) for one in ask(judge, pixels).identity]
        embeddings = likenesses([one.embedding for one in both])
        tokens = likenesses([one.tokens for one in seen])
        told.append(list(zip(embeddings, tokens, pictures, strict=True)))
    return summed(told)


def summed(told: Sequence[Sequence[Sequence[tuple[float, float]]]]) -> Mixing:
    """The figures of cosines [pairs][shares][kinds][first, second]; at least one pair."""
    cosines = np.array(told)
    means = cosines.mean(0)
    rows = [
        Mixed(share, *((float(first), float(second)) for first, second in row))
        for share, row in zip(SHARES, means, strict=True)
    ]
    nearer = np.diff(cosines * np.array([-1, 1]), axis=1) > 0
    steady = nearer.all((1, 3)).mean(0)
    return Mixing(len(told), tuple(rows), dict(zip(KINDS, map(float, steady), strict=True)))


def _gallery(judge: EvalNet, people: RenderedPeople, row: int) -> Tensor:
    """What the judge knows of a person: the mean of three photos."""
    verdict = ask(judge, np.stack([people.photo(row + n).pixels for n in range(3)]))
    return F.normalize(verdict.identity.mean(0), dim=0)


def table(mixing: Mixing) -> list[str]:
    """The figures as lines of Markdown."""
    rows = [
        f"| {row.share:.0%} | " + " | ".join(f"{x:.3f}" for kind in KINDS for x in getattr(row, kind)) + " |"
        for row in mixing.rows
    ]
    steady = ", ".join(f"{kind} {mixing.steady[kind]:.0%}" for kind in KINDS)
    return [
        f"Two people mixed, at strength {STRENGTH:g}: cosines to the first and to the second person, the means over "
        f"{mixing.pairs} pairs; the pictures of a pair have the same words and seed.",
        "",
        "| share of the second | embedding: first | second | tokens: first | second | pictures: first | second |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
        f"Pairs whose likeness to the first falls, and to the second rises, at every step: {steady}.",
        "",
    ]
