"""LoRA layers by peft, saved under kohya's names, which the webui reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from facechain_ext.errors import WeightsError
from facechain_ext.storage.atomic_write import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

    from diffusers import UNet2DConditionModel
    from torch import Tensor

TARGETS = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out")
"""The trained layers of the transformer blocks, as in kohya's scripts by default."""
NAME = "style"


def add_layers(unet: UNet2DConditionModel, rank: int, seed: int) -> list[torch.nn.Parameter]:
    """Add LoRA layers of ``rank`` to a U-Net and return their weights; initially they add zero."""
    from peft import LoraConfig

    torch.manual_seed(seed)
    unet.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=list(TARGETS)), adapter_name=NAME)
    return [parameter for parameter in unet.parameters() if parameter.requires_grad]


def kohya_state(unet: UNet2DConditionModel, alpha: float) -> dict[str, Tensor]:
    """The layers as ``lora_unet_<module>.{lora_down.weight, lora_up.weight, alpha}``, the modules by diffusers' names.

    ``alpha`` divided by the rank is what the webui multiplies the layer with.
    """
    from peft.utils import get_peft_model_state_dict

    state: dict[str, Tensor] = {}
    for name, value in get_peft_model_state_dict(unet, adapter_name=NAME).items():
        module, _, part = name.rpartition(".lora_")
        key = f"lora_unet_{module.replace('.', '_')}"
        state[f"{key}.lora_{'down' if part.startswith('A') else 'up'}.weight"] = value.detach().cpu().contiguous()
        state[f"{key}.alpha"] = torch.tensor(float(alpha))
    return state


def save_lora(
    unet: UNet2DConditionModel, path: Path, *, rank: int, trigger: str, metadata: dict[str, str], replace: bool = False
) -> None:
    """Write the LoRA in float16 as safetensors, whole or not at all.

    Raises WeightsError when ``path`` exists, unless it is to be replaced, and OSError when it cannot be written.
    """
    from safetensors.torch import save_file

    if path.exists() and not replace:
        raise WeightsError(f"{path.name} exists already and is not overwritten; choose another name.")
    words = {
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(rank),
        "ss_network_alpha": str(float(rank)),
        "ss_base_model_version": "sd_v1",
        "ss_output_name": path.stem,
        "facechain.trigger": trigger,
    }
    state = {key: value.half() for key, value in kohya_state(unet, rank).items()}
    with atomic_write(path) as part:
        save_file(state, part, words | metadata)
