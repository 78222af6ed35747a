"""What a LoRA file says of each layer, under the names of kohya, diffusers, PEFT or ldm, and the change it makes."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from facechain_ext.errors import HostError, WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

_ROLES: tuple[tuple[str, str], ...] = (
    (r"\.lora_(?:down|A)(?:\.\w+)?\.weight|[._]lora\.down\.weight|\.lora_linear_layer\.down\.weight", "down"),
    (r"\.lora_(?:up|B)(?:\.\w+)?\.weight|[._]lora\.up\.weight|\.lora_linear_layer\.up\.weight", "up"),
    (r"\.lora_mid\.weight", "mid"),
    (r"\.lora_B(?:\.\w+)?\.bias", "up_bias"),
    (r"(?:[._]lora|\.lora_linear_layer)?\.(?:network_)?alpha", "alpha"),
    (r"\.scale", "scale"),
    (r"\.dora_scale|\.lora_magnitude_vector(?:\.\w+)?(?:\.weight)?", "magnitude"),
    (r"\.diff(?:\.weight)?", "diff"),
    (r"\.diff_b", "diff_bias"),
    (r"\.w_norm", "diff"),
    (r"\.b_norm", "diff_bias"),
    *((rf"\.hada_{part}", f"hada_{part}") for part in ("w1_a", "w1_b", "w2_a", "w2_b", "t1", "t2")),
    *((rf"\.lokr_{part}", f"lokr_{part}") for part in ("w1", "w1_a", "w1_b", "w2", "w2_a", "w2_b", "t2")),
)
_SUFFIX = re.compile(
    "(?:" + "|".join(f"(?P<r{number}>{pattern})" for number, (pattern, _) in enumerate(_ROLES)) + r")\Z"
)
_PREFIXES: tuple[tuple[str, str], ...] = (
    ("lora_unet_", "unet"),
    ("unet.", "unet"),
    ("model.diffusion_model.", "unet"),
    ("diffusion_model.", "unet"),
    ("lora_te_", "text_encoder"),
    ("lora_te1_", "text_encoder"),
    ("text_encoder.", "text_encoder"),
    ("lora_te2_", "text_encoder_2"),
    ("text_encoder_2.", "text_encoder_2"),
    ("cond_stage_model.transformer.", "text_encoder"),
)
_SDXL_ONLY = ("lora_te2_", "text_encoder_2.")
_OTHER_MODELS = (
    ((*_SDXL_ONLY, "lora_te3_", "text_encoder_3."), "Stable Diffusion XL or later"),
    (("transformer.", "lora_transformer_", "lora_unet_double_blocks", "lora_unet_joint_blocks"), "FLUX or SD3"),
)
_UNSUPPORTED = (
    (("bundle_emb.",), "brings textual inversion embeddings of its own"),
    ((".oft_blocks", ".oft_diag"), "is a LyCORIS file of the kind OFT"),
    ((".on_input",), "is a LyCORIS file of the kind IA3"),
    ((".a1.weight", ".a2.weight", ".b1.weight", ".b2.weight", ".bm.weight"), "is a LyCORIS file of the kind GLoRA"),
)
_CONFIGURATIONS = ("lora_adapter_metadata", "adapter_config", "lora_config", "config")
"""Entries of a file's metadata that hold PEFT's configuration as JSON: diffusers writes the first."""
_PLAIN_ALPHAS = ("ss_network_alpha", "lora_alpha", "network_alpha", "alpha")
"""Entries that hold the alpha of all layers: kohya writes the first."""
_LORA_ROLES = ("down", "up", "diff", "diff_bias", "hada_w1_a", "lokr_w1", "lokr_w1_a", "lokr_w2", "lokr_w2_a")


@dataclass
class LoraLayer:
    """The tensors of one layer by their role.

    ``name`` is the layer's name in the file, ``part`` "unet", "text_encoder" or "" where the file does not say,
    ``path`` the layer's name in that part with underscores for dots.
    """

    name: str
    part: str
    path: str
    tensors: dict[str, Tensor] = field(default_factory=dict)

    @property
    def rank(self) -> int | None:
        """The rank; None for changes that are not made of two factors."""
        for role in ("down", "hada_w1_b", "lokr_w1_b", "lokr_w2_b"):
            if role in self.tensors:
                return int(self.tensors[role].shape[0])
        return None


@dataclass(frozen=True)
class Alphas:
    """The alphas that a file tells beside its tensors: for every layer of a part, and for single layers."""

    by_part: Mapping[str, float] = field(default_factory=dict)
    by_layer: Mapping[tuple[str, str], float] = field(default_factory=dict)
    rank_stabilized: frozenset[str] = frozenset()
    """Parts in which alpha is divided by the rank's square root (rank-stabilised LoRA)."""
    convolution_alpha: float | None = None
    """The alpha of convolutions of more than one pixel, where it is another."""

    def of(self, layer: LoraLayer) -> float | None:
        """The alpha of a layer, or None."""
        for (part, path), alpha in self.by_layer.items():
            if part == layer.part and (layer.path == path or layer.path.endswith(f"_{path}")):
                return alpha
        down = layer.tensors.get("down")
        if self.convolution_alpha is not None and down is not None and down.ndim == 4 and max(down.shape[2:]) > 1:
            return self.convolution_alpha
        return self.by_part.get(layer.part)


