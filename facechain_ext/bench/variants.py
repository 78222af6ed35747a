"""The variants of running the U-Net that are compared."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from facechain_ext.bench.ip_adapter import image_embeds, with_ip_adapter
from facechain_ext.methods.fact import Attachment, AttachOptions, FaceAdapter, attach, new_adapter
from facechain_ext.methods.fact.automatic import AutomaticRegion
from facechain_ext.methods.fact.increment_cache import IncrementCache
from facechain_ext.methods.fact.injection import FaceCondition, FaceInjection
from facechain_ext.methods.fact.options import EXACT
from facechain_ext.methods.fact.presets import FAST, PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from diffusers import UNet2DConditionModel, UNetMotionModel
    from torch import Tensor

PHOTO_TOKENS = 16
"""Identity tokens of one photo."""
FACE_SHARE = 0.15
"""Share of the picture that the measured regions cover."""
PICTURE_STEPS = 25
"""Steps over which variants with unequal steps are averaged; the default of the page."""


@dataclass(frozen=True)
class Case:
    """One size of work: side in pixels, and pictures or clips at once (each picture is two rows, with guidance)."""

    side: int
    batch: int


@dataclass(frozen=True)
class Bench:
    """A U-Net of Stable Diffusion 1.5's topology with random weights, an adapter for it, and where they are.

    With ``frames`` it has AnimateDiff's motion modules and makes clips of so many; 0 is for pictures.
    """

    unet: UNet2DConditionModel | UNetMotionModel
    adapter: FaceAdapter
    device: torch.device
    dtype: torch.dtype
    frames: int = 0

    @staticmethod
    def build(
        device: str, dtype: torch.dtype, *, gate: float = 0.5, sizes: dict[str, object] | None = None, seed: int = 0,
        frames: int = 0,
    ) -> Bench:  # fmt: skip
        """Make a full-size U-Net and adapter, or one of other ``sizes`` (arguments of diffusers' U-Net).

        Random weights cost what trained ones cost. On the device "meta" nothing is computed or held.
        """
        from accelerate import init_empty_weights
        from diffusers import UNet2DConditionModel, UNetMotionModel

        torch.manual_seed(seed)
        kind, heads = (
            (UNetMotionModel, "num_attention_heads") if frames else (UNet2DConditionModel, "attention_head_dim")
        )
        with init_empty_weights(include_buffers=False):
            unet = kind(**({"sample_size": 64, "cross_attention_dim": 768, heads: 8} | (sizes or {})))
        with torch.device("meta" if device == "meta" else "cpu"):
            adapter = new_adapter(unet, gate=gate).to(device=device, dtype=dtype).eval()
        buffers = dict(unet.named_buffers())  # the positions of frames, which are no weights
        unet = unet.to_empty(device=device).to(dtype).eval()
        for name, buffer in unet.named_buffers():
            buffer.copy_(buffers[name])
        for name, parameter in unet.named_parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.02)
            else:
                torch.nn.init.constant_(parameter, float(name.endswith("weight")))
        return Bench(unet, adapter.requires_grad_(requires_grad=False), torch.device(device), dtype, frames)

    def inputs(self, case: Case) -> tuple[Tensor, Tensor]:
        """Latents [2 b, 4, h, w] and text [2 b, 77, 768] of one step; of clips [2 b, 4, f, h, w], [2 b f, 77, 768]."""
        rows, side = 2 * case.batch, case.side // 8
        grid = (self.frames, side, side) if self.frames else (side, side)
        latents = torch.randn(rows, 4, *grid, device=self.device, dtype=self.dtype)
        words = rows * (self.frames or 1)
        text = torch.randn(words, 77, self.adapter.token_width, device=self.device, dtype=self.dtype)
        return latents, text

    @property
    def weights(self) -> tuple[int, int]:
        """Bytes of the U-Net, and of the adapter's blocks."""
        return tuple(  # type: ignore[return-value]
            sum(weight.nbytes for weight in module.parameters()) for module in (self.unet, self.adapter.blocks)
        )


@dataclass(frozen=True)
class Step:
    """One step to be measured: the ``progress`` 0..1 it is at, and the ``share`` of a picture's steps that are so."""

    progress: float
    share: float = 1.0


@dataclass(frozen=True)
class Variant:
    """One way of running the U-Net.

    ``attached`` applies it for one case; ``steps`` are run in turn, and their times averaged by their shares. ``needs``
    are the bytes that a step needs beyond the bare one, where that may be too much, ``arguments`` what the U-Net takes
    besides its usual ones. ``for_clips`` are those that keep the frames of a clip apart.
    """

    name: str
    attached: Callable[[Bench, Case], AbstractContextManager[Attachment | None]]
    steps: tuple[Step, ...] = (Step(0.5),)
    needs: Callable[[Bench, Case], int] = lambda _bench, _case: 0
    arguments: Callable[[Bench, Case], dict[str, object]] = lambda _bench, _case: {}
    for_clips: bool = False


class FixedFaceRegion(AutomaticRegion):
    """An automatic region that measures as usual and then returns face_mask, since random weights show no face."""

    def _measure_region(self) -> Tensor | None:
        if self._energy is not None and not self._energy.is_meta:
            super()._measure_region()
        return face_mask(self._size)


def face_mask(size: tuple[int, int]) -> Tensor:
    """A square of FACE_SHARE of a grid [h, w], somewhat above its middle, as 0 and 1."""
    mask = torch.zeros(size)
    side = round(size[0] * FACE_SHARE**0.5)
    top, left = size[0] // 8, (size[1] - side) // 2
    mask[top : top + side, left : left + side] = 1
    return mask


def _face(
    bench: Bench, case: Case, *, region: Tensor | None = None, options: AttachOptions = EXACT, start: float = 0.0
) -> AbstractContextManager[Attachment]:
    del case
    tokens, null = _tokens(bench)
    window = (start, 1.0)
    return attach(bench.unet, bench.adapter, tokens, null_tokens=null, window=window, region=region, options=options)


def _region(bench: Bench, case: Case) -> AbstractContextManager[Attachment]:
    return _face(bench, case, region=face_mask((case.side // 8, case.side // 8)))


@contextmanager
def _published(bench: Bench, case: Case) -> Iterator[Attachment]:
    del case
    plain = PublishedInjection(bench.adapter, [FaceCondition(*_tokens(bench))])
    with Attachment(bench.unet, plain) as attachment:
        yield attachment


def _preset(bench: Bench, case: Case) -> AbstractContextManager[Attachment]:
    cache = IncrementCache(_FAST_REUSE[0], warm_up=1)
    return _face(bench, case, options=AttachOptions(reuse=cache, conditional_only=_FAST.conditional_only), start=0.05)


def _logits(bench: Bench, case: Case) -> int:
    """Bytes of the largest matrices of logits, and as much for the softmax of them."""
    tokens = (case.side // 8) ** 2 + PHOTO_TOKENS
    return 2 * 2 * case.batch * int(bench.unet.config.attention_head_dim) * tokens * tokens * bench.dtype.itemsize


def _share_everywhere() -> float:
    """Part of a picture's steps in which the automatic region is measured."""
    automatic, everywhere = FixedFaceRegion(), 0
    for step in range(PICTURE_STEPS):
        automatic.begin(step / PICTURE_STEPS, (64, 64))
        everywhere += automatic.region is None
        automatic.observe(torch.ones(1, 64, 1))
    return everywhere / PICTURE_STEPS


def _share_computed(reuse: IncrementCache, start: float = 0.0) -> float:
    """Part of a picture's steps in which increments are computed and not used again, from ``start`` of them on."""
    computed = 0
    for progress in (step / PICTURE_STEPS for step in range(PICTURE_STEPS)):
        if progress >= start:
            reuse.begin(progress, None)
            computed += reuse.recomputes
    return computed / PICTURE_STEPS


_FAST = PRESETS[FAST]
assert _FAST.reuse is not None
_FAST_REUSE = _FAST.reuse
_FAST_OFF = sum(step / PICTURE_STEPS < _FAST.start for step in range(PICTURE_STEPS)) / PICTURE_STEPS
_FAST_COMPUTED = _share_computed(IncrementCache(_FAST_REUSE[0], warm_up=_FAST_REUSE[1]), _FAST.start)


VARIANTS: tuple[Variant, ...] = (
    Variant("bare U-Net", lambda _bench, _case: nullcontext(), for_clips=True),
    Variant("exact", _face, for_clips=True),
    Variant(
        "automatic region",
        lambda bench, case: _face(bench, case, options=AttachOptions(automatic=FixedFaceRegion(warm_up=1))),
        (Step(0.1, _share_everywhere()), Step(0.5, 1 - _share_everywhere())),
    ),
    Variant("region of 15 %", _region),
    Variant(
        "every second step",
        lambda bench, case: _face(bench, case, options=AttachOptions(reuse=IncrementCache(warm_up=1))),
        (Step(0.1, _share_computed(IncrementCache())), Step(0.5, 1 - _share_computed(IncrementCache()))),
    ),
    Variant(
        "prompt's rows alone",
        lambda bench, case: _face(bench, case, options=AttachOptions(conditional_only=True)),
        for_clips=True,
    ),
    Variant(
        "preset Fast",
        _preset,
        (Step(0.01, _FAST_OFF), Step(0.1, _FAST_COMPUTED), Step(0.5, 1 - _FAST_OFF - _FAST_COMPUTED)),
        for_clips=True,
    ),
    Variant(
        "IP-Adapter Plus of diffusers",
        lambda bench, _case: with_ip_adapter(bench.unet, bench.adapter.token_width),
        arguments=lambda bench, case: image_embeds(bench.unet, 2 * case.batch),
    ),
    Variant("published code (einsum)", _published, needs=_logits),
)
"""The compared variants; the first is the reference."""


class PublishedInjection(FaceInjection):
    """The block as the published code computes it: nothing is cached between steps, attention is einsum and softmax.

    Discarded rows are computed too, and attention logits and weights are full matrices in memory.
    """

    def increment(self, site: str, x: Tensor, heads: int) -> Tensor:
        """What the block of ``site`` adds to ``x`` [b, n, C], the unconditional half of the rows first."""
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
