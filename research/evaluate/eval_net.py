"""The judge: a network of its own, trained on drawn pictures, that tells who, where, what and how.

It shares nothing with the encoder that injects identities: other layers, other data order, whole pictures.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from facechain_ext.faces.alignment import ARCFACE_POINTS, ARCFACE_SIZE
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.training.pairs import draw_pairs, pair_loss
from research.synthetic_world import EDITION
from research.synthetic_world.people import Person, person
from research.synthetic_world.scenes import ACCESSORIES, BACKGROUNDS, CLOTHES, FRAMINGS, GARMENTS, STYLES

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.faces.types import Pixels
    from research.evaluate.rendered import Portrait, RenderedPeople
    from research.synthetic_world import Scene

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "background": tuple(BACKGROUNDS),
    "colour": tuple(CLOTHES),
    "garment": GARMENTS,
    "accessory": ACCESSORIES,
    "style": STYLES,
    "framing": FRAMINGS,
}
"""What a caption tells, and its possible values."""
_WIDTH = 128
_CROP, _MARGIN = 64, 1.5
"""Side of the crop that persons are told by, and how much more it shows than the encoder's: hair, ears and jaw."""
_JITTER, _FOUND = 0.1, 0.5
"""Largest shift of each true landmark in training, in distances of the eyes, and the share of rows that are cropped at
the landmarks that were found.

The judge finds the faces of generated pictures by itself: trained on true places with small shifts alone, it told 70 of
100 people apart at true places and 30 at its own.
"""
_PLACE_WEIGHT = 100.0
"""Of the squared error of box and landmarks, which is small in fractions of the picture's side."""
_NUMBERS_WEIGHT = 10.0
"""Of the squared error of the numbers that drew the person: pairs alone are told apart by what differs most."""
_POINTS = 2 / _MARGIN * (torch.from_numpy(ARCFACE_POINTS).float() / ARCFACE_SIZE - 0.5)
"""Where the landmarks lie in the crop, which reaches from -1 to 1, [5, 2]."""
_NOISE, _SHRUNK = 0.05, (1, 2, 3, 4)
"""Noise on every picture in training, and how often each is shrunk, one of these at random, and enlarged again.

Generated pictures have no fine lines. A judge that had seen half of its pictures at half their size and all others
whole told real drawings apart by their eyes and mouths, and was lost where those are blurred.
"""
TRAINED_ON = {
    "world": EDITION,
    "crop": _CROP,
    "margin": _MARGIN,
    "jitter": _JITTER,
    "found": _FOUND,
    "noise": _NOISE,
    "shrunk": _SHRUNK,
    "place_weight": _PLACE_WEIGHT,
    "numbers_weight": _NUMBERS_WEIGHT,
}
"""What a judge depends on beside its budget: one that was kept is used again only where all of it is the same."""


