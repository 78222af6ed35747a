"""The published block, written again in plain form from the state dict alone, put into a U-Net."""

from __future__ import annotations

from contextlib import contextmanager

import torch

PARTS = [
    *(f"down_blocks.{i}.attentions.{j}" for i in (0, 1, 2) for j in (0, 1)),
    "mid_block.attentions.0",
    *(f"up_blocks.{i}.attentions.{j}" for i in (1, 2, 3) for j in (0, 1, 2)),
]

LDM = dict(
    zip(
        PARTS,
        [
            "input_blocks.1.1", "input_blocks.2.1", "input_blocks.4.1", "input_blocks.5.1", "input_blocks.7.1",
            "input_blocks.8.1", "middle_block.1", *(f"output_blocks.{n}.1" for n in range(3, 12)),
        ],
        strict=True,
    )
)  # fmt: skip


def layer_norm(x, weight, bias):
    mean = x.mean(-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + 1e-5) * weight + bias


def increment(h, face, state, prefix, heads, strength):
    """What the published block adds to h [b, n, c], by the formula, with einsum and nothing cached."""
    p = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    f = face @ p["linear.weight"].T + p["linear.bias"]
    both = layer_norm(torch.cat([h, f], 1), p["norm1.weight"], p["norm1.bias"])
    b, n, c = both.shape
    q, k, v = ((both @ p[f"attn.to_{x}.weight"].T).reshape(b, n, heads, c // heads) for x in "qkv")
    logits = torch.einsum("bihd,bjhd->bhij", q, k) * (c // heads) ** -0.5
    out = torch.einsum("bhij,bjhd->bihd", logits.softmax(-1), v).reshape(b, n, c)
    out = out @ p["attn.to_out.0.weight"].T + p["attn.to_out.0.bias"]
    h1 = h + strength * torch.tanh(p["alpha_attn"]) * out[:, : h.shape[1]]
    m = layer_norm(h1, p["norm2.weight"], p["norm2.bias"]) @ p["ff.net.0.proj.weight"].T + p["ff.net.0.proj.bias"]
    value, gate = m.split(m.shape[-1] // 2, -1)
    gelu = gate * 0.5 * (1 + torch.erf(gate / 2**0.5))
    h2 = h1 + strength * torch.tanh(p["alpha_dense"]) * ((value * gelu) @ p["ff.net.2.weight"].T + p["ff.net.2.bias"])
    return h2 - h


@contextmanager
def published(unet, state, face, strength, weight_of=None):
    """The U-Net with the published block in each site; ``weight_of(n)`` [n] scales its increment."""
    is_diffusers = hasattr(unet, "down_blocks")
    places = {part: f"{part if is_diffusers else LDM[part]}.transformer_blocks.0" for part in PARTS}
    prefixes = {place: f"{part}.transformer_blocks.0.attn2.processor." for part, place in places.items()}
    with published_in(unet, prefixes, state, face, strength, weight_of):
        yield


@contextmanager
def published_in(unet, prefixes, state, face, strength, weight_of=None):
    """The U-Net with the published block in each module of ``prefixes``: its name -> the prefix of its keys."""
    modules = dict(unet.named_modules())
    changed = []
    for place, prefix in prefixes.items():
        block = modules[place]

        def forward(x, *args, block=block, prefix=prefix, **kwargs):
            context = kwargs.get("encoder_hidden_states", kwargs.get("context", args[0] if args else None))
            x = block.attn1(block.norm1(x)) + x
            added = increment(x, face, state, prefix, block.attn1.heads, strength)
            if weight_of is not None:
                added = added * weight_of(x.shape[1])[None, :, None]
            x = x + added
            x = block.attn2(block.norm2(x), context) + x
            return block.ff(block.norm3(x)) + x

        changed.append(block)
        block.forward = forward
    try:
        yield
    finally:
        for block in changed:
            del block.forward
