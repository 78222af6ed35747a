"""Gender and age group of a face (FairFace)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from facechain_ext.errors import HostError, WeightsError
from facechain_ext.faces.crop import upright_crop
from facechain_ext.faces.types import Availability
from facechain_ext.next_steps import next_steps

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.faces.types import Face, Pixels

Gender = Literal["male", "female"]
AGES = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70+")
"""FairFace's age groups in years, in the order of its outputs."""

_MEAN, _STANDARD_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, RGB


@dataclass(frozen=True)
class Attributes:
    """Estimated ``gender`` and one of AGES, with their probabilities 0..1."""

    gender: Gender
    age: str
    gender_confidence: float = 1.0
    age_confidence: float = 1.0


class FairFace:
    """FairFace's ResNet-34, from a plain weights file or a ModelScope model folder.

    Its 18 outputs are 7 races (not used), 2 genders and 9 age groups. Raises ImportError where torchvision, which has
    the network's class, is not installed; WeightsError when the file is another network.
    """

    name = "fairface"

    def __init__(self, path: Path) -> None:
        from torchvision.models import resnet34

        from facechain_ext.faces.networks import load_state_dict
        from facechain_ext.weights import read_state_dict

        file = _weights_file(path)
        state = read_state_dict(file)
        first = next((key for key in state if key.endswith("conv1.weight") and ".layer" not in f".{key}"), None)
        if first is None:
            raise WeightsError(f"{file.name} is not FairFace's ResNet-34.")
        prefix = first.removesuffix("conv1.weight")
        self._network = resnet34(num_classes=18)
        load_state_dict(
            self._network, {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}, file
        )

    def estimate(self, pixels: Pixels, face: Face) -> Attributes:
        """Gender and age group of one face."""
        import torch

        crop, _ = upright_crop(pixels, face.centre, 1.5 * max(face.width, face.height), face.roll, 224)  # padding 0.25
        scaled = (crop.astype(np.float32) / 255 - _MEAN) / np.array(_STANDARD_DEVIATION)
        with torch.no_grad():
            outputs = self._network(torch.from_numpy(scaled.transpose(2, 0, 1).astype(np.float32))[None])[0]
        genders, ages = outputs[7:9].softmax(0), outputs[9:18].softmax(0)
        gender: Gender = "male" if int(genders.argmax()) == 0 else "female"
        return Attributes(gender, AGES[int(ages.argmax())], float(genders.max()), float(ages.max()))


def _weights_file(path: Path) -> Path:
    """The weights file itself, or the one in a model folder."""
    if path.is_file():
        return path
    for pattern in ("*.safetensors", "pytorch_model.*", "*.pt", "*.pth", "*.bin"):
        for file in sorted(path.glob(pattern)):
            return file
    raise WeightsError(f"{path} holds no weights file; download the folder again.")


def estimate_attributes(pixels: Pixels, face: Face) -> Attributes:
    """Gender and age group of a face by FairFace.

    Raises:
        HostError: FairFace cannot work here; the message names the next step.
    """
    from facechain_ext import weights

    remedy = availability()[0].remedy
    if remedy:
        raise HostError(f"Gender and age cannot be guessed here. {remedy}")
    path = _weights_file(weights.require("fairface"))
    return _network(path, path.stat().st_mtime_ns).estimate(pixels, face)


@functools.lru_cache(maxsize=1)
def _network(path: Path, _modified: int) -> FairFace:
    """The network in a file of 85 MB, read once per modification time of the file."""
    return FairFace(path)


def availability() -> tuple[Availability, ...]:
    """Whether FairFace can work here."""
    from facechain_ext import weights
    from facechain_ext.next_steps import is_installed
    from facechain_ext.weights.store import how_to_get

    remedy = ""
    if not is_installed("torchvision"):
        remedy = next_steps().install("torchvision")
    elif weights.find("fairface") is None:
        remedy = how_to_get("fairface")
    return (Availability("attributes", "fairface", not remedy, "FairFace ResNet-34", remedy),)
