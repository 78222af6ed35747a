"""The weights of a CLIP text encoder between the names of transformers and those of open_clip, as SDXL files have them.

open_clip keeps query, key and value of a layer in one tensor, and its text projection is the transpose of a Linear's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

_PLAIN = {
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "final_layer_norm.weight": "ln_final.weight",
    "final_layer_norm.bias": "ln_final.bias",
}
_LAYER = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
_PROJECTION = "text_projection.weight"
_HF_LAYER = re.compile(r"encoder\.layers\.(\d+)\.(.+)\.(weight|bias)")
_OPEN_LAYER = re.compile(r"transformer\.resblocks\.(\d+)\.(.+)")


def from_open_clip(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights under open_clip's names, without prefix, under those of CLIPTextModelWithProjection.

    The prefix ``text_model.`` is left off; what belongs to no text encoder (the logit scale) is left out.
    """
    plain = {ours: theirs for theirs, ours in _PLAIN.items()}
    layers = {ours: theirs for theirs, ours in _LAYER.items()}
    renamed: dict[str, Tensor] = {}
    for key, value in weights.items():
        found = _OPEN_LAYER.fullmatch(key)
        if key in plain:
            renamed[plain[key]] = value
        elif key == "text_projection":
            renamed[_PROJECTION] = value.T.contiguous()
        elif found is not None:
            layer, rest = f"encoder.layers.{found[1]}", found[2]
            module, _, leaf = rest.rpartition(".")
            if module in layers:
                renamed[f"{layer}.{layers[module]}.{leaf}"] = value
            elif rest in ("attn.in_proj_weight", "attn.in_proj_bias"):
                leaf = rest.removeprefix("attn.in_proj_")
                for part, tensor in zip("qkv", value.chunk(3), strict=True):
                    renamed[f"{layer}.self_attn.{part}_proj.{leaf}"] = tensor
    return renamed


def to_open_clip(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of a CLIPTextModelWithProjection under open_clip's names; raises KeyError for another's keys."""
    weights = {key.removeprefix("text_model."): value for key, value in weights.items()}
    renamed: dict[str, Tensor] = {"logit_scale": torch.tensor(4.6052)}
    for key, value in weights.items():
        found = _HF_LAYER.fullmatch(key)
        if key == _PROJECTION:
            renamed["text_projection"] = value.T.contiguous()
        elif found is None:
            renamed[_PLAIN[key]] = value
        elif found[2] in _LAYER:
            renamed[f"transformer.resblocks.{found[1]}.{_LAYER[found[2]]}.{found[3]}"] = value
        elif found[2] == "self_attn.q_proj":
            parts = [weights[key.replace("q_proj", f"{part}_proj")] for part in "qkv"]
            renamed[f"transformer.resblocks.{found[1]}.attn.in_proj_{found[3]}"] = torch.cat(parts)
    return renamed
