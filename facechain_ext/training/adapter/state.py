"""The state of a training between two steps, as one safetensors file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from facechain_ext.errors import HostError, WeightsError
from facechain_ext.storage.atomic_write import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

STATE = "state.safetensors"


@dataclass(frozen=True)
class Progress:
    """``step`` updates were made with ``settings``; ``scaler`` is the state of the loss scaling of fp16, else empty."""

    step: int
    settings: dict[str, object]
    scaler: dict[str, object]


def save_state(
    folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer, average: dict[str, Tensor], progress: Progress
) -> None:
    """Write the state, whole or not at all; the one of before stays until then.

    Raises HostError, which names the step that is safe, when it cannot be written (a full disk).
    """
    tensors = {f"weights.{name}": value.detach() for name, value in module.named_parameters()}
    tensors |= {f"average.{name}": value for name, value in average.items()}
    tensors |= {f"buffers.{name}": value for name, value in module.named_buffers()}
    for index, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in values.items()}
    metadata = {
        "step": str(progress.step),
        "settings": json.dumps(progress.settings),
        "scaler": json.dumps(progress.scaler),
    }
    try:
        with atomic_write(folder / STATE) as part:
            save_file(
                {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}, part, metadata
            )
    except (OSError, SafetensorError) as error:
        earlier = read_progress(folder)
        safe = f"the state of step {earlier.step} is whole" if earlier else "no earlier state exists"
        raise HostError(
            f"The state of step {progress.step} could not be written into {folder} ({error}); {safe}. Free some space, "
            "then go on with --resume."
        ) from error


def read_progress(folder: Path) -> Progress | None:
    """How far the training in a folder is, or None where there is none; raises WeightsError for a damaged file."""
    path = folder / STATE
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            return Progress(int(metadata["step"]), json.loads(metadata["settings"]), json.loads(metadata["scaler"]))
    except (SafetensorError, KeyError, ValueError) as error:
        raise WeightsError(f"{path} is no state of a training ({error}); begin again in another folder.") from error


def load_state(folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer, average: dict[str, Tensor]) -> None:
    """Put the state of a folder into module, optimizer and averaged weights.

    Raises WeightsError when it is of an adapter of other sizes.
    """
    optimizer_state: dict[int, dict[str, Tensor]] = {}
    with safe_open(folder / STATE, framework="pt") as file:
        names = set(file.keys())
        for name, parameter in module.named_parameters():
            if f"weights.{name}" not in names or file.get_slice(f"weights.{name}").get_shape() != list(parameter.shape):
                raise WeightsError(f"{folder / STATE} is of an adapter of other sizes; choose the same checkpoint.")
            parameter.data.copy_(file.get_tensor(f"weights.{name}"))
            average[name].copy_(file.get_tensor(f"average.{name}"))
        for name, buffer in module.named_buffers():
            if f"buffers.{name}" in names:
                buffer.copy_(file.get_tensor(f"buffers.{name}"))
        for key in sorted(name for name in names if name.startswith("optimizer.")):
            _, index, name = key.split(".")
            optimizer_state.setdefault(int(index), {})[name] = file.get_tensor(key)
    whole = optimizer.state_dict()
    optimizer.load_state_dict({"state": optimizer_state, "param_groups": whole["param_groups"]})
