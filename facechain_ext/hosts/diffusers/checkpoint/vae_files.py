"""A VAE in a file of its own, under the names of ldm or of diffusers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import HostError
from facechain_ext.hosts.diffusers.checkpoint.names import PREFIXES, single_file_name
from facechain_ext.weights import model_type, read_state_dict

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

_EARLIER = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
"""Names of the attention's layers in diffusers before 0.16."""
LATENT_CHANNELS = 4


def read_vae(path: Path) -> dict[str, Tensor]:
    """The weights of a VAE of Stable Diffusion 1.5 under the names of ldm, without prefix.

    Raises HostError that names the file and says what else it is, WeightsError when it cannot be read.
    """
    weights = read_state_dict(path)
    prefix = PREFIXES["vae"]
    found = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
    if not found:
        found = {key.removeprefix("vae."): value for key, value in weights.items()}
    entrance = found.get("decoder.conv_in.weight")
    if entrance is None or entrance.ndim != 4:
        raise HostError(
            f"{path.name}: this is {model_type.detect_model_type(weights)}. Choose a VAE of Stable Diffusion 1.5."
        )
    if "encoder.conv_in.weight" not in found:
        raise HostError(
            f"{path.name} holds only the decoder of a VAE; the encoder is needed too. Choose a whole VAE of Stable "
            "Diffusion 1.5."
        )
    if entrance.shape[1] != LATENT_CHANNELS or "post_quant_conv.weight" not in found:
        raise HostError(
            f"{path.name} is a VAE of another model: it has {entrance.shape[1]} latent channels in place of "
            f"{LATENT_CHANNELS}, or lacks post_quant_conv. Choose a VAE of Stable Diffusion 1.5."
        )
    return _renamed(found, path.name) if any(".resnets." in key for key in found) else found


def _renamed(found: dict[str, Tensor], file: str) -> dict[str, Tensor]:
    """Weights under the names of diffusers, under those of ldm."""
    blocks = {key.split(".")[2] for key in found if key.startswith("decoder.up_blocks.")}
    renamed = {}
    for key, value in found.items():
        module, _, leaf = key.rpartition(".")
        last = module.rpartition(".")[2]
        name = f"{module.removesuffix(last)}{_EARLIER[last]}.{leaf}" if last in _EARLIER else key
        try:
            renamed[single_file_name("vae", name, levels=len(blocks))] = value
        except (KeyError, ValueError) as error:
            raise HostError(f"{file} holds {key}, which no VAE of Stable Diffusion 1.5 has. Choose another.") from error
    return renamed