class Trunk(nn.Module):
    """Five strided convolutions: pictures [n, 3, s, s] to [n, width, s/16, s/16]."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, _WIDTH, _WIDTH)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.GroupNorm(8, after), nn.SiLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(_WIDTH, _WIDTH, 3, 1, 1), nn.SiLU())

    def forward(self, pictures: Tensor) -> Tensor:
        """What the docstring of the class says."""
        out: Tensor = self.layers(pictures)
        return out


class EvalNet(nn.Module):
    """``identity``: vectors [n, 128]; ``attributes``: logits by name; ``facts``: yaw and smile [n, 2].

    Who it is is read from a crop that five landmarks bring upright and to size, the rest from the whole picture: whole
    pictures told 39 of 100 people apart, crops at a box 55. Finding the place has layers of its own: in common ones it
    took 22 points from the attributes.
    """

    def __init__(self, side: int = 64) -> None:
        super().__init__()
        self.side = side
        cells = (side // 16) ** 2 * _WIDTH
        self.who, self.what, self.where = Trunk(), Trunk(), Trunk()
        self.embed = nn.Linear((_CROP // 16) ** 2 * _WIDTH, _WIDTH)
        self.heads = nn.ModuleDict({name: nn.Linear(cells, len(values)) for name, values in ATTRIBUTES.items()})
        self.facts, self.place = nn.Linear(cells, 2), nn.Linear(cells, 4 + 2 * len(_POINTS))
        self.numbers = nn.Linear(_WIDTH, len(fields(Person)))
        with torch.no_grad():  # the middle of the picture, where faces are
            self.place.weight *= 0.1
            self.place.bias.copy_(torch.tensor((0.25, 0.2, 0.75, 0.8, *(0.25 * _POINTS + 0.5).flatten().tolist())))

    def forward(
        self, pictures: Tensor, landmarks: Tensor | None = None, *, use_found: Tensor | None = None
    ) -> tuple[Tensor, dict[str, Tensor], Tensor, Tensor]:
        """Pictures [n, 3, s, s] in -1..1 give identity, attributes, facts, and places [n, 14]: box, five landmarks.

        Places are fractions of the picture's side. Without ``landmarks`` [n, 5, 2] the judge crops at those it finds;
        with them, in the rows of ``use_found`` [n, 1, 1].
        """
        seen = self.what(pictures).flatten(1)
        place = self.place(self.where(pictures).flatten(1))
        found = place[:, 4:].detach().reshape(-1, len(_POINTS), 2)
        if landmarks is None:
            landmarks = found
        elif use_found is not None:
            landmarks = torch.where(use_found, found, landmarks)
        identity = self.embed(self.who(face_crops(pictures, landmarks)).flatten(1))
        return identity, {name: head(seen) for name, head in self.heads.items()}, self.facts(seen), place


def face_crops(pictures: Tensor, landmarks: Tensor) -> Tensor:
    """Squares [n, 3, 64, 64] of pictures [n, 3, s, s] that bring ``landmarks`` [n, 5, 2] in 0..1 to the same places.

    The similarity is the one of least squares (Umeyama 1991, without reflection, in closed form).
    """
    centre = landmarks.mean(1, keepdim=True)
    found = landmarks - centre
    points = (_POINTS - _POINTS.mean(0)).to(landmarks)
    across = (found * points).sum((1, 2)) / points.square().sum()
    turn = (points[:, 0] * found[..., 1] - points[:, 1] * found[..., 0]).sum(1) / points.square().sum()
    matrix = torch.stack([torch.stack([across, -turn], 1), torch.stack([turn, across], 1)], 1)
    offset = centre[:, 0] - torch.einsum("nij,j->ni", matrix, _POINTS.mean(0).to(landmarks))
    theta = torch.cat([2 * matrix, (2 * offset - 1)[..., None]], 2)
    grid = F.affine_grid(theta, [len(pictures), 3, _CROP, _CROP], align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the judge says of pictures: identity [n, 128], attribute -> value numbers [n], yaw, smile, boxes [n, 4]."""

    identity: Tensor
    attributes: dict[str, Tensor]
    yaw: Tensor
    smile: Tensor
    boxes: Tensor


def to_eval_net(pixels: Pixels) -> Tensor:
    """Pictures uint8 [n, s, s, 3] as the judge takes them."""
    return torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1.0).permute(0, 3, 1, 2).contiguous()


def attribute_numbers(scene: Scene) -> dict[str, int]:
    """The values of a scene as places in ATTRIBUTES."""
    return {name: values.index(getattr(scene, name)) for name, values in ATTRIBUTES.items()}


