"""The judge: a network of its own, trained on drawn pictures, that tells who, where, what and how.

It shares nothing with the encoder that injects identities: other layers, other data order, whole pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from facechain_ext.training.pairs import draw_pairs, pair_loss
from facechain_ext.training.world.scenes import ACCESSORIES, BACKGROUNDS, CLOTHES, FRAMINGS, GARMENTS, STYLES

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.faces.types import Pixels
    from facechain_ext.training.evaluate.drawn import DrawnPeople
    from facechain_ext.training.world import Scene

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
_CROP, _MARGIN = 64, 1.7
"""Side of the crop that persons are told by, and how much larger than the face it is: hair and ears belong to it."""
_JITTER, _FOUND = 0.12, 0.5
"""Largest shift of the true box in training, in its own size, and the share of rows cropped at the box that was found.

The judge finds faces of generated pictures by itself: trained on true boxes with a shift of 0.06 alone, it told 70 of
100 people apart at true boxes and 30 at its own.
"""
_BOX_WEIGHT = 100.0
"""Of the squared error of the box, which is small in fractions of the picture's side."""
_NOISE, _BLUR = 0.05, 0.5
"""Noise on every picture in training, and the share that is shrunk and enlarged again: generated ones are not clean."""


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


class Judge(nn.Module):
    """``identity``: unit vectors [n, 128]; ``attributes``: logits by name; ``facts``: yaw, smile and box [n, 6].

    The box is left, top, right, bottom of the face as fractions of the picture's side. Who it is is read from a crop
    around the box, the rest from the whole picture: whole pictures told 39 of 100 people apart where crops tell more.
    """

    def __init__(self, side: int = 64) -> None:
        super().__init__()
        self.side = side
        cells = (side // 16) ** 2 * _WIDTH
        self.who, self.what = Trunk(), Trunk()
        self.embed = nn.Linear((_CROP // 16) ** 2 * _WIDTH, _WIDTH)
        self.heads = nn.ModuleDict({name: nn.Linear(cells, len(values)) for name, values in ATTRIBUTES.items()})
        self.facts = nn.Linear(cells, 6)
        with torch.no_grad():  # the middle of the picture, where faces are
            self.facts.weight[2:] *= 0.1
            self.facts.bias[2:] = torch.tensor((0.25, 0.2, 0.75, 0.8))

    def forward(
        self, pictures: Tensor, boxes: Tensor | None = None, *, use_found: Tensor | None = None
    ) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        """Pictures [n, 3, s, s] in -1..1.

        Without ``boxes`` [n, 4] the judge uses those it finds; with them, in the rows of ``use_found`` [n, 1].
        """
        seen = self.what(pictures).flatten(1)
        facts = self.facts(seen)
        found = facts[:, 2:].detach().clamp(0, 1)
        if boxes is None:
            boxes = found
        elif use_found is not None:
            boxes = torch.where(use_found, found, boxes)
        crops = face_crops(pictures, boxes)
        identity = F.normalize(self.embed(self.who(crops).flatten(1)), dim=1)
        return identity, {name: head(seen) for name, head in self.heads.items()}, facts


def face_crops(pictures: Tensor, boxes: Tensor) -> Tensor:
    """Squares [n, 3, 64, 64] around ``boxes`` [n, 4] (left, top, right, bottom in 0..1) of pictures [n, 3, s, s]."""
    left, top, right, bottom = boxes.unbind(1)
    half = (_MARGIN * torch.maximum(right - left, bottom - top)).clamp(min=0.1)
    zero = torch.zeros_like(half)
    across = torch.stack([half, zero, left + right - 1], 1)
    down = torch.stack([zero, half, top + bottom - 1], 1)
    grid = F.affine_grid(torch.stack([across, down], 1), [len(pictures), 3, _CROP, _CROP], align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the judge says of pictures: identity [n, 128], attribute -> value numbers [n], yaw, smile, boxes [n, 4]."""

    identity: Tensor
    attributes: dict[str, Tensor]
    yaw: Tensor
    smile: Tensor
    boxes: Tensor


def to_judge(pixels: Pixels) -> Tensor:
    """Pictures uint8 [n, s, s, 3] as the judge takes them."""
    return torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1.0).permute(0, 3, 1, 2).contiguous()


def attribute_numbers(scene: Scene) -> dict[str, int]:
    """The values of a scene as places in ATTRIBUTES."""
    return {name: values.index(getattr(scene, name)) for name, values in ATTRIBUTES.items()}


def train_judge(people: DrawnPeople, *, steps: int, batch: int = 64, seed: int = 0) -> Judge:
    """A judge trained on pairs of pictures of ``people`` for so many steps; the same for the same seed on a CPU.

    People need two pictures or more. A softmax over the persons themselves learned them by heart (6 % retrieval of
    others after 900 steps); pairs do not.
    """
    torch.manual_seed(seed)
    side = people.portraits[0].drawn.pixels.shape[0]
    judge = Judge(side)
    numbers = [attribute_numbers(portrait.scene) for portrait in people.portraits]
    attributes = {name: torch.tensor([row[name] for row in numbers]) for name in ATTRIBUTES}
    facts = torch.tensor(
        [(p.nuisance.yaw, p.nuisance.smile, *_box(p.drawn.face)) for p in people.portraits], dtype=torch.float32
    )
    optimizer = torch.optim.AdamW(judge.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=max(steps, 2))
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    for _ in range(steps):
        rows = draw_pairs(len(people), people.each, rng, batch // 2).flatten()
        pictures = to_judge(np.stack([people.portraits[n].drawn.pixels for n in rows]))
        around = facts[rows, 2:]
        size = (around[:, 2:] - around[:, :2]).repeat(1, 2)
        shifted = around + _JITTER * size * (2 * torch.rand(around.shape, generator=generator) - 1)
        found = torch.rand(len(rows), 1, generator=generator) < _FOUND
        identity, logits, told = judge(_worn(pictures, generator), shifted, use_found=found)
        loss = pair_loss(*identity.chunk(2))
        loss = loss + sum(F.cross_entropy(logits[name], attributes[name][rows]) for name in ATTRIBUTES)
        loss = loss + 4 * F.mse_loss(told[:, :2], facts[rows, :2])
        loss = loss + _BOX_WEIGHT * F.mse_loss(told[:, 2:], around)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return judge.eval()


def load_judge(path: Path, told: str) -> Judge | None:
    """The judge that ``save_judge`` wrote with the same ``told``; None when there is none such."""
    if not path.is_file():
        return None
    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        if metadata.get("told") != told:
            return None
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
    judge = Judge(int(metadata["side"]))
    judge.load_state_dict(state)
    return judge.eval()


def save_judge(judge: Judge, path: Path, told: str) -> None:
    """Keep a judge for the next measuring; ``told`` says what it was trained by."""
    part = path.with_name(f"{path.name}.part")
    save_file(judge.state_dict(), part, {"told": told, "side": str(judge.side)})
    part.replace(path)


def _worn(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures with noise, half of them blurred."""
    small = F.interpolate(pictures, scale_factor=0.5, mode="area")
    blurred = F.interpolate(small, size=pictures.shape[-2:], mode="bilinear")
    mild = torch.rand(len(pictures), 1, 1, 1, generator=generator) < _BLUR
    return torch.where(mild, blurred, pictures) + _NOISE * torch.randn(pictures.shape, generator=generator)


@torch.no_grad()
def ask(judge: Judge, pixels: Pixels) -> Verdict:
    """What the judge says of pictures uint8 [n, s, s, 3]."""
    parts = [judge(part) for part in torch.split(to_judge(pixels), 64)]
    identity = torch.cat([part[0] for part in parts])
    attributes = {name: torch.cat([part[1][name] for part in parts]).argmax(1) for name in ATTRIBUTES}
    facts = torch.cat([part[2] for part in parts])
    return Verdict(identity, attributes, facts[:, 0], facts[:, 1], facts[:, 2:].clamp(0, 1))


def _box(mask: np.ndarray) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a mask in fractions of its side; the middle half when it is empty."""
    rows, columns = np.where(mask.any(1))[0], np.where(mask.any(0))[0]
    if not len(rows):
        return 0.25, 0.25, 0.75, 0.75
    side = len(mask)
    return columns[0] / side, rows[0] / side, (columns[-1] + 1) / side, (rows[-1] + 1) / side
