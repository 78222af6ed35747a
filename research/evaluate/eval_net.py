"""The eval net: predicts identity, face location, caption attributes and pose of rendered pictures.

It shares nothing with the encoder whose tokens are injected: other layers, other data order, whole pictures.
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
"""Caption attributes and their possible values."""
_WIDTH = 128
_CROP, _MARGIN = 64, 1.5
"""Side of the identity crop in pixels, and its field of view against the encoder's: it includes hair, ears and jaw."""
_LANDMARK_JITTER, _PREDICTED_SHARE = 0.1, 0.5
"""Largest shift of the true landmarks in training, in eye distances, and the share of rows cropped at predicted ones.

On generated pictures the eval net crops at its own predictions: trained on true landmarks with small shifts only, its
retrieval was 70 of 100 at true and 30 at predicted landmarks.
"""
_LOCATION_WEIGHT = 100.0
"""Weight of the squared error of box and landmarks, in fractions of the picture's side."""
_PARAMETERS_WEIGHT = 10.0
"""Weight of the squared error of the person's parameters; pairs alone train only the most varied features."""
_POINTS = 2 / _MARGIN * (torch.from_numpy(ARCFACE_POINTS).float() / ARCFACE_SIZE - 0.5)
"""Landmark positions [5, 2] in the crop, in -1..1."""
_NOISE, _SHRINK_FACTORS = 0.05, (1, 2, 3, 4)
"""Noise on every training picture, and the factors by which pictures are downscaled and upscaled again, at random.

Generated pictures lack fine lines. An eval net whose training pictures were sharp or halved recognised persons by eyes
and mouths, and failed where those are blurred.
"""
EVAL_NET_CONFIG = {
    "world": EDITION,
    "crop": _CROP,
    "margin": _MARGIN,
    "landmark_jitter": _LANDMARK_JITTER,
    "predicted_share": _PREDICTED_SHARE,
    "noise": _NOISE,
    "shrink_factors": _SHRINK_FACTORS,
    "location_weight": _LOCATION_WEIGHT,
    "parameters_weight": _PARAMETERS_WEIGHT,
}
"""The configuration beside the budget; a cached eval net is reused only where all of it is equal."""


