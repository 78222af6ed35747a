"""The test of the way into a U-Net: in the first run of each loaded model, what was added must have arrived.

A host that is new, or whose U-Net another extension runs in its place, may accept hooks or a patch and go on without
what they add. The picture would then show somebody else and say that it shows the person.
"""

from __future__ import annotations

import logging
import weakref
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError
from facechain_ext.methods.fact.compiled_hooks import is_compiled
from facechain_ext.methods.fact.sites import find_sites

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from torch import Tensor, nn
    from torch.utils.hooks import RemovableHandle

    from facechain_ext.methods.fact.injection import FaceInjection

log = logging.getLogger(__name__)

_ARRIVED = 0.25
"""The part of an increment's norm that must be found behind the block's attention. Without the increment what is found
is the rounding of one addition; with it, 1 and what other extensions add."""

_passed: weakref.WeakSet[nn.Module] = weakref.WeakSet()
"""The U-Nets in which an increment has arrived."""


class AttachmentTest:
    """Watches the first block of a U-Net while the ``with`` block lasts, until an increment has arrived behind it.

    ``fail`` is called with a HostError that names ``program`` (the host and its version) and what was seen: once in the
    block's first run when the increment is not in the residual stream, or before the second step that should have had
    an increment when no block has asked for one. Nothing of the run is changed. What another extension does to the
    same block never counts as a failure.
    """

    def __init__(
        self, unet: nn.Module, injection: FaceInjection, program: str, fail: Callable[[HostError], None]
    ) -> None:
        self._unet = unet
        self._injection = injection
        self._first = next(iter(injection.adapter.sizes.channels))
        self._program = program
        self._fail = fail
        self._handles: list[RemovableHandle] = []
        self._calls = 0
        self._announced = False
        self._added: tuple[Tensor, Tensor] | None = None
        self._norm2: Tensor | None = None
        self._attn2: Tensor | None = None

    def __enter__(self) -> AttachmentTest:
        self._injection.observers.append(self._observe)
        if self._unet not in _passed and not is_compiled(self._unet):
            self._watch()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._injection.observers.remove(self._observe)
        self._stop()

    def begin_step(self) -> None:
        """Note that the host begins a step, and whether the last one has run the blocks."""
        if self._announced and not self._calls:
            self._announced = False
            self._report("none of the U-Net's blocks asked for the face in a whole step")
        elif self._injection.active and self._injection.conditions:
            self._announced = True

    def _watch(self) -> None:
        site = find_sites(self._unet)[0]
        if site.norm3 is None:
            return
        self._handles = [
            site.norm2.register_forward_pre_hook(self._before_norm2),
            site.norm3.register_forward_pre_hook(self._before_norm3),
        ]
        if site.attn2_out is not None:
            self._handles.append(site.attn2_out.register_forward_hook(self._after_attn2))

    def _stop(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._added = self._norm2 = self._attn2 = None

    def _observe(self, site: str, x: Tensor, increment: Tensor) -> None:
        self._calls += 1
        if self._handles and site == self._first:  # copies, as hosts go on in place
            self._added = (x.detach().clone(), increment.detach().clone())
            self._attn2 = None

    def _before_norm2(self, _module: nn.Module, args: tuple[Tensor, ...]) -> None:
        self._norm2 = args[0].detach().clone()

    def _after_attn2(self, _module: nn.Module, _args: tuple[Tensor, ...], output: Tensor) -> None:
        self._attn2 = output.detach().clone()

    def _before_norm3(self, _module: nn.Module, args: tuple[Tensor, ...]) -> None:
        """Look for the increment in the residual stream behind the cross-attention, else before it."""
        added, self._added = self._added, None
        if added is None:
            return
        x, increment = (part.float() for part in added)
        wanted = float(increment.norm())
        if wanted == 0:
            return
        stream, attended = args[0], self._attn2
        if attended is not None and attended.shape == x.shape == stream.shape:
            found = stream.float() - x - attended.float()
        elif self._norm2 is not None and self._norm2.shape == x.shape:
            found = self._norm2.float() - x
        else:  # another extension merges or tiles the tokens; the next run may tell
            return
        self._stop()
        if float(found.norm()) < _ARRIVED * wanted:
            self._report("its U-Net went on without what the face had added behind the first self-attention")
        else:
            _passed.add(self._unet)
            log.info("the face arrives in the U-Net of %s", self._program)

    def _report(self, seen: str) -> None:
        self._fail(
            HostError(f"in {self._program} {seen}, so no face can be put in here; look for an update of FaceChain")
        )
