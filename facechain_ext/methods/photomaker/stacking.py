"""From an identity's photos to the stacked ID embeddings of a prompt, and how people are mixed in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from facechain_ext.errors import InputError
from facechain_ext.identity.projection_cache import project_cached
from facechain_ext.methods.photomaker.pixels import clip_pixels
from facechain_ext.methods.photomaker.recognition import face_embedding
from facechain_ext.methods.photomaker.settings import AVERAGE, HEAD, MIDDLE, STACK

if TYPE_CHECKING:
    from torch import Tensor

    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.methods.photomaker.model import PhotoMaker


@dataclass(frozen=True, eq=False)
class StackedIdentity:
    """The stacked ID embeddings ``embeds`` [k, width] and their ``weights`` [k] in 0..1; ``notes`` for the user."""

    embeds: Tensor
    weights: Tensor
    notes: tuple[str, ...] = ()


def stack_identity(encoder: PhotoMaker, identity: Identity, mixing: str = AVERAGE, crop: str = HEAD) -> StackedIdentity:
    """The stacked ID embeddings of an identity that has ``heads``.

    Each photo with a weight above 0 gives its embeddings. In a mix of people, "average" makes each of them the mean of
    all people's by their shares; "stack" puts every photo of everybody in, each with its person's share as weight (the
    largest is 1), as the paper mixes by the numbers of photos. ``crop`` is HEAD or MIDDLE; a card has the first only.
    A photo without a face is left out of both of version 2's inputs. Raises InputError when no photo is left,
    WeightsError where version 2's recognition network is missing.
    """
    middles = identity.middles if crop == MIDDLE else None
    rows, missing = _rows(encoder, identity, middles)
    if mixing == STACK and identity.blend:
        largest = max(identity.photo_shares)
        parts = [(row, share / largest) for photo, row in rows.items() if (share := identity.photo_shares[photo]) > 0]
    else:
        parts = [
            (mean, identity.weights[block])
            for block in range(len(identity.weights))
            if identity.weights[block] > 0 and (mean := _mean(rows, identity.block_shares(block))) is not None
        ]
    if not parts:
        raise InputError(
            "No face is found in any photo of this person, and PhotoMaker v2 needs one. Use another photo, or a "
            "PhotoMaker file of version 1."
        )
    embeds = torch.stack([row for row, _ in parts])
    weights = torch.tensor([weight for _, weight in parts])
    notes = tuple(
        f"The photo {identity.photos[photo].name} is left out: PhotoMaker v2 finds no face in it." for photo in missing
    )
    if crop == MIDDLE and middles is None:
        notes += (
            "A card keeps no more of a photo than head and shoulders, so these are taken, not its middle. Give the "
            "photos instead.",
        )
    return StackedIdentity(embeds.flatten(0, 1), weights.repeat_interleave(embeds.shape[1]), notes)


def _rows(encoder: PhotoMaker, identity: Identity, middles: Pixels | None) -> tuple[dict[int, Tensor], list[int]]:
    """The embeddings [tokens, width] of each photo, by its number, and the numbers of photos without a face.

    The pixels are those of ``middles`` where there are any; version 2's face is always that of head and shoulders.
    """
    assert identity.heads is not None
    side, version = encoder.sizes.vision.side, encoder.version
    embed = face_embedding(encoder.name) if version == 2 else None
    rows: dict[int, Tensor] = {}
    missing: list[int] = []
    for number, head in enumerate(identity.heads):
        photo = clip_pixels(head if middles is None else middles[number], side).flatten()
        if embed is not None:
            face = embed(head)
            if face is None:
                missing.append(number)
                continue
            photo = torch.cat([photo, torch.from_numpy(face)])
        rows[number] = project_cached(encoder, photo[None])[0].float().cpu()
    return rows, missing


def _mean(rows: dict[int, Tensor], shares: tuple[float, ...]) -> Tensor | None:
    """The mean of the photos' rows by their shares; None where no photo with a share is there."""
    there = [(row, shares[number]) for number, row in rows.items() if shares[number] > 0]
    if not there:
        return None
    total = sum(share for _, share in there)
    return torch.stack([row * (share / total) for row, share in there]).sum(0)
