"""What a U-Net predicts, and how noisy the noisiest picture is: marks in a checkpoint that change how it is sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

from facechain_ext.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

_TERMINAL_ALPHA = 4.8973451890853435e-08
"""What is left of the picture at the last step with zero terminal SNR, as in the webui: 0 cannot be divided by."""


@dataclass(frozen=True)
class NoiseModel:
    """``prediction`` is what the U-Net says of a noisy picture: its noise, or its velocity (Salimans and Ho 2022).

    ``zero_terminal`` tells that the noisiest picture is noise alone (zero terminal SNR, Lin et al. 2023).
    """

    prediction: Literal["epsilon", "v_prediction"] = "epsilon"
    zero_terminal: bool = False

    def require_epsilon(self, name: str) -> None:
        """Raise HostError, which names the checkpoint, unless the U-Net predicts noise as Stable Diffusion 1.5 does."""
        if self != SD15_NOISE:
            raise HostError(
                f"{name} is marked as a v-prediction or zero-terminal-SNR checkpoint, which cannot be trained here. "
                "Choose an ordinary Stable Diffusion 1.5 checkpoint."
            )


SD15_NOISE = NoiseModel()
"""Stable Diffusion 1.5 as it was published."""


def read_noise_model(weights: Mapping[str, Tensor], metadata: Mapping[str, str]) -> NoiseModel:
    """What the keys ``v_pred`` and ``ztsnr`` and the metadata of a checkpoint say (its own and kohya's)."""
    said = metadata.get("modelspec.prediction_type", "").lower().replace("-", "_")
    velocity = (
        "v_pred" in weights
        or said in ("v", "v_prediction", "v_pred")
        or metadata.get("ss_v_parameterization", "").lower() == "true"
    )
    zero = "ztsnr" in weights or metadata.get("ss_zero_terminal_snr", "").lower() == "true"
    return NoiseModel("v_prediction" if velocity else "epsilon", zero)


def zero_terminal_betas(betas: Tensor) -> Tensor:
    """The noise schedule ``betas`` [steps] with noise alone at its end (algorithm 1 of Lin et al. 2023), float64."""
    kept = torch.cumprod(1.0 - betas.double(), 0).sqrt()
    first, last = kept[0].clone(), kept[-1].clone()
    kept = ((kept - last) * first / (first - last)) ** 2
    kept[-1] = _TERMINAL_ALPHA
    return 1.0 - torch.cat([kept[:1], kept[1:] / kept[:-1]])
