"""The ways of running the U-Net that are compared."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from facechain_ext.adapter import Attachment, FaceAdapter, attach, new_adapter
from facechain_ext.adapter.injection import FaceCondition, FaceInjection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor, nn

PHOTO_TOKENS = 16
"""Identity tokens of one photo."""
FACE_SHARE = 0.15
"""Part of the picture that a face takes in the region that is measured."""


@dataclass(frozen=True)
class Case:
    """One size of work: side of the picture in pixels, and pictures at once (each is two rows, with guidance)."""

    side: int
    batch: int


@dataclass(frozen=True)
class Bench:
    """A U-Net of Stable Diffusion 1.5's size with random weights, an adapter for it, and where they are."""

    unet: nn.Module
    adapter: FaceAdapter
    device: torch.device
    dtype: torch.dtype

    @staticmethod
    def build(device: str, dtype: torch.dtype, *, gate: float = 0.5) -> Bench:
        """Make the full-size U-Net and adapter; random weights cost what trained ones cost."""
        from diffusers import UNet2DConditionModel

        torch.manual_seed(0)
        with torch.device("meta"):
            unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
        unet = unet.to_empty(device=device).to(dtype).eval()
        for parameter in unet.parameters():
            torch.nn.init.normal_(parameter, std=0.02)
        adapter = new_adapter(unet, gate=gate).to(device=device, dtype=dtype).eval()
        return Bench(unet, adapter.requires_grad_(requires_grad=False), torch.device(device), dtype)

    def inputs(self, case: Case) -> tuple[Tensor, Tensor]:
        """Latents [2 b, 4, h, w] and text [2 b, 77, 768] of one step."""
        rows, side = 2 * case.batch, case.side // 8
        place: dict[str, Any] = {"device": self.device, "dtype": self.dtype}
        return torch.randn(rows, 4, side, side, **place), torch.randn(rows, 77, 768, **place)


@contextmanager
def bare(_bench: Bench) -> Iterator[None]:
    """The U-Net as it is."""
    yield


@contextmanager
def exact(bench: Bench) -> Iterator[None]:
    """Every token, every step: what the published formula asks for."""
    tokens, null = _tokens(bench)
    with attach(bench.unet, bench.adapter, tokens, null_tokens=null):
        yield


@contextmanager
def region(bench: Bench) -> Iterator[None]:
    """Only inside a square of FACE_SHARE of the picture, as with a template or a drawn box."""
    tokens, null = _tokens(bench)
    side = round(64 * FACE_SHARE**0.5)
    mask = torch.zeros(64, 64)
    mask[8 : 8 + side, 20 : 20 + side] = 1
    with attach(bench.unet, bench.adapter, tokens, null_tokens=null, region=mask):
        yield


@contextmanager
def einsum(bench: Bench) -> Iterator[None]:
    """The block as the published code computes it: nothing kept between steps, attention as einsum and softmax."""
    tokens, null = _tokens(bench)
    plain = _PublishedInjection(bench.adapter, [FaceCondition(tokens, null)])
    with Attachment(bench.unet, plain):
        yield


VARIANTS: dict[str, Callable[[Bench], Any]] = {
    "bare U-Net": bare,
    "exact": exact,
    "region of 15 %": region,
    "published code (einsum)": einsum,
}
"""What is compared, by the name it has in the table; the first is what the others are related to."""


class _PublishedInjection(FaceInjection):
    """Rows that are thrown away are computed, and logits and weights of the attention are whole matrices in memory."""

    def increment(self, site: str, x: Tensor, heads: int) -> Tensor:
        condition, block = self.conditions[0], self.adapter.block(site)
        assert condition.null_tokens is not None
        half = len(x) // 2
        face = torch.stack([condition.null_tokens] * half + [condition.tokens] * half).to(x)
        both = block.norm1(torch.cat([x, block.linear(face)], dim=1))
        query, key, value = (part.unflatten(-1, (heads, -1)) for part in block.attn.to_qkv(both).chunk(3, dim=-1))
        logits = torch.einsum("bihd,bjhd->bhij", query, key) * query.shape[-1] ** -0.5
        attended = torch.einsum("bhij,bjhd->bihd", logits.softmax(-1), value).flatten(2)
        attn_gate, dense_gate = block.gates(condition.strength)
        first = (block.attn.to_out[0](attended) * attn_gate)[:, : x.shape[1]]
        up, down = block.ff.net[0].proj, block.ff.net[2]
        hidden, gate = up(block.norm2(x + first)).chunk(2, dim=-1)  # type: ignore[operator]
        out: Tensor = first + down(hidden * F.gelu(gate)) * dense_gate
        return out


def _tokens(bench: Bench) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    pair = torch.randn(2, PHOTO_TOKENS, bench.adapter.token_width, generator=generator)
    return pair[0], pair[1]