class ConvTrunk(nn.Module):
    """Five convolutions, four of them strided: pictures [n, 3, s, s] to [n, width, s/16, s/16]."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, _WIDTH, _WIDTH)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.GroupNorm(8, after), nn.SiLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(_WIDTH, _WIDTH, 3, 1, 1), nn.SiLU())

    def forward(self, pictures: Tensor) -> Tensor:
        """Feature maps of ``pictures``."""
        out: Tensor = self.layers(pictures)
        return out


class EvalNet(nn.Module):
    """``identity``: vectors [n, 128]; ``attributes``: logits by name; ``facts``: yaw and smile [n, 2].

    Identity is computed from a crop aligned at five landmarks, the rest from the whole picture: retrieval was 39 of 100
    from whole pictures, 55 from box crops. Face location has a trunk of its own: in a shared one it cost the attributes
    22 points.
    """

    def __init__(self, side: int = 64) -> None:
        super().__init__()
        self.side = side
        cells = (side // 16) ** 2 * _WIDTH
        self.identity_trunk, self.scene_trunk, self.location_trunk = ConvTrunk(), ConvTrunk(), ConvTrunk()
        self.embed = nn.Linear((_CROP // 16) ** 2 * _WIDTH, _WIDTH)
        self.heads = nn.ModuleDict({name: nn.Linear(cells, len(values)) for name, values in ATTRIBUTES.items()})
        self.facts, self.location = nn.Linear(cells, 2), nn.Linear(cells, 4 + 2 * len(_POINTS))
        self.person_parameters = nn.Linear(_WIDTH, len(fields(Person)))
        with torch.no_grad():  # initial prediction: the middle of the picture
            self.location.weight *= 0.1
            self.location.bias.copy_(torch.tensor((0.25, 0.2, 0.75, 0.8, *(0.25 * _POINTS + 0.5).flatten().tolist())))

    def forward(
        self, pictures: Tensor, landmarks: Tensor | None = None, *, use_predicted: Tensor | None = None
    ) -> tuple[Tensor, dict[str, Tensor], Tensor, Tensor]:
        """Map pictures [n, 3, s, s] in -1..1 to identity, attributes, facts and locations [n, 14]: box, five landmarks.

        Locations are fractions of the picture's side. The crop is at the predicted landmarks, or at ``landmarks``
        [n, 5, 2] except in the rows of ``use_predicted`` [n, 1, 1].
        """
        features = self.scene_trunk(pictures).flatten(1)
        location = self.location(self.location_trunk(pictures).flatten(1))
        predicted = location[:, 4:].detach().reshape(-1, len(_POINTS), 2)
        if landmarks is None:
            landmarks = predicted
        elif use_predicted is not None:
            landmarks = torch.where(use_predicted, predicted, landmarks)
        identity = self.embed(self.identity_trunk(face_crops(pictures, landmarks)).flatten(1))
        return identity, {name: head(features) for name, head in self.heads.items()}, self.facts(features), location


def face_crops(pictures: Tensor, landmarks: Tensor) -> Tensor:
    """Squares [n, 3, 64, 64] of pictures [n, 3, s, s] that bring ``landmarks`` [n, 5, 2] in 0..1 to the same locations.

    The similarity is the one of least squares (Umeyama 1991, without reflection, in closed form).
    """
    centre = landmarks.mean(1, keepdim=True)
    found = landmarks - centre
    points = (_POINTS - _POINTS.mean(0)).to(landmarks)
    cosine = (found * points).sum((1, 2)) / points.square().sum()
    sine = (points[:, 0] * found[..., 1] - points[:, 1] * found[..., 0]).sum(1) / points.square().sum()
    matrix = torch.stack([torch.stack([cosine, -sine], 1), torch.stack([sine, cosine], 1)], 1)
    offset = centre[:, 0] - torch.einsum("nij,j->ni", matrix, _POINTS.mean(0).to(landmarks))
    theta = torch.cat([2 * matrix, (2 * offset - 1)[..., None]], 2)
    grid = F.affine_grid(theta, [len(pictures), 3, _CROP, _CROP], align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


@dataclass(frozen=True, eq=False)
class Prediction:
    """Predictions: identity [n, 128], attribute -> value numbers [n], yaw, smile, boxes [n, 4]."""

    identity: Tensor
    attributes: dict[str, Tensor]
    yaw: Tensor
    smile: Tensor
    boxes: Tensor


def to_eval_net(pixels: Pixels) -> Tensor:
    """Pictures uint8 [n, s, s, 3] as float32 [n, 3, s, s] in -1..1."""
    return torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1.0).permute(0, 3, 1, 2).contiguous()


def attribute_indices(scene: Scene) -> dict[str, int]:
    """The attributes of a scene as indices into ATTRIBUTES."""
    return {name: values.index(getattr(scene, name)) for name, values in ATTRIBUTES.items()}


def train_eval_net(people: RenderedPeople, *, steps: int, batch: int = 64, seed: int = 0) -> EvalNet:
    """Train an eval net on pairs of pictures of ``people`` for ``steps``; deterministic in ``seed`` on a CPU.

    Persons need two pictures or more. A softmax over the training persons overfits (6 % retrieval of other persons
    after 900 steps); pairs do not.
    """
    torch.manual_seed(seed)
    side = people.portraits[0].rendered.pixels.shape[0]
    eval_net = EvalNet(side)
    numbers = [attribute_indices(portrait.scene) for portrait in people.portraits]
    attributes = {name: torch.tensor([row[name] for row in numbers]) for name in ATTRIBUTES}
    facts = torch.tensor([(p.nuisance.yaw, p.nuisance.smile) for p in people.portraits], dtype=torch.float32)
    locations = torch.from_numpy(np.stack([_location(portrait) for portrait in people.portraits]))
    persons = [person(people.first + portrait.person) for portrait in people.portraits]
    parameters = torch.tensor([list(vars(one).values()) for one in persons], dtype=torch.float32)
    optimizer = torch.optim.AdamW(eval_net.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=max(steps, 2))
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    for _ in range(steps):
        rows = draw_pairs(len(people), people.each, rng, batch // 2).flatten()
        pictures = to_eval_net(np.stack([people.portraits[n].rendered.pixels for n in rows]))
        points = locations[rows, 4:].reshape(-1, len(_POINTS), 2)
        eyes = (points[:, 1] - points[:, 0]).norm(dim=1)[:, None, None]
        shifted = points + _LANDMARK_JITTER * eyes * (2 * torch.rand(points.shape, generator=generator) - 1)
        use_predicted = torch.rand(len(rows), 1, 1, generator=generator) < _PREDICTED_SHARE
        degraded = _degrade(pictures, generator)
        identity, logits, predicted_facts, location = eval_net(degraded, shifted, use_predicted=use_predicted)
        parameter_error = F.mse_loss(eval_net.person_parameters(identity), parameters[rows])
        loss = pair_loss(*identity.chunk(2)) + _PARAMETERS_WEIGHT * parameter_error
        loss = loss + sum(F.cross_entropy(logits[name], attributes[name][rows]) for name in ATTRIBUTES)
        loss = loss + 4 * F.mse_loss(predicted_facts, facts[rows])
        loss = loss + _LOCATION_WEIGHT * F.mse_loss(location, locations[rows])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return eval_net.eval()


def load_eval_net(path: Path, config_text: str) -> EvalNet | None:
    """Load the eval net that was saved with the same ``config_text``; None when there is none."""
    if not path.is_file():
        return None
    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        if metadata.get("config") != config_text:
            return None
        names = file.keys()  # safe_open is no dict: it cannot be iterated
        state = {name: file.get_tensor(name) for name in names}
    eval_net = EvalNet(int(metadata["side"]))
    eval_net.load_state_dict(state)
    return eval_net.eval()


def save_eval_net(eval_net: EvalNet, path: Path, config_text: str) -> None:
    """Save an eval net with the ``config_text`` it was trained with."""
    with atomic_write(path) as part:
        save_file(eval_net.state_dict(), part, {"config": config_text, "side": str(eval_net.side)})


def _degrade(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures with noise, shrunk and enlarged again by one of _SHRINK_FACTORS."""
    sides = pictures.shape[-2:]
    which = torch.randint(len(_SHRINK_FACTORS), (len(pictures), 1, 1, 1), generator=generator)
    degraded = pictures
    for number, factor in enumerate(_SHRINK_FACTORS):
        downscaled = F.interpolate(pictures, [side // factor for side in sides], mode="area")
        degraded = torch.where(which == number, F.interpolate(downscaled, sides, mode="bilinear"), degraded)
    return degraded + _NOISE * torch.randn(pictures.shape, generator=generator)


@torch.no_grad()
def predict(eval_net: EvalNet, pixels: Pixels) -> Prediction:
    """The eval net's predictions for pictures uint8 [n, s, s, 3]."""
    parts = [eval_net(part) for part in torch.split(to_eval_net(pixels), 64)]
    identity = F.normalize(torch.cat([part[0] for part in parts]), dim=1)
    attributes = {name: torch.cat([part[1][name] for part in parts]).argmax(1) for name in ATTRIBUTES}
    facts = torch.cat([part[2] for part in parts])
    boxes = torch.cat([part[3] for part in parts])[:, :4].clamp(0, 1)
    return Prediction(identity, attributes, facts[:, 0], facts[:, 1], boxes)


def _location(portrait: Portrait) -> np.ndarray:
    """Box and landmarks of a rendered face in fractions of the side, float32 [14]."""
    side = len(portrait.rendered.face)
    return np.array([*_box(portrait.rendered.face), *(portrait.rendered.landmarks.flatten() / side)], np.float32)


def _box(mask: np.ndarray) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a mask in fractions of its side; the middle half when it is empty."""
    rows, columns = np.where(mask.any(1))[0], np.where(mask.any(0))[0]
    if not len(rows):
        return 0.25, 0.25, 0.75, 0.75
    side = len(mask)
    return columns[0] / side, rows[0] / side, (columns[-1] + 1) / side, (rows[-1] + 1) / side
