"""TransFace and the projector, written again in plain form from their state dicts."""

from __future__ import annotations

import torch


def layer_norm(x, p, name):
    mean, variance = x.mean(-1, keepdim=True), x.var(-1, keepdim=True, unbiased=False)
    return (x - mean) / torch.sqrt(variance + 1e-5) * p[f"{name}.weight"] + p[f"{name}.bias"]


def attention(q, k, v, heads):
    n, _, width = q.shape

    def split(x):
        return x.reshape(n, x.shape[1], heads, width // heads)

    logits = torch.einsum("nihd,njhd->nhij", split(q), split(k)) / (width // heads) ** 0.5
    return torch.einsum("nhij,njhd->nihd", logits.softmax(-1), split(v)).reshape(n, q.shape[1], width)


def batch_norm(x, p, name):
    scaled = (x - p[f"{name}.running_mean"]) / torch.sqrt(p[f"{name}.running_var"] + 2e-5)
    return scaled * p[f"{name}.weight"] + p[f"{name}.bias"]


def transface(images, p):
    weight = p["patch_embed.proj.weight"]
    width, patch = weight.shape[0], weight.shape[-1]
    side = 112 // patch
    patches = images[:, :, : side * patch, : side * patch].reshape(len(images), 3, side, patch, side, patch)
    flat = patches.permute(0, 2, 4, 1, 3, 5).reshape(len(images), side * side, -1)
    x = flat @ weight.reshape(width, -1).T + p["patch_embed.proj.bias"] + p["pos_embed"]
    heads = width // 64
    depth = len({key.split(".")[1] for key in p if key.startswith("blocks.")})
    for n in range(depth):
        b = f"blocks.{n}."
        q, k, v = (layer_norm(x, p, f"{b}norm1") @ p[f"{b}attn.qkv.weight"].T).split(width, -1)
        x = x + attention(q, k, v, heads) @ p[f"{b}attn.proj.weight"].T + p[f"{b}attn.proj.bias"]
        hidden = layer_norm(x, p, f"{b}norm2") @ p[f"{b}mlp.fc1.weight"].T + p[f"{b}mlp.fc1.bias"]
        x = x + hidden.clamp(0, 6) @ p[f"{b}mlp.fc2.weight"].T + p[f"{b}mlp.fc2.bias"]
    tokens = layer_norm(x, p, "norm")
    gates = (tokens.reshape(len(x), -1) @ p["senet.0.weight"].T).clamp(min=0) @ p["senet.2.weight"].T
    gated = (tokens * torch.sigmoid(gates)[..., None]).reshape(len(x), -1)
    first = batch_norm(gated @ p["feature.0.weight"].T, p, "feature.1")
    return tokens, batch_norm(first @ p["feature.2.weight"].T, p, "feature.3")


def projector(face, p, heads):
    x = face @ p["proj_in.weight"].T + p["proj_in.bias"]
    latents = p["latents"].repeat(len(face), 1, 1)
    for n in range(len({key.split(".")[1] for key in p if key.startswith("layers.")})):
        a, f = f"layers.{n}.0.", f"layers.{n}.1."
        keys, queries = layer_norm(x, p, f"{a}norm1"), layer_norm(latents, p, f"{a}norm2")
        k, v = (torch.cat([keys, queries], 1) @ p[f"{a}to_kv.weight"].T).chunk(2, -1)
        latents = latents + attention(queries @ p[f"{a}to_q.weight"].T, k, v, heads) @ p[f"{a}to_out.weight"].T
        hidden = layer_norm(latents, p, f"{f}0") @ p[f"{f}1.weight"].T
        gelu = hidden * 0.5 * (1 + torch.erf(hidden / 2**0.5))
        latents = latents + gelu @ p[f"{f}3.weight"].T
    out = latents @ p["proj_out.weight"].T + p["proj_out.bias"]
    return layer_norm(out, p, "norm_out")
