"""Checks of a state dict against its specification: keys, shapes, dtypes and finite values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.errors import WeightsError
from facechain_ext.weights.model_type import UNKNOWN, detect_model_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

Shape = tuple[int, ...]

_INTEGER_SUFFIXES = ("num_batches_tracked", "position_ids")
"""Suffixes of the keys of tensors that hold integers."""


def check_state_dict(found: Mapping[str, Tensor], expected: Mapping[str, Shape], *, what: str, source: str) -> None:
    """Check that ``found`` has exactly the keys of ``expected``, each of its shape.

    ``what`` is the expected model, as ``detect_model_type`` names it, and ``source`` the file's name, both for the
    message. Raises WeightsError that names the first missing, else the first unexpected key, else the first of another
    shape.
    """
    missing = next((key for key in expected if key not in found), None)
    unexpected = next((key for key in found if key not in expected), None)
    if missing is None and unexpected is None:
        for key, shape in expected.items():
            if tuple(found[key].shape) != shape:
                raise WeightsError(
                    f"{source} is not {what} of one size: {key} has shape {list(found[key].shape)}, "
                    f"the rest of the file asks for {list(shape)}. Download the file again."
                )
        return
    model = detect_model_type(found)
    guess = f" It looks like {model}: choose another file." if model not in {what, UNKNOWN} else ""
    fault = f"the key {missing} is missing" if missing is not None else f"the key {unexpected} does not belong there"
    raise WeightsError(f"{source} is not {what}: {fault}.{guess or ' Choose another file or download it again.'}")


def check_values(found: Mapping[str, Tensor], *, what: str, source: str) -> None:
    """Check that every tensor of ``found`` is floating-point and finite, except counters and position ids.

    ``what`` and ``source`` are for the message, as in check_state_dict. Raises WeightsError that names the first key.
    """
    for key, tensor in found.items():
        if key.endswith(_INTEGER_SUFFIXES):
            continue
        if not tensor.is_floating_point():
            kind = str(tensor.dtype).removeprefix("torch.")
            raise WeightsError(
                f"{source} holds {kind} numbers ({key}), and {what} of floating-point numbers is needed. "
                "Choose a file in float16 or float32."
            )
        if not is_finite(tensor):
            raise WeightsError(f"{source} is damaged: {key} is in part not a number, or not finite. Download it again.")


def is_finite(tensor: Tensor) -> bool:
    """Whether every number of a floating-point tensor is finite."""
    if not tensor.numel():
        return True
    low, high = (tensor.float() if tensor.element_size() == 1 else tensor).aminmax()  # one pass; NaN propagates
    return bool(low.isfinite() and high.isfinite())


def require_key(found: Mapping[str, Tensor], key: str, dimensions: int, *, what: str, source: str) -> Tensor:
    """The tensor under ``key``, from which sizes are read.

    Raises WeightsError, as check_state_dict does, when it is missing or does not have ``dimensions`` dimensions.
    """
    if key not in found:
        check_state_dict({k: v for k, v in found.items() if k != key}, {key: ()}, what=what, source=source)
    tensor = found[key]
    if tensor.dim() != dimensions:
        raise WeightsError(
            f"{source} is not {what}: {key} has shape {list(tensor.shape)}, {dimensions} dimensions are needed. "
            "Choose another file or download it again."
        )
    return tensor


@dataclass(frozen=True)
class SizeReader:
    """Reads a model's sizes off the keys of its state dict that begin with ``prefix``.

    ``what`` and ``source`` are for messages, as in check_state_dict.
    """

    state: Mapping[str, Tensor]
    what: str
    source: str
    prefix: str = ""

    def tensor(self, key: str, dimensions: int) -> Tensor:
        """The tensor under a key without the prefix; raises WeightsError as ``require_key`` does."""
        return require_key(self.state, self.prefix + key, dimensions, what=self.what, source=self.source)

    def depth(self, layers: str) -> int:
        """The number of layers, whose keys are ``layers``, a number from 0, a dot and more; 0 for none."""
        start = self.prefix + layers
        numbers = (key.removeprefix(start).partition(".")[0] for key in self.state if key.startswith(start))
        return max((int(number) + 1 for number in numbers if number.isdecimal()), default=0)
