"""Mixing two identities: likeness of the mix to each, in embeddings, identity tokens and generated pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

from facechain_ext.identity import Identity, likeness
from facechain_ext.identity.encode import PhotoFact, to_encoder_input
from facechain_ext.training.adapter.sampling import SamplingSettings, generate_pictures
from research.evaluate.eval_net import predict
from research.synthetic_world import caption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.identity import TransFace
    from facechain_ext.methods.fact import FaceAdapter
    from research.evaluate.budget import Budget
    from research.evaluate.eval_net import EvalNet
    from research.evaluate.rendered import RenderedPeople

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Weights of the second person in the mix."""
STRENGTH = 1.0


KINDS = ("embedding", "tokens", "pictures")
"""Where likeness is measured: embeddings, identity tokens, and the eval net's vectors of generated pictures."""


@dataclass(frozen=True)
class Mixed:
    """A mix with ``share`` of the second person: cosines to the first and to the second, the means over the pairs."""

    share: float
    embedding: tuple[float, float]
    tokens: tuple[float, float]
    pictures: tuple[float, float]


@dataclass(frozen=True)
class Mixing:
    """The mean figures of ``pairs`` pairs at each share.

    ``monotone`` is, for each of KINDS, the share of pairs whose likeness to the first person falls, and to the second
    rises, from every share to the next.
    """

    pairs: int
    rows: tuple[Mixed, ...]
    monotone: dict[str, float]


def rendered_identity(people: RenderedPeople, number: int, encoder: TransFace) -> Identity:
    """The identity of one rendered photo, from its ground-truth face; no detector is run."""
    photo = people.render_as_photo(number)
    with torch.no_grad():
        tokens, embedding = encoder(to_encoder_input(photo.aligned)[None])
    rows, columns = np.where(photo.mask.any(1))[0], np.where(photo.mask.any(0))[0]
    box = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    fact = PhotoFact(f"synthetic {number}", "", 1, box, "synthetic", "synthetic")
    return Identity(tokens, embedding, photo.aligned[None], photo.pixels, (fact,), (1.0,), encoder.digest)


def mix_at_shares(first: Identity, second: Identity) -> list[Identity]:
    """The mix of two identities at each of SHARES."""
    return [Identity.mix([(first, 1 - share), (second, share)]) for share in SHARES]


def likenesses(vectors: Sequence[Tensor]) -> list[tuple[float, float]]:
    """Cosines of each of ``vectors`` to the first and to the last."""
    flat = [vector.flatten() for vector in vectors]
    return [(likeness(vector, flat[0]), likeness(vector, flat[-1])) for vector in flat]


def measure_mixing(
    checkpoint: Checkpoint,
    adapter: FaceAdapter,
    encoder: TransFace,
    eval_net: EvalNet,
    people: RenderedPeople,
    budget: Budget,
) -> Mixing:
    """Measure ``budget.mixed_pairs`` pairs of ``people``, mixed at SHARES and generated with the same prompt and seed.

    Of each person the first three photos are the gallery and the fourth is the face photo; the prompt is the caption of
    the fifth photo of the pair's first person.
    """
    count = len(people) // people.each
    sampling = SamplingSettings(budget.side, budget.draw_steps, budget.cfg)
    cosines_of_pairs = []
    for pair in range(min(budget.mixed_pairs, count // 2)):
        rows = [person * people.each for person in (2 * pair, 2 * pair + 1)]
        mixed = mix_at_shares(*(rendered_identity(people, row + 3, encoder) for row in rows))
        prompt = caption(people.portraits[rows[0] + 4].scene)
        conditionings = [one.conditioning(adapter) for one in mixed]
        pixels = generate_pictures(
            checkpoint,
            [prompt] * len(SHARES),
            [budget.seed + pair] * len(SHARES),
            sampling,
            adapter=adapter,
            tokens=(
                torch.stack([one.null_tokens for one in conditionings]),
                torch.stack([one.tokens for one in conditionings]),
            ),
            strength=STRENGTH,
        )
        gallery = [_gallery(eval_net, people, row) for row in rows]
        pictures = [
            (likeness(one, gallery[0]), likeness(one, gallery[1])) for one in predict(eval_net, pixels).identity
        ]
        embeddings = likenesses([one.embedding for one in mixed])
        tokens = likenesses([one.tokens for one in conditionings])
        cosines_of_pairs.append(list(zip(embeddings, tokens, pictures, strict=True)))
    return mean_mixing(cosines_of_pairs)


def mean_mixing(cosines_of_pairs: Sequence[Sequence[Sequence[tuple[float, float]]]]) -> Mixing:
    """Mean figures of cosines [pairs][shares][kinds][first, second] of at least one pair."""
    cosines = np.array(cosines_of_pairs)
    means = cosines.mean(0)
    rows = [
        Mixed(share, *((float(first), float(second)) for first, second in row))
        for share, row in zip(SHARES, means, strict=True)
    ]
    towards_second = np.diff(cosines * np.array([-1, 1]), axis=1) > 0
    monotone = towards_second.all((1, 3)).mean(0)
    return Mixing(len(cosines_of_pairs), tuple(rows), dict(zip(KINDS, map(float, monotone), strict=True)))


def _gallery(eval_net: EvalNet, people: RenderedPeople, row: int) -> Tensor:
    """The gallery vector [d] of a person: the unit mean over three photos."""
    prediction = predict(eval_net, np.stack([people.photo(row + n).pixels for n in range(3)]))
    return F.normalize(prediction.identity.mean(0), dim=0)


def table(mixing: Mixing) -> list[str]:
    """The figures as Markdown lines."""
    rows = [
        f"| {row.share:.0%} | " + " | ".join(f"{x:.3f}" for kind in KINDS for x in getattr(row, kind)) + " |"
        for row in mixing.rows
    ]
    monotone = ", ".join(f"{kind} {mixing.monotone[kind]:.0%}" for kind in KINDS)
    return [
        f"Two people mixed, at strength {STRENGTH:g}: cosines to the first and to the second person, the means over "
        f"{mixing.pairs} pairs; the pictures of a pair have the same words and seed.",
        "",
        "| share of the second | embedding: first | second | tokens: first | second | pictures: first | second |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
        f"Pairs whose likeness to the first falls, and to the second rises, at every step: {monotone}.",
        "",
    ]
