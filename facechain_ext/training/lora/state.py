"""The saved state of a training: weights, optimizer, step and what identifies it, in one file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from facechain_ext.errors import HostError
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.training_runs.settings import TRAINING_ID, differences

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, eq=False)
class SavedState:
    """A state read from its file: the ``step``, the ``training`` it is of, and its tensors."""

    step: int
    training: str
    captions: object
    weights: list[torch.Tensor]
    optimizer: dict[int, dict[str, torch.Tensor]]


def read_state(path: Path, identity: Mapping[str, Any], *, resume: bool) -> SavedState | None:
    """The state to go on from; None for a new training.

    Raises HostError, and changes nothing, when there is none to go on from, one that would be lost, or one of another
    training than ``identity`` says.
    """
    if not resume:
        if path.exists():
            raise HostError(f"{path.parent} holds a training that was begun; go on with --resume, or choose another.")
        path.parent.mkdir(parents=True, exist_ok=True)
        return None
    if not path.is_file():
        raise HostError(f"{path.parent} holds no training to go on with; begin without --resume.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            names = file.keys()  # safe_open is no dict: it cannot be iterated
            tensors = {name: file.get_tensor(name) for name in names}
        earlier = json.loads(metadata["identity"])
        state = _parsed(int(metadata["step"]), metadata.get(TRAINING_ID, ""), earlier.get("captions"), tensors)
    except (OSError, SafetensorError, KeyError, ValueError, IndexError) as error:
        raise HostError(
            f"{path} is damaged ({error}) and cannot be gone on with; begin again under another name."
        ) from error
    changed = differences(earlier, identity)
    if changed:
        raise HostError(
            f"{path.parent} holds a training that was begun otherwise: {'; '.join(changed)}. "
            "Nothing was changed. Put that back, or begin again under another name."
        )
    return state


def write_state(
    path: Path,
    *,
    step: int,
    training: str,
    identity: Mapping[str, Any],
    weights: list[torch.Tensor],
    optimizer: torch.optim.Optimizer,
) -> None:
    """Write a state atomically; raises OSError or SafetensorError when it cannot be written."""
    tensors = {f"weight.{index}": value for index, value in enumerate(weights)}
    for index, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in values.items()}
    metadata = {"step": str(step), "identity": json.dumps(identity), TRAINING_ID: training}
    with atomic_write(path) as part:
        save_file({name: value.cpu().contiguous().clone() for name, value in tensors.items()}, part, metadata)


def _parsed(step: int, training: str, captions: object, tensors: Mapping[str, torch.Tensor]) -> SavedState:
    weights: dict[int, torch.Tensor] = {}
    optimizer: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        kind, index, *rest = name.split(".")
        if kind == "weight":
            weights[int(index)] = value
        else:
            optimizer.setdefault(int(index), {})[rest[0]] = value
    return SavedState(step, training, captions, [weights[index] for index in sorted(weights)], optimizer)
