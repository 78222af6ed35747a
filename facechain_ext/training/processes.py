"""Several processes that train one module: each sees rows of its own, all make the same updates."""

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

PATIENCE = timedelta(days=1)
"""How long one process waits for another: the first draws every picture while the others wait."""


class Processes:
    """This process among those that ``torchrun`` started together; alone without it.

    They live on the CPU, as the small models do. Two with a thread each make the most of two cores: modules this
    narrow hardly gain from a second thread.
    """

    def __init__(self) -> None:
        self._state = None
        if torch.distributed.is_torchelastic_launched():
            from accelerate import PartialState

            self._state = PartialState(cpu=True, timeout=PATIENCE)

    @property
    def count(self) -> int:
        """How many there are."""
        return 1 if self._state is None else int(self._state.num_processes)

    @property
    def index(self) -> int:
        """The number of this one, from 0."""
        return 0 if self._state is None else int(self._state.process_index)

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files and shows progress."""
        return self.index == 0

    def first_goes_first(self) -> AbstractContextManager[None]:
        """A block that the others enter when the first one has left it."""
        return nullcontext() if self._state is None else self._state.main_process_first()

    def rows(self, batch: int) -> int:
        """How many rows of a ``batch`` are this process's; raises HostError when it cannot be shared out evenly."""
        if batch % self.count:
            raise HostError(f"{batch} rows cannot be shared by {self.count} processes; start as many as divide them.")
        return batch // self.count

    def share_gradients(self, module: nn.Module) -> None:
        """Replace every gradient by its mean over the processes; one that is missing here counts as 0."""
        if self._state is None:
            return
        parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        together = self._mean(torch.cat([gradient.flatten() for gradient in gradients]))
        for parameter, mean in zip(parameters, torch.split(together, [p.numel() for p in parameters]), strict=True):
            parameter.grad = mean.view_as(parameter)

    def means(self, values: Mapping[str, float]) -> dict[str, float]:
        """The means over the processes of values that each of them has."""
        if self._state is None:
            return dict(values)
        return dict(
            zip(values, self._mean(torch.tensor(list(values.values()), dtype=torch.float64)).tolist(), strict=True)
        )

    def all_agree(self, agreed: bool) -> bool:  # noqa: FBT001 - one process's vote
        """Whether every process says so."""
        return self.means({"agreed": float(agreed)})["agreed"] == 1.0

    def _mean(self, values: Tensor) -> Tensor:
        torch.distributed.all_reduce(values)
        return values.div_(self.count)