def is_lora(weights: Mapping[str, Tensor]) -> bool:
    """Whether any tensor has the name of a LoRA's."""
    return any((found := _SUFFIX.search(key)) is not None and _role(found) in _LORA_ROLES for key in weights)


def model_name(*, sdxl: bool) -> str:
    """What a LoRA has to be made for."""
    return "Stable Diffusion XL" if sdxl else "Stable Diffusion 1.5"


def lora_layers(weights: Mapping[str, Tensor], file: str, *, sdxl: bool) -> list[LoraLayer]:
    """The layers of a LoRA for SD1.5, or with ``sdxl`` for SDXL.

    Raises HostError, which names the tensor, for one that is not read here and for LoRAs of other models.
    """
    layers: dict[str, LoraLayer] = {}
    for key, tensor in weights.items():
        for beginnings, model in _OTHER_MODELS:
            if key.startswith(beginnings) and not (sdxl and key.startswith(_SDXL_ONLY)):
                wanted = model_name(sdxl=sdxl)
                raise HostError(f"{file} was made for {model} ({key}). Choose a LoRA for {wanted}.")
        for marks, words in _UNSUPPORTED:
            if key.startswith(marks) or key.endswith(marks):
                raise HostError(
                    f"{file} {words} ({key}), which is not read here. Use it in the webui, or choose a LoRA, LoHa or "
                    "LoKr."
                )
        found = _SUFFIX.search(key)
        if found is None:
            raise HostError(f"{file} holds {key}, which is no part of a LoRA that is known here. Choose another file.")
        name = key[: found.start()]
        layer = layers.setdefault(name, _layer(name))
        layer.tensors[_role(found)] = tensor
    return list(layers.values())


def _role(found: re.Match[str]) -> str:
    assert found.lastgroup is not None
    return _ROLES[int(found.lastgroup[1:])][1]


def _layer(name: str) -> LoraLayer:
    path, part = name.removeprefix("base_model.model."), ""
    for prefix, named in _PREFIXES:
        if path.startswith(prefix):
            path, part = path.removeprefix(prefix), named
            break
    path = path.replace(".processor.", ".").replace(".", "_")
    if part in ("text_encoder", "text_encoder_2"):
        path = path.removeprefix("text_model_")
    return LoraLayer(name, part, path)


def read_alphas(metadata: Mapping[str, str], beside: Path) -> Alphas:
    """The alphas in a file's metadata (diffusers, kohya) or in PEFT's adapter_config.json ``beside`` it."""
    packed = next(filter(None, (_object(metadata.get(key, "")) for key in _CONFIGURATIONS)), {})
    for part in ("unet", "text_encoder"):  # some programs write one object for each part
        if isinstance(inner := packed.get(part), dict):
            packed |= {f"{part}.{name}": value for name, value in inner.items()}
    parts: dict[str, dict[str, object]] = {"": {}, "unet": {}, "text_encoder": {}}
    for key, value in packed.items():
        part, _, name = str(key).rpartition(".") if str(key).count(".") else ("", "", str(key))
        parts.setdefault(part, {})[name] = value
    if not packed and beside.is_file() and beside.stat().st_size < 1 << 20:
        parts[""] = _object(beside.read_text(encoding="utf-8", errors="replace"))
    by_part, by_layer, rank_stabilized = {}, {}, set()
    for part, config in parts.items():
        alpha = _number(config.get("lora_alpha"))
        if alpha is not None:
            by_part[part] = alpha
        patterns = config.get("alpha_pattern")
        for name, value in (patterns if isinstance(patterns, dict) else {}).items():
            own = _number(value)
            if own is not None:
                by_layer[part, str(name).strip("^$").replace("\\.", ".").replace(".", "_")] = own
        if config.get("use_rslora") is True:
            rank_stabilized.add(part)
    plain = next((found for key in _PLAIN_ALPHAS if (found := _number(metadata.get(key))) is not None), None)
    whole = by_part.get("", plain) if packed else plain
    if whole is not None:
        by_part = {"": whole, "unet": whole, "text_encoder": whole} | by_part
    convolutions = _number(_object(metadata.get("ss_network_args", "")).get("conv_alpha"))
    return Alphas(by_part, by_layer, frozenset(rank_stabilized), convolutions)


