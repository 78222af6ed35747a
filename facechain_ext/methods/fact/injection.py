"""What the adapter adds in each block, whichever way it is attached to the U-Net."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from facechain_ext.errors import HostError
from facechain_ext.methods.fact.options import EXACT
from facechain_ext.methods.fact.region import token_regions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from facechain_ext.methods.fact.block import FaceKeys, SerialFaceBlock
    from facechain_ext.methods.fact.model import FaceAdapter
    from facechain_ext.methods.fact.options import AttachOptions
    from facechain_ext.methods.fact.region import TokenRegion

    Observer = Callable[[str, Tensor, Tensor], None]
    """Called with a site's name, its input x [b, n, C] and the increment [b, n, C] that was added."""


@dataclass(frozen=True)
class FaceCondition:
    """One identity with everything that the blocks need of it.

    ``tokens`` are [t, width] for all rows or [b, t, width] row by row, ``null_tokens`` [t, width] what unconditional
    rows get instead (None: the same as the others), ``strength`` the published scale, ``region`` a mask [h, w] in 0..1
    over the latent grid or None, ``bias`` [t] what is added to the logits of its tokens.
    """

    tokens: Tensor
    null_tokens: Tensor | None = None
    strength: float = 0.5
    region: Tensor | None = None
    bias: Tensor | None = None

    def __post_init__(self) -> None:
        if self.tokens.dim() not in {2, 3}:
            raise ValueError(f"Identity tokens are [t, width] or [b, t, width], not {list(self.tokens.shape)}.")
        if not math.isfinite(self.strength):
            raise ValueError(f"Strength is a number, not {self.strength}.")
        if self.null_tokens is not None and self.null_tokens.shape[-2:] != self.tokens.shape[-2:]:
            raise ValueError(
                f"The null tokens {list(self.null_tokens.shape)} are not of the shape of the identity tokens "
                f"{list(self.tokens.shape)}: use one block of null tokens for each photo."
            )

    def token_sets(self) -> Tensor:
        """Every distinct set of tokens [m, t, width], the null tokens last."""
        sets = self.tokens if self.tokens.dim() == 3 else self.tokens[None]
        if self.null_tokens is None:
            return sets
        null = self.null_tokens if self.null_tokens.dim() == 3 else self.null_tokens[None]
        return torch.cat([sets, null[:1].to(sets)])

    def rows(self, conditional: Sequence[bool]) -> tuple[int, ...]:
        """The index in ``token_sets`` for each row of a batch."""
        sets = self.tokens.shape[0] if self.tokens.dim() == 3 else 1
        if sets not in {1, len(conditional)}:
            raise HostError(f"There are identity tokens for {sets} rows, but the U-Net runs {len(conditional)}.")
        null = sets if self.null_tokens is not None else None
        return tuple(
            null if null is not None and not is_conditional else (0 if sets == 1 else row)
            for row, is_conditional in enumerate(conditional)
        )


