"""Data-parallel training on the CPU: each process has its own rows, and all make the same updates."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING

import torch
import torch.distributed
from torch import Tensor, nn

from facechain_ext.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROCESS_TIMEOUT = timedelta(days=1)
"""Timeout of collective operations: the others wait while the first process renders every picture."""


class Processes:
    """This process among those that ``torchrun`` started; the only one without it.

    Modules as narrow as the tiny models hardly gain from a second thread, so two processes use two cores better.
    """

    def __init__(self) -> None:
        self._state = None
        if torch.distributed.is_torchelastic_launched():
            from accelerate import PartialState

            self._state = PartialState(cpu=True, timeout=PROCESS_TIMEOUT)

    @property
    def count(self) -> int:
        """The number of processes."""
        return 1 if self._state is None else int(self._state.num_processes)

    @property
    def index(self) -> int:
        """The index of this process, from 0."""
        return 0 if self._state is None else int(self._state.process_index)

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and shows progress."""
        return self.index == 0

    def main_process_first(self) -> AbstractContextManager[None]:
        """A block that the other processes enter after the first one has left it."""
        return nullcontext() if self._state is None else self._state.main_process_first()

    def rows(self, batch: int) -> int:
        """How many rows of a ``batch`` this process gets; raises HostError when they cannot be divided evenly."""
        if batch % self.count:
            raise HostError(f"{batch} rows cannot be shared by {self.count} processes; start as many as divide them.")
        return batch // self.count

    def average_gradients(self, module: nn.Module) -> None:
        """Replace every gradient by its mean over the processes; one that is missing here counts as 0."""
        if self._state is None:
            return
        parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        averaged = self._mean(torch.cat([gradient.flatten() for gradient in gradients]))
        for parameter, mean in zip(parameters, torch.split(averaged, [p.numel() for p in parameters]), strict=True):
            parameter.grad = mean.view_as(parameter)

    def means(self, values: Mapping[str, float]) -> dict[str, float]:
        """The means of ``values`` over all processes."""
        if self._state is None:
            return dict(values)
        return dict(
            zip(values, self._mean(torch.tensor(list(values.values()), dtype=torch.float64)).tolist(), strict=True)
        )

    def all_agree(self, *, agreed: bool) -> bool:
        """Whether ``agreed`` is True in every process."""
        return self.means({"agreed": float(agreed)})["agreed"] == 1.0

    def _mean(self, values: Tensor) -> Tensor:
        torch.distributed.all_reduce(values)
        return values.div_(self.count)
