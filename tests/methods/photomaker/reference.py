"""PhotoMaker written again from its paper and file layout, as plainly as can be: one picture, one row at a time."""

from __future__ import annotations

import torch
import torch.nn.functional as F

HEAD = {"clip": 64, "resampler": 128}


def linear(state, name, x):
    return x @ state[f"{name}.weight"].T + state.get(f"{name}.bias", 0.0)


def norm(state, name, x):
    centred = x - x.mean(-1, keepdim=True)
    scaled = centred / torch.sqrt(centred.pow(2).mean(-1, keepdim=True) + 1e-5)
    return scaled * state[f"{name}.weight"] + state[f"{name}.bias"]


def attend(query, key, value, head):
    """Query [q, w], key and value [k, w], one head after the other."""
    head = head if query.shape[-1] % head == 0 else query.shape[-1]
    parts = []
    for first in range(0, query.shape[-1], head):
        q, k, v = (x[:, first : first + head] for x in (query, key, value))
        parts.append(torch.softmax(q @ k.T / head**0.5, dim=-1) @ v)
    return torch.cat(parts, dim=-1)


def hidden_states(state, picture):
    """The last hidden states [patches + 1, width] of one picture [3, s, s]."""
    weight = state["vision_model.embeddings.patch_embedding.weight"]
    patch = weight.shape[-1]
    rows = [
        (picture[:, y : y + patch, x : x + patch] * weight).sum((1, 2, 3))
        for y in range(0, picture.shape[1], patch)
        for x in range(0, picture.shape[2], patch)
    ]
    x = torch.stack([state["vision_model.embeddings.class_embedding"], *rows])
    x = norm(state, "vision_model.pre_layrnorm", x + state["vision_model.embeddings.position_embedding.weight"])
    layer = 0
    while f"vision_model.encoder.layers.{layer}.layer_norm1.weight" in state:
        p = f"vision_model.encoder.layers.{layer}"
        y = norm(state, f"{p}.layer_norm1", x)
        q, k, v = (linear(state, f"{p}.self_attn.{part}_proj", y) for part in "qkv")
        x = x + linear(state, f"{p}.self_attn.out_proj", attend(q, k, v, HEAD["clip"]))
        y = linear(state, f"{p}.mlp.fc1", norm(state, f"{p}.layer_norm2", x))
        x = x + linear(state, f"{p}.mlp.fc2", y / (1 + torch.exp(-1.702 * y)))
        layer += 1
    return x


def id_embeds(state, picture, face=None):
    """The ID embeddings of one photo, [1 or 2, 2048]."""
    hidden = hidden_states(state, picture)
    if face is None:
        pooled = norm(state, "vision_model.post_layernorm", hidden[0])
        both = [linear(state, name, pooled) for name in ("visual_projection", "visual_projection_2")]
        return torch.cat(both)[None]
    p = "qformer_perceiver"
    tokens = linear(state, f"{p}.token_proj.2", F.gelu(linear(state, f"{p}.token_proj.0", face)))
    width = state[f"{p}.token_norm.weight"].numel()
    queries = first = norm(state, f"{p}.token_norm", tokens.view(-1, width))
    r = f"{p}.perceiver_resampler"
    image = linear(state, f"{r}.proj_in", hidden)
    layer = 0
    while f"{r}.layers.{layer}.0.to_q.weight" in state:
        a = f"{r}.layers.{layer}.0"
        seen, asking = norm(state, f"{a}.norm1", image), norm(state, f"{a}.norm2", queries)
        key, value = linear(state, f"{a}.to_kv", torch.cat([seen, asking])).chunk(2, dim=-1)
        attended = attend(linear(state, f"{a}.to_q", asking), key, value, HEAD["resampler"])
        queries = queries + linear(state, f"{a}.to_out", attended)
        f = f"{r}.layers.{layer}.1"
        queries = queries + linear(state, f"{f}.3", F.gelu(linear(state, f"{f}.1", norm(state, f"{f}.0", queries))))
        layer += 1
    return first + norm(state, f"{r}.norm_out", linear(state, f"{r}.proj_out", queries))


def fused(state, text, identity):
    """One row of the prompt embeddings [w] with one ID embedding [w]."""
    m = "fuse_module"
    both = norm(state, f"{m}.mlp1.layernorm", torch.cat([text, identity]))
    first = linear(state, f"{m}.mlp1.fc2", F.gelu(linear(state, f"{m}.mlp1.fc1", both))) + text
    inner = F.gelu(linear(state, f"{m}.mlp2.fc1", norm(state, f"{m}.mlp2.layernorm", first)))
    return norm(state, f"{m}.layer_norm", linear(state, f"{m}.mlp2.fc2", inner) + first)


def embed(state, pictures, prompt, mask, faces=None):
    """Prompt embeddings [1, 77, w] with the person on the marked rows."""
    stacked = [id_embeds(state, one, None if faces is None else faces[n]) for n, one in enumerate(pictures)]
    stacked = torch.cat(stacked)
    out = prompt.clone()
    for number, row in enumerate(mask[0].nonzero().flatten().tolist()):
        out[0, row] = fused(state, prompt[0, row], stacked[number])
    return out