def _object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and math.isfinite(number) else None


def changed_weight(
    weight: Tensor, layer: LoraLayer, alphas: Alphas, strength: float, file: str, *, sdxl: bool
) -> Tensor:
    """``weight`` with what ``layer`` adds to it at ``strength``, float32 of the same shape.

    A layer's scale is its alpha divided by its own rank, 1 without an alpha. ``sdxl`` is the checkpoint's family.

    Raises HostError when the shapes do not fit, WeightsError when tensors are missing or numbers are not finite.
    """
    base = weight.float()
    try:
        delta = _delta({role: tensor.to(base.device).float() for role, tensor in layer.tensors.items()})
        delta = (delta * layer_scale(layer, alphas)).reshape(base.shape)
        changed = base + strength * delta
        if "magnitude" in layer.tensors:
            magnitude = layer.tensors["magnitude"].to(base.device).float()
            changed = base + strength * (_with_magnitude(base + delta, magnitude) - base)
    except KeyError as error:
        raise WeightsError(f"{file} is incomplete: {layer.name} lacks {error.args[0]}. Download it again.") from error
    except (RuntimeError, ValueError, IndexError) as error:
        shapes = ", ".join(f"{role} {list(tensor.shape)}" for role, tensor in layer.tensors.items() if tensor.ndim)
        raise HostError(
            f"{file}: the layer {layer.name} ({shapes}) does not fit the loaded checkpoint, whose weight there is "
            f"{list(base.shape)}. Choose a LoRA that was made for {model_name(sdxl=sdxl)}."
        ) from error
    if not bool(changed.isfinite().all()):
        raise WeightsError(
            f"{file} gives numbers that are not finite in {layer.name}: it is damaged, or its weight is "
            "too large. Download it again, or give it a smaller weight."
        )
    return changed


def layer_scale(layer: LoraLayer, alphas: Alphas) -> float:
    """What the product of a layer's factors is multiplied by: alpha / rank of that layer, 1 without an alpha."""
    if "scale" in layer.tensors:
        return float(layer.tensors["scale"].float())
    rank = layer.rank
    alpha = float(layer.tensors["alpha"].float()) if "alpha" in layer.tensors else alphas.of(layer)
    if rank is None or alpha is None:
        return 1.0
    rank_stabilized = layer.part in alphas.rank_stabilized and "alpha" not in layer.tensors
    return alpha / (math.sqrt(rank) if rank_stabilized else rank)


def _delta(parts: Mapping[str, Tensor]) -> Tensor:
    """The change before scaling, of any shape with the right number of elements in the right order."""
    if "diff" in parts:
        return parts["diff"]
    if any(role.startswith("hada_") for role in parts):
        return _product(parts, "hada_w1", "hada_t1") * _product(parts, "hada_w2", "hada_t2")
    if any(role.startswith("lokr_") for role in parts):
        return torch.kron(_product(parts, "lokr_w1", ""), _product(parts, "lokr_w2", "lokr_t2"))
    down, up = parts["down"], parts["up"]
    if "mid" in parts:
        return torch.einsum("nmkl,in,mj->ijkl", parts["mid"], up.flatten(1), down.flatten(1))
    return up.flatten(1) @ down.flatten(1)


def _product(parts: Mapping[str, Tensor], name: str, core: str) -> Tensor:
    """A factor [a, b] that is there whole, or as two factors, or as two with a core tensor between (Tucker)."""
    if name in parts:
        return parts[name].flatten(1)
    first, second = parts[f"{name}_a"], parts[f"{name}_b"]
    if core in parts:
        return torch.einsum("ijkl,jr,ip->prkl", parts[core], second, first).flatten(1)
    return first.flatten(1) @ second.flatten(1)


def _with_magnitude(merged: Tensor, magnitude: Tensor) -> Tensor:
    """DoRA: the direction of each row (or column) of ``merged`` with a length of its own.

    PEFT and kohya keep one length for each output [out] or [out, 1]; LyCORIS by default one for each input [1, in].
    """
    rows, columns = merged.shape[0], merged.shape[1] if merged.ndim > 1 else 1
    each = [1] * (merged.ndim - 1)
    norm: Tensor
    if magnitude.numel() == rows and magnitude.shape[0] == rows:
        norm = merged.flatten(1).norm(dim=1).reshape(rows, *each)
        return merged * (magnitude.reshape(rows, *each) / norm)
    if magnitude.numel() == columns and magnitude.shape[0] == 1:
        norm = merged.transpose(0, 1).flatten(1).norm(dim=1).reshape(1, columns, *each[1:])
        return merged * (magnitude.reshape(1, columns, *each[1:]) / norm)
    raise ValueError(f"a magnitude of shape {list(magnitude.shape)}")
