"""Where an adapter's weights are: on their offload device, or loaded on the device that computes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from facechain_ext.devices import copies_in_background

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from torch import Tensor, nn


class WeightResidency:
    """Loads the weights of a module to a computing device and offloads them again, without copying them back.

    Loads are counted: the weights are offloaded by as many calls of ``offload`` as there were of ``load``. Nothing is
    copied back, since the weights do not change while they are loaded.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._offloaded: dict[nn.Parameter, Tensor] = {}
        self._loads = 0

    @property
    def device(self) -> torch.device:
        """Where the weights are now."""
        return next(self._module.parameters()).device

    @property
    def loads(self) -> int:
        """How many loads no ``offload`` has answered yet."""
        return self._loads

    def load(self, device: torch.device) -> None:
        """Have the weights on ``device`` until ``offload`` is called."""
        self._loads += 1
        if self.device != device:
            _move(self._module, device, self._offloaded)

    def offload(self) -> None:
        """End one ``load``; the last one gives the memory on the computing device free."""
        self._loads = max(self._loads - 1, 0)
        if not self._loads:
            _restore(self._offloaded)

    @contextmanager
    def loaded(self, device: torch.device) -> Iterator[None]:
        """Have the weights on ``device`` inside the block."""
        self.load(device)
        try:
            yield
        finally:
            self.offload()

    @contextmanager
    def streamed(self, part: nn.Module, device: torch.device) -> Iterator[None]:
        """Have the weights of one ``part`` of the module on ``device`` inside the block, whatever the others do."""
        offloaded: dict[nn.Parameter, Tensor] = {}
        if next(part.parameters()).device != device:
            _move(part, device, offloaded)
        try:
            yield
        finally:
            _restore(offloaded)


def _move(module: nn.Module, device: torch.device, offloaded: dict[nn.Parameter, Tensor]) -> None:
    for parameter in module.parameters():
        offloaded.setdefault(parameter, parameter.data)
        parameter.data = parameter.data.to(device, non_blocking=copies_in_background(device))


def _restore(offloaded: dict[nn.Parameter, Tensor]) -> None:
    for parameter, data in offloaded.items():
        parameter.data = data
    offloaded.clear()
