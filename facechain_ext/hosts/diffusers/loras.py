"""Merging LoRA files into U-Net and text encoder for the duration of a job."""

from __future__ import annotations

import math
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from torch import nn

from facechain_ext.errors import HostError, InputError, WeightsError
from facechain_ext.hosts.diffusers.checkpoint.names import SD15_LEVELS, SDXL_LEVELS, single_file_name
from facechain_ext.hosts.diffusers.lora_layers import (
    Alphas,
    changed_weight,
    is_lora,
    layer_scale,
    lora_layers,
    model_name,
    read_alphas,
)
from facechain_ext.weights import model_type, read_state_dict
from facechain_ext.weights.reading import metadata_if_any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Tensor

    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.hosts.diffusers.checkpoint.names import Part
    from facechain_ext.hosts.diffusers.lora_layers import LoraLayer
    from facechain_ext.methods.method_lora import MethodLora
    from facechain_ext.recipes.job import Lora


class _Weights:
    """A checkpoint's parameters by layer name, which can be replaced and restored."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.sdxl = checkpoint.is_sdxl
        self._layers: dict[tuple[str, str], nn.Module] = {}
        self._before: dict[tuple[nn.Module, str], nn.Parameter] = {}
        models: list[tuple[Part, nn.Module]] = [("unet", checkpoint.unet), ("text_encoder", checkpoint.text_encoder)]
        if checkpoint.text_encoder_2 is not None:
            models.append(("text_encoder_2", checkpoint.text_encoder_2))
        levels = SDXL_LEVELS if checkpoint.is_sdxl else SD15_LEVELS
        for part, model in models:
            for name, module in model.named_modules():
                if isinstance(getattr(module, "weight", None), nn.Parameter):
                    single = name
                    if part != "text_encoder_2":
                        single = single_file_name(part, f"{name}.weight", levels=levels).removesuffix(".weight")
                    for known in (name.removeprefix("text_model."), single):
                        self._layers[part, known.replace(".", "_")] = module

    def find(self, layer: LoraLayer) -> nn.Module | None:
        """The module that a LoRA layer changes; None where the checkpoint has none."""
        for part in (layer.part,) if layer.part else ("unet", "text_encoder", "text_encoder_2"):
            path = layer.path if part == "unet" else layer.path.removeprefix("text_model_")
            for name in (path, f"{path}_0"):  # old files of diffusers say to_out for to_out.0
                if (part, name) in self._layers:
                    return self._layers[part, name]
        return None

    def replace(self, module: nn.Module, name: str, value: Tensor) -> None:
        """Replace a parameter of ``module`` by ``value``."""
        old = cast("nn.Parameter", getattr(module, name))
        self._before.setdefault((module, name), old)
        setattr(module, name, nn.Parameter(value.to(old.dtype), requires_grad=False))

    def restore(self) -> None:
        """Restore every replaced parameter."""
        for (module, name), old in self._before.items():
            setattr(module, name, old)
        self._before.clear()


@contextmanager
def apply_loras(checkpoint: Checkpoint, loras: Sequence[Lora]) -> Iterator[None]:
    """Merge LoRAs into a checkpoint inside a ``with`` block; afterwards its weights are bit-identical to before.

    They are merged one after the other, as the webui does. Raises WeightsError for a file that is not a
    LoRA or cannot be read, HostError for one that does not fit or holds a tensor that is not read here.
    """
    if not loras:
        yield
        return
    weights = _Weights(checkpoint)
    try:
        for lora in loras:
            _add(weights, Path(lora.file), float(lora.weight))
        yield
    finally:
        weights.restore()


@contextmanager
def apply_method_lora(checkpoint: Checkpoint, lora: MethodLora | None) -> Iterator[None]:
    """Merge the LoRA of a method inside a ``with`` block, if there is one; afterwards the weights are as before.

    Raises HostError when it does not fit the checkpoint.
    """
    if lora is None:
        yield
        return
    weights = _Weights(checkpoint)
    try:
        _add_layers(weights, lora.tensors, Alphas(), lora.weight, lora.name)
        yield
    finally:
        weights.restore()


def _add(weights: _Weights, path: Path, strength: float) -> None:
    if not math.isfinite(strength):
        raise InputError(f"{path.name} has the weight {strength:g}; give it a finite one, such as 1.")
    state = read_state_dict(path)
    if not is_lora(state):
        raise WeightsError(
            f"{path.name}: this is {model_type.detect_model_type(state)}, not a LoRA. Choose a LoRA file."
        )
    alphas = read_alphas(metadata_if_any(path), path.with_name("adapter_config.json"))
    _add_layers(weights, state, alphas, strength, path.name)


def _add_layers(weights: _Weights, state: Mapping[str, Tensor], alphas: Alphas, strength: float, file: str) -> None:
    layers = [(layer, weights.find(layer)) for layer in lora_layers(state, file, sdxl=weights.sdxl)]
    unknown = [layer.name for layer, module in layers if module is None]
    if unknown:
        raise HostError(
            f"{file}: {len(unknown)} of this LoRA's {len(layers)} layers, such as {unknown[0]}, are not in the "
            f"loaded checkpoint. Choose one that was made for {model_name(sdxl=weights.sdxl)}."
        )
    for layer, module in layers:
        assert module is not None
        _change(weights, module, layer, alphas, strength, file)


def _change(weights: _Weights, module: nn.Module, layer: LoraLayer, alphas: Alphas, strength: float, file: str) -> None:
    biases = [layer.tensors.pop("diff_bias")] if "diff_bias" in layer.tensors else []
    if "up_bias" in layer.tensors:
        biases.append(layer.tensors.pop("up_bias") * layer_scale(layer, alphas))
    if set(layer.tensors) - {"alpha", "scale"}:
        weight = cast("Tensor", module.weight)
        changed = changed_weight(weight, layer, alphas, strength, file, sdxl=weights.sdxl)
        weights.replace(module, "weight", changed)
    for bias in biases:
        own = getattr(module, "bias", None)
        if own is None or own.numel() != bias.numel():
            raise HostError(
                f"{file} adds {bias.numel()} numbers to the bias of {layer.name}, which has "
                f"{0 if own is None else own.numel()} in the loaded checkpoint. Choose a LoRA without it."
            )
        weights.replace(module, "bias", own.float() + strength * bias.to(own.device).float().reshape(own.shape))