class FaceInjection:
    """The adapter's state during one picture: which rows, which step, and everything that does not change by step.

    ``begin`` is called once before each run of the U-Net, ``increment`` once in each block. ``progress`` is the
    fraction of the steps that are done; outside the window ``increment`` gives None. ``observers`` see each increment.
    ``options`` are those of ``attach``.
    """

    def __init__(
        self,
        adapter: FaceAdapter,
        conditions: Sequence[FaceCondition],
        *,
        window: tuple[float, float] = (0.0, 1.0),
        options: AttachOptions = EXACT,
    ) -> None:
        first, last = window
        if not 0.0 <= first <= last <= 1.0:
            raise ValueError(f"The window {window} is not two fractions of the steps, the first before the last.")
        for condition in conditions:
            if condition.tokens.shape[-1] != adapter.token_width:
                raise ValueError(
                    f"The identity tokens are {condition.tokens.shape[-1]} wide, this adapter wants "
                    f"{adapter.token_width}: make them with its own project()."
                )
        self.adapter = adapter
        self.conditions = [condition for condition in conditions if condition.strength != 0.0]
        self.window = window
        self.progress = 0.0
        self.automatic = options.automatic
        self.reuse = options.reuse
        self.conditional_only = options.conditional_only
        self.curve = options.curve
        self.observers: list[Observer] = []
        self._attention = options.attention
        self._streamed = options.streamed
        self._loaded = False
        self._rows: list[tuple[int, ...]] = []
        self._row_count = 0
        self._active_rows: tuple[int, ...] | None = None
        self._active_index: Tensor | None = None
        self._latent_size = (0, 0)
        self._keys: dict[tuple[int, str], FaceKeys] = {}
        self._row_keys: dict[tuple[int, str, tuple[int, ...]], FaceKeys] = {}
        self._gates: dict[tuple[int, str], tuple[Tensor, Tensor]] = {}
        self._regions: dict[tuple[tuple[int, int], int], list[TokenRegion | None]] = {}

    @property
    def active(self) -> bool:
        """Whether the coming step is inside the window, its curve is above 0, and there is anybody to add."""
        first, last = self.window
        inside = first <= self.progress < last or (last == 1.0 and first <= self.progress)
        return bool(self.conditions) and inside and first < last and self.factor > 0.0

    @property
    def factor(self) -> float:
        """By what the curve multiplies the strength in the coming step."""
        return 1.0 if self.curve is None else self.curve.factor(self.progress)

    def begin(self, conditional: Sequence[bool], latent_size: tuple[int, int]) -> None:
        """Prepare for one run of the U-Net: which rows are conditional, and height and width of the latent picture."""
        rows = [condition.rows(conditional) for condition in self.conditions]
        conditional_rows = tuple(row for row, is_conditional in enumerate(conditional) if is_conditional)
        self._row_count = len(conditional)
        active_rows = conditional_rows if self.conditional_only and len(conditional_rows) < len(conditional) else None
        if active_rows != self._active_rows:
            self._active_rows, self._active_index = active_rows, None
        self._rows = (
            rows if self._active_rows is None else [tuple(sets[row] for row in self._active_rows) for sets in rows]
        )
        self._latent_size = latent_size
        if self.reuse is not None:
            self.reuse.begin(self.progress, (tuple(conditional), latent_size))
        if self.automatic is not None and self.automatic.begin(self.progress, latent_size):
            self._regions.clear()

    def increment(self, site: str, x: Tensor, heads: int) -> Tensor | None:
        """What the block of ``site`` adds to ``x`` [b, n, C]; None when it adds nothing.

        Raises HostError when ``x`` has another number of rows than ``begin`` was given.
        """
        if not self.active:
            return None
        if self._row_count != len(x):
            raise HostError(f"A block got {len(x)} rows where {self._row_count} were announced.")
        total = None if self.reuse is None else self.reuse.lookup(site, x)
        if total is None:
            total = self._compute(site, x, heads)
            if self.reuse is not None:
                self.reuse.store(site, total)
        for observer in self.observers:
            observer(site, x, total)
        return total

    def _compute(self, site: str, x: Tensor, heads: int) -> Tensor:
        """The increment of this step, for the rows that get one."""
        if self._active_rows is None:
            return self._compute_rows(site, x, heads)
        total = torch.zeros_like(x)
        if not self._active_rows:
            return total
        if self._active_index is None or self._active_index.device != x.device:
            self._active_index = torch.tensor(self._active_rows, device=x.device)
        return total.index_copy(0, self._active_index, self._compute_rows(site, x[self._active_index], heads))

    def _compute_rows(self, site: str, x: Tensor, heads: int) -> Tensor:
        """The increment of rows that all get one."""
        if not self._loaded and not self._streamed:
            self.adapter.residency.load(x.device)
            self._loaded = True
        block = self.adapter.block(site)
        if self._streamed:
            with self.adapter.residency.streamed(block, x.device):
                total = self._sum_increments(site, block, x, heads)
        else:
            total = self._sum_increments(site, block, x, heads)
        if self.automatic is not None:
            self.automatic.observe(total)
        return total

    def close(self) -> None:
        """Offload the weights and clear what was computed once per picture; harmless when repeated."""
        if self._loaded:
            self._loaded = False
            self.adapter.residency.offload()
        self._keys.clear()
        self._row_keys.clear()
        self._gates.clear()
        self._regions.clear()
        if self.reuse is not None:
            self.reuse.reset()

    def _sum_increments(self, site: str, block: SerialFaceBlock, x: Tensor, heads: int) -> Tensor:
        """The increments of all identities, each in its region."""
        training = self._training(block)
        dtype = x.dtype if training else block.norm1.weight.dtype
        # the host's autocast would choose other precisions than the weights have; training wants exactly that
        with nullcontext() if training else _no_autocast(x.device.type):
            regions = self._regions_for(x)
            compute = x.to(dtype)
            if regions == [None]:
                keys, gates = self._keys_and_gates(0, site, block, x)
                return block.increment(compute, keys, heads, gates, self._attention).to(x.dtype)
            picture = block.picture_keys(compute)
            total = torch.zeros_like(x)
            for number, region in enumerate(regions):
                keys, gates = self._keys_and_gates(number, site, block, x)
                index = torch.arange(x.shape[1], device=x.device) if region is None else region.index
                if not len(index):
                    continue
                part = block.increment_at(compute, index, keys, heads, gates, self._attention, picture)
                weighted = part if region is None else part * region.weight.to(part.dtype)
                total = total.index_add(1, index, weighted.to(x.dtype))
            return total

    def _training(self, block: SerialFaceBlock) -> bool:
        wanted = block.alpha_attn.requires_grad or any(c.tokens.requires_grad for c in self.conditions)
        return wanted and torch.is_grad_enabled()

    def _regions_for(self, x: Tensor) -> list[TokenRegion | None]:
        key = (self._latent_size, x.shape[1])
        if key not in self._regions:
            found = None if self.automatic is None else self.automatic.region
            masks = [found if condition.region is None else condition.region for condition in self.conditions]
            self._regions[key] = token_regions(masks, self._latent_size, x.shape[1], x.device)
        return self._regions[key]

    def _keys_and_gates(
        self, number: int, site: str, block: SerialFaceBlock, x: Tensor
    ) -> tuple[FaceKeys, tuple[Tensor, Tensor]]:
        """Keys of one identity, a row each, and its gates; computed once unless they are being trained."""
        condition, rows = self.conditions[number], self._rows[number]
        key = (number, site)
        if self._training(block):
            keys, gates = self._compute_keys_and_gates(condition, block, x)
            return keys.rows(torch.tensor(rows, device=x.device)), gates
        if key not in self._keys:
            self._keys[key], self._gates[key] = self._compute_keys_and_gates(condition, block, x)
        row_key = (number, site, rows)  # hosts that run the halves of a batch apart come back to the same few orders
        if row_key not in self._row_keys:
            self._row_keys[row_key] = self._keys[key].rows(torch.tensor(rows, device=x.device))
        attn, dense = self._gates[key]
        factor = self.factor
        return self._row_keys[row_key], (attn, dense) if factor == 1.0 else (attn * factor, dense * factor)

    def _compute_keys_and_gates(
        self, condition: FaceCondition, block: SerialFaceBlock, x: Tensor
    ) -> tuple[FaceKeys, tuple[Tensor, Tensor]]:
        dtype = block.norm1.weight.dtype
        bias = None if condition.bias is None else condition.bias.to(x.device)
        keys = block.face_keys(condition.token_sets().to(device=x.device, dtype=dtype), bias)
        attn, dense = block.gates(condition.strength)
        return keys, (attn.to(dtype), dense.to(dtype))


def _no_autocast(device_type: str) -> AbstractContextManager[object]:
    """No autocast for the moment; some devices (and Apple's under torch before 2.4) have none to switch off."""
    available = getattr(torch.amp, "is_autocast_available", lambda device: device in {"cpu", "cuda"})
    return torch.autocast(device_type, enabled=False) if available(device_type) else nullcontext()
