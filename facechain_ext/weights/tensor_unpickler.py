"""The globals that weights of torch.save name: storages, tensors, parameters and containers, rebuilt as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

import torch

from facechain_ext.weights.safe_unpickler import (
    DamagedPickleError,
    GlobalName,
    OpaqueObject,
    SafeUnpickler,
    UnsafePickleError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from facechain_ext.weights.safe_unpickler import Arguments

MAX_DIMENSIONS = 64
"""torch's own limit of a tensor's dimensions."""

_STORAGE_DTYPES = {
    "DoubleStorage": torch.float64, "FloatStorage": torch.float32, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8, "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64, "ComplexDoubleStorage": torch.complex128,
}  # fmt: skip
_DTYPES = {f"torch.{name}": value for name, value in vars(torch).items() if isinstance(value, torch.dtype)}
_CONSTANTS: dict[str, object] = {
    **_DTYPES,
    **{f"torch.{name}": dtype for name, dtype in _STORAGE_DTYPES.items()},
    **{f"torch.cuda.{name}": dtype for name, dtype in _STORAGE_DTYPES.items()},
    "torch.storage.UntypedStorage": torch.uint8,
    "torch.storage._UntypedStorage": torch.uint8,
    "torch.UntypedStorage": torch.uint8,
    "torch.Tensor": OpaqueObject(),
    "torch.nn.parameter.Parameter": OpaqueObject(),
}
_OPAQUE_GLOBALS = (
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "numpy.ndarray",
    "numpy.dtype",
    "_codecs.encode",
    "argparse.Namespace",
    "collections.Counter",
    "torch.device",
    "torch.serialization._get_layout",
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "omegaconf.dictconfig.DictConfig",
)
"""Globals that published checkpoints name beside their weights; calls of them give an OpaqueObject."""


class StorageReader:
    """Resolves a pickle's persistent ids to storages; each is read once, so that shared storages stay shared.

    ``read(key, size)`` gives at least ``size`` bytes of a storage as a flat uint8 tensor.
    """

    def __init__(self, read: Callable[[str, int], torch.Tensor]) -> None:
        self._read = read
        self._bytes: dict[str, torch.Tensor] = {}

    def __call__(self, identifier: object) -> torch.Tensor:
        """The elements of a storage, as a flat tensor of its dtype.

        Raises UnsafePickleError for an id that is no storage, DamagedPickleError for one that is inconsistent.
        """
        if not isinstance(identifier, tuple) or len(identifier) < 5 or identifier[0] != "storage":
            raise UnsafePickleError("refers to something outside that is not a storage")
        _, dtype, key, _, count, *view = identifier
        if not isinstance(dtype, torch.dtype) or not _is_count(count) or not isinstance(key, (str, int)):
            raise DamagedPickleError("a storage without a type, a key or a size")
        size = count * dtype.itemsize
        key = str(key)
        if key not in self._bytes:
            self._bytes[key] = self._read(key, size)
        raw = self._bytes[key]
        if raw.numel() < size:
            raise DamagedPickleError(f"storage {key} has {raw.numel()} bytes where {size} are announced")
        elements = _view_as(raw[:size], dtype)
        if view and view[0] is not None:  # the layout before torch 1.6: (key, offset, size) of a view
            _, offset, length = view[0]
            if not _is_count(offset) or not _is_count(length) or offset + length > count:
                raise DamagedPickleError("a part outside its storage")
            elements = elements[offset : offset + length]
        return elements


def _view_as(raw: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return raw.view(dtype) if raw.numel() else torch.empty(0, dtype=dtype)  # torch cannot view an empty tensor


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**48


def _counts(values: Iterable[object]) -> list[int]:
    """``values`` as sizes; raises DamagedPickleError when one is no integer from 0 to 2^48."""
    counts = []
    for value in values:
        if not _is_count(value):
            raise DamagedPickleError("a tensor of impossible size")
        counts.append(value)
    return counts


def _rebuild_strided(elements: object, offset: object, size: object, stride: object) -> torch.Tensor:
    """The tensor of ``size`` and ``stride`` over ``elements``; raises DamagedPickleError when it exceeds them."""
    if not isinstance(elements, torch.Tensor) or not isinstance(size, tuple) or not isinstance(stride, tuple):
        raise DamagedPickleError("a tensor without storage, size or stride")
    if len(size) != len(stride) or len(size) > MAX_DIMENSIONS:
        raise DamagedPickleError("a tensor of impossible size")
    (start,), lengths, steps = _counts((offset,)), _counts(size), _counts(stride)
    total, last = 1, start
    for length, step in zip(lengths, steps, strict=True):
        total *= length
        last += (length - 1) * step
    if total > elements.numel() or (total and last >= elements.numel()):
        raise DamagedPickleError("a tensor larger than its storage")
    return elements.as_strided(lengths, steps, elements.storage_offset() + start)


def _rebuild_tensor(arguments: Arguments) -> torch.Tensor:
    elements, offset, size, stride, *_ = arguments
    return _rebuild_strided(elements, offset, size, stride)


def _rebuild_typed_tensor(arguments: Arguments) -> torch.Tensor:
    elements, offset, size, stride, _, _, dtype, *_ = arguments
    if not isinstance(elements, torch.Tensor) or not isinstance(dtype, torch.dtype):
        raise DamagedPickleError("a tensor without storage or type")
    aligned_bytes = elements.numel() // dtype.itemsize * dtype.itemsize
    return _rebuild_strided(_view_as(elements[:aligned_bytes], dtype), offset, size, stride)


def _rebuild_parameter(arguments: Arguments) -> torch.Tensor:
    if not arguments or not isinstance(arguments[0], torch.Tensor):
        raise DamagedPickleError("a parameter without a tensor")
    return arguments[0]


def _build_dict(arguments: Arguments) -> dict[str | int, object]:
    pairs = arguments[0] if arguments and isinstance(arguments[0], (list, tuple)) else ()
    return {key: value for key, value in pairs if isinstance(key, (str, int))}


def _build_tuple(arguments: Arguments) -> tuple[object, ...]:
    return tuple(arguments[0]) if arguments and isinstance(arguments[0], (list, tuple)) else ()


def tensor_unpickler(storages: Callable[[object], torch.Tensor]) -> SafeUnpickler:
    """An unpickler of weights; ``storages`` maps a persistent id to the flat elements of a storage."""
    calls: dict[str, Callable[[Arguments], object]] = {
        "torch._utils._rebuild_tensor": _rebuild_tensor,
        "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
        "torch._utils._rebuild_tensor_v3": _rebuild_typed_tensor,
        "torch._utils._rebuild_parameter": _rebuild_parameter,
        "torch._utils._rebuild_parameter_with_state": _rebuild_parameter,
        "torch.Size": _build_tuple,
        "collections.OrderedDict": _build_dict,
        "collections.defaultdict": lambda _: {},
        "builtins.dict": _build_dict,
        "builtins.set": _build_tuple,
        "__builtin__.set": _build_tuple,
        "builtins.list": _build_tuple,
    }
    calls.update({name: lambda _: OpaqueObject() for name in _OPAQUE_GLOBALS})
    unpickler = SafeUnpickler(calls, _CONSTANTS, storages)

    def rebuild_subclass(arguments: Arguments) -> object:
        rebuild, _, inner, *_ = arguments
        if not isinstance(rebuild, GlobalName) or str(rebuild) == "torch._tensor._rebuild_from_type_v2":
            raise DamagedPickleError("a tensor subclass without a tensor")
        return unpickler.call(rebuild, inner)

    calls["torch._tensor._rebuild_from_type_v2"] = rebuild_subclass
    return unpickler
