"""Five landmarks of the face in a picture of the synthetic world, by a small network of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from facechain_ext.storage.atomic_write import atomic_write
from research.evaluate.eval_net import ConvTrunk, to_eval_net
from research.synthetic_world import EDITION, nuisance, person, render, scene

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.faces.types import Pixels

SIDE, POINTS = 96, 5
CHANNELS = 128
"""Of the trunk's last layer."""
PEOPLE, STEPS, BATCH, RATE = 3000, 500, 32, 2e-3
"""Of the training: rendered people with one picture each, steps, pictures in a step, highest learning rate."""
_FIRST, _NOISE = 7_000_000, 0.05
"""Person seed of the first of them, whom nothing else is trained on or measured with; noise on the pictures."""


class Locator(nn.Module):
    """Pictures [n, 3, 96, 96] in -1..1 to landmarks [n, 5, 2] in fractions of the side."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = ConvTrunk()
        self.head = nn.Linear(CHANNELS * (SIDE // 16) ** 2, 2 * POINTS)

    def forward(self, pictures: Tensor) -> Tensor:
        """The landmarks."""
        out: Tensor = self.head(self.trunk(pictures).flatten(1)).view(-1, POINTS, 2)
        return out


def load_or_train_locator(folder: Path) -> Locator:
    """The locator of this edition of the world, trained once and kept in ``folder``; the same on every CPU run."""
    path = folder / f"locator-{EDITION}-{PEOPLE}-{STEPS}.safetensors"
    torch.manual_seed(0)
    locator = Locator()
    if path.is_file():
        locator.load_state_dict(load_file(path))
        return locator.eval()
    drawn = [render(person(seed), scene(seed), nuisance(seed), side=SIDE) for seed in range(_FIRST, _FIRST + PEOPLE)]
    pictures = to_eval_net(np.stack([one.pixels for one in drawn]))
    points = torch.from_numpy(np.stack([one.landmarks for one in drawn]).astype(np.float32)) / SIDE
    with torch.no_grad():
        locator.head.weight *= 0.1
        locator.head.bias.copy_(points.mean(0).flatten())
    optimizer = torch.optim.AdamW(locator.parameters(), lr=RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    generator = torch.Generator().manual_seed(0)
    for _ in range(STEPS):
        rows = torch.randint(PEOPLE, (BATCH,), generator=generator)
        noisy = pictures[rows] + _NOISE * torch.randn(BATCH, 3, SIDE, SIDE, generator=generator)
        loss = F.smooth_l1_loss(locator(noisy), points[rows], beta=0.02)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as part:
        save_file(locator.state_dict(), part)
    return locator.eval()


@torch.no_grad()
def locate(locator: Locator, pixels: Pixels) -> np.ndarray:
    """Landmarks [n, 5, 2] in pixels of pictures uint8 [n, 96, 96, 3]."""
    parts = [locator(part) for part in torch.split(to_eval_net(pixels), 64)]
    return np.asarray(torch.cat(parts).numpy() * SIDE, np.float32)
