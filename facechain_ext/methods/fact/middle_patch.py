"""The way in for Forge and reForge: their ``middle_patch`` runs where the serial face block belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from facechain_ext.methods.fact.attachment import injection_into
from facechain_ext.methods.fact.guard import StepGuard
from facechain_ext.methods.fact.options import EXACT
from facechain_ext.methods.fact.sites import forge_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor, nn

    from facechain_ext.errors import HostError
    from facechain_ext.methods.fact.injection import FaceCondition, FaceInjection
    from facechain_ext.methods.fact.model import FaceAdapter
    from facechain_ext.methods.fact.options import AttachOptions
    from facechain_ext.methods.protocol import ModelPatcher

_CONDITIONAL = 0
"""What ``cond_or_uncond`` holds for conditional rows; 1 for unconditional ones."""


class PatchOptions(TypedDict):
    """What Forge and reForge pass to a ``middle_patch`` with each call, as far as it is read here.

    ``block`` begins with the place, as in ("input", 4), and ``block_index`` is the number of the transformer block
    there; ``cond_or_uncond`` has an entry for each equal part of the
    batch, ``original_shape`` is the latent's, and ``n_heads`` the block's number of heads.
    """

    block: tuple[str, int]
    block_index: int
    cond_or_uncond: Sequence[int]
    original_shape: Sequence[int]
    n_heads: int


class PatchAttachment:
    """A face adapter that acts through ``middle_patch`` until ``remove`` is called.

    The host calls it with x [b, n, C] after the self-attention and its own facts of the call. Copying gives
    the object itself: cloning a patcher deep-copies its options, and a copy would hold the adapter's weights again and
    learn neither the progress of the steps nor that it was removed.
    """

    def __init__(self, injection: FaceInjection, on_failure: Callable[[Exception], None] | None = None) -> None:
        self.injection = injection
        sites = tuple(injection.adapter.sizes.channels)
        self._site_of = {forge_name(site): site for site in sites}
        self._first = sites[0]
        self._guard = StepGuard(on_failure)
        self._active = True
        self._run: tuple[list[bool], tuple[int, int]] | None = None

    def __copy__(self) -> PatchAttachment:
        return self

    def __deepcopy__(self, _memo: dict[int, object]) -> PatchAttachment:
        return self

    def set_progress(self, fraction: float) -> None:
        """Say how much of the steps is done, 0..1."""
        self.injection.progress = fraction

    def fail(self, error: HostError) -> None:
        """Add nothing any more, because of ``error``; raises it without an ``on_failure``."""
        self._guard.fail(error)

    def __call__(self, x: Tensor, extra_options: PatchOptions) -> Tensor:
        """``x`` plus the increment of this block."""
        increment = self._guard.run(lambda: self._increment(x, extra_options))
        return x if increment is None else x + increment

    def _increment(self, x: Tensor, extra_options: PatchOptions) -> Tensor | None:
        place, number, *_ = extra_options["block"]
        site = self._site_of.get((place, number, extra_options.get("block_index", 0)))
        if site is None or not self._active or not self.injection.active:
            return None
        rows, size = rows_of(x.shape[0], extra_options["cond_or_uncond"]), extra_options["original_shape"][-2:]
        run = (rows, (int(size[0]), int(size[1])))
        if site == self._first or run != self._run:  # the first block of a run, or of one that leaves out the first
            self.injection.begin(*run)
            self._run = run
        return self.injection.increment(site, x, int(extra_options["n_heads"]))

    def remove(self) -> None:
        """Add nothing any more and offload the weights, whoever still refers to the patch; harmless when repeated."""
        self._active = False
        self.injection.close()


def rows_of(rows: int, cond_or_uncond: Sequence[int]) -> list[bool]:
    """Which of ``rows`` rows are conditional, given one entry for each equal part of the batch."""
    each = rows // len(cond_or_uncond)
    return [kind == _CONDITIONAL for kind in cond_or_uncond for _ in range(each)]


def attach_by_patch(
    patcher: ModelPatcher,
    unet: nn.Module,
    adapter: FaceAdapter,
    conditions: Sequence[FaceCondition],
    *,
    window: tuple[float, float] = (0.0, 1.0),
    options: AttachOptions = EXACT,
) -> PatchAttachment:
    """Let ``adapter`` act in the U-Net that ``patcher`` (a clone of the host's) wraps.

    ``conditions`` come from ``conditions_of``; ``window`` and ``options`` are those of ``attach``.
    Raises HostError when ``unet`` is neither SD1.5's nor SDXL's, or of other sites or channels than the adapter, and
    ValueError for wrong settings; the patcher is then as it was.
    """
    attachment = PatchAttachment(
        injection_into(unet, adapter, conditions, window=window, options=options), options.on_failure
    )
    patcher.set_model_patch(attachment, "middle_patch")
    return attachment
