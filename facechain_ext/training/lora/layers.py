"""LoRA layers by peft, saved under kohya's names, which the webui reads."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from facechain_ext.errors import HostError, WeightsError
from facechain_ext.storage.atomic_write import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from torch import Tensor, nn

    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.training_runs.settings import LoraSettings

UNET_TARGETS = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out")
"""The trained layers of the transformer blocks, as in kohya's scripts by default."""
TEXT_TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")
"""The trained layers of CLIP's text encoder, as in kohya's scripts."""
NAME = "style"
"""peft's name of the layers; it is in no file."""


@dataclass(frozen=True, eq=False)
class LoraLayers:
    """The LoRA layers of a checkpoint's models; ``parameters`` are their weights in a fixed order, float32."""

    models: tuple[tuple[str, nn.Module], ...]
    """kohya's prefix of a model's layers, and the model."""
    parameters: tuple[nn.Parameter, ...]
    pairs: tuple[tuple[int, int], ...]
    """Indices of the two factors (down, up) of every layer in ``parameters``."""
    rank: int
    alpha: float

    def kohya_state(self) -> dict[str, Tensor]:
        """The layers as ``<prefix>_<module>.{lora_down.weight, lora_up.weight, alpha}``, on the CPU.

        ``alpha`` divided by the rank is what the webui multiplies the layer with.
        """
        from peft.utils import get_peft_model_state_dict

        state: dict[str, Tensor] = {}
        for prefix, model in self.models:
            for name, value in get_peft_model_state_dict(model, adapter_name=NAME).items():
                module, _, part = name.rpartition(".lora_")
                key = f"{prefix}_{module.replace('.', '_')}"
                state[f"{key}.lora_{'down' if part.startswith('A') else 'up'}.weight"] = (
                    value.detach().cpu().contiguous()
                )
                state[f"{key}.alpha"] = torch.tensor(self.alpha)
        return state

    def weights(self) -> list[Tensor]:
        """A copy of all weights, on the CPU."""
        return [parameter.detach().cpu().clone() for parameter in self.parameters]

    def set_weights(self, weights: list[Tensor]) -> None:
        """Replace all weights by those of an earlier step."""
        for parameter, value in zip(self.parameters, weights, strict=True):
            parameter.data.copy_(value)

    @contextmanager
    def using(self, weights: list[Tensor]) -> Iterator[None]:
        """Inside the block the layers have other ``weights``; afterwards their own, bit for bit."""
        before = self.weights()
        self.set_weights(weights)
        try:
            yield
        finally:
            self.set_weights(before)


def add_layers(checkpoint: Checkpoint, settings: LoraSettings) -> LoraLayers:
    """Add LoRA layers to a checkpoint; initially they add zero.

    Raises HostError for the text encoders of SDXL, which are not trained here.
    """
    from peft import LoraConfig, inject_adapter_in_model

    chosen: list[tuple[str, nn.Module, tuple[str, ...]]] = [("lora_unet", checkpoint.unet, UNET_TARGETS)]
    if settings.text_encoder:
        if checkpoint.is_sdxl:
            raise HostError("The text encoders of SDXL are not trained here; train without the text encoder.")
        chosen.append(("lora_te", checkpoint.text_encoder, TEXT_TARGETS))
    torch.manual_seed(settings.seed)
    for _, model, targets in chosen:
        config = LoraConfig(r=settings.rank, lora_alpha=settings.layer_alpha, target_modules=list(targets))
        inject_adapter_in_model(config, model, adapter_name=NAME)
    named = [
        (f"{prefix}.{name}", one)
        for prefix, model, _ in chosen
        for name, one in model.named_parameters()
        if one.requires_grad
    ]
    for _, parameter in named:
        parameter.data = parameter.data.float()
    place = {name: index for index, (name, _) in enumerate(named)}
    pairs = tuple((place[name], place[name.replace(".lora_A.", ".lora_B.")]) for name in place if ".lora_A." in name)
    models = tuple((prefix, model) for prefix, model, _ in chosen)
    return LoraLayers(models, tuple(one for _, one in named), pairs, settings.rank, settings.layer_alpha)


def save_lora(
    layers: LoraLayers,
    path: Path,
    *,
    trigger: str,
    metadata: Mapping[str, str],
    base: str = "sd_v1",
    replace: bool = False,
) -> None:
    """Write the LoRA in float16 as safetensors, whole or not at all.

    ``base`` is kohya's name of the base model. Raises WeightsError when ``path`` exists, unless it is to be replaced,
    and OSError when it cannot be written.
    """
    from safetensors.torch import save_file

    if path.exists() and not replace:
        raise WeightsError(f"{path.name} exists already and is not overwritten; choose another name.")
    words = {
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(layers.rank),
        "ss_network_alpha": str(layers.alpha),
        "ss_base_model_version": base,
        "ss_output_name": path.stem,
        "facechain.trigger": trigger,
    }
    state = {key: value.half() for key, value in layers.kohya_state().items()}
    with atomic_write(path) as part:
        save_file(state, part, {**words, **metadata})