def train_eval_net(people: RenderedPeople, *, steps: int, batch: int = 64, seed: int = 0) -> EvalNet:
    """A judge trained on pairs of pictures of ``people`` for so many steps; the same for the same seed on a CPU.

    People need two pictures or more. A softmax over the persons themselves learned them by heart (6 % retrieval of
    others after 900 steps); pairs do not.
    """
    torch.manual_seed(seed)
    side = people.portraits[0].drawn.pixels.shape[0]
    judge = EvalNet(side)
    numbers = [attribute_numbers(portrait.scene) for portrait in people.portraits]
    attributes = {name: torch.tensor([row[name] for row in numbers]) for name in ATTRIBUTES}
    facts = torch.tensor([(p.nuisance.yaw, p.nuisance.smile) for p in people.portraits], dtype=torch.float32)
    places = torch.from_numpy(np.stack([_place(portrait) for portrait in people.portraits]))
    drawn_by = [person(people.first + portrait.who) for portrait in people.portraits]
    who = torch.tensor([list(vars(one).values()) for one in drawn_by], dtype=torch.float32)
    optimizer = torch.optim.AdamW(judge.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=max(steps, 2))
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    for _ in range(steps):
        rows = draw_pairs(len(people), people.each, rng, batch // 2).flatten()
        pictures = to_eval_net(np.stack([people.portraits[n].drawn.pixels for n in rows]))
        points = places[rows, 4:].reshape(-1, len(_POINTS), 2)
        eyes = (points[:, 1] - points[:, 0]).norm(dim=1)[:, None, None]
        shifted = points + _JITTER * eyes * (2 * torch.rand(points.shape, generator=generator) - 1)
        found = torch.rand(len(rows), 1, 1, generator=generator) < _FOUND
        identity, logits, told, place = judge(_worn(pictures, generator), shifted, use_found=found)
        loss = pair_loss(*identity.chunk(2)) + _NUMBERS_WEIGHT * F.mse_loss(judge.numbers(identity), who[rows])
        loss = loss + sum(F.cross_entropy(logits[name], attributes[name][rows]) for name in ATTRIBUTES)
        loss = loss + 4 * F.mse_loss(told, facts[rows])
        loss = loss + _PLACE_WEIGHT * F.mse_loss(place, places[rows])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return judge.eval()


def load_eval_net(path: Path, told: str) -> EvalNet | None:
    """The judge that ``save_eval_net`` wrote with the same ``told``; None when there is none such."""
    if not path.is_file():
        return None
    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        if metadata.get("told") != told:
            return None
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
    judge = EvalNet(int(metadata["side"]))
    judge.load_state_dict(state)
    return judge.eval()


def save_eval_net(judge: EvalNet, path: Path, told: str) -> None:
    """Keep a judge for the next measuring; ``told`` says what it was trained by."""
    with atomic_write(path) as part:
        save_file(judge.state_dict(), part, {"told": told, "side": str(judge.side)})


def _worn(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures with noise, shrunk and enlarged again by one of _SHRUNK."""
    sides = pictures.shape[-2:]
    which = torch.randint(len(_SHRUNK), (len(pictures), 1, 1, 1), generator=generator)
    worn = pictures
    for number, factor in enumerate(_SHRUNK):
        small = F.interpolate(pictures, [side // factor for side in sides], mode="area")
        worn = torch.where(which == number, F.interpolate(small, sides, mode="bilinear"), worn)
    return worn + _NOISE * torch.randn(pictures.shape, generator=generator)


@torch.no_grad()
def ask(judge: EvalNet, pixels: Pixels) -> Verdict:
    """What the judge says of pictures uint8 [n, s, s, 3]."""
    parts = [judge(part) for part in torch.split(to_eval_net(pixels), 64)]
    identity = F.normalize(torch.cat([part[0] for part in parts]), dim=1)
    attributes = {name: torch.cat([part[1][name] for part in parts]).argmax(1) for name in ATTRIBUTES}
    facts = torch.cat([part[2] for part in parts])
    boxes = torch.cat([part[3] for part in parts])[:, :4].clamp(0, 1)
    return Verdict(identity, attributes, facts[:, 0], facts[:, 1], boxes)


def _place(portrait: Portrait) -> np.ndarray:
    """Box and landmarks of a drawn face as the judge tells them, float32 [14]."""
    side = len(portrait.drawn.face)
    return np.array([*_box(portrait.drawn.face), *(portrait.drawn.landmarks.flatten() / side)], np.float32)


def _box(mask: np.ndarray) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a mask in fractions of its side; the middle half when it is empty."""
    rows, columns = np.where(mask.any(1))[0], np.where(mask.any(0))[0]
    if not len(rows):
        return 0.25, 0.25, 0.75, 0.75
    side = len(mask)
    return columns[0] / side, rows[0] / side, (columns[-1] + 1) / side, (rows[-1] + 1) / side
