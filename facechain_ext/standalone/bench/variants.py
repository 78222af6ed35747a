"""The ways of running the U-Net that are compared."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from facechain_ext.adapter import FaceAdapter, attach, new_adapter

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
    """The same with attention written out as two einsums and a softmax, as the published code has it."""
    tokens, null = _tokens(bench)
    with attach(bench.unet, bench.adapter, tokens, null_tokens=null, attention=_plain_attention):
        yield


VARIANTS: dict[str, Callable[[Bench], Any]] = {
    "bare U-Net": bare,
    "exact": exact,
    "region of 15 %": region,
    "einsum": einsum,
}
"""What is compared, by the name it has in the table; the first is what the others are related to."""


def _plain_attention(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> Tensor:
    logits = torch.einsum("bhid,bhjd->bhij", query, key) * query.shape[-1] ** -0.5
    weights = (logits if bias is None else logits + bias).softmax(-1)
    return torch.einsum("bhij,bhjd->bhid", weights, value)


def _tokens(bench: Bench) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    pair = torch.randn(2, PHOTO_TOKENS, bench.adapter.token_width, generator=generator)
    return pair[0], pair[1]
