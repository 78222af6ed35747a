"""Tensors from files written by ``torch.save``, in today's zip layout and the one before torch 1.6."""

from __future__ import annotations

import struct
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facechain_ext.weights.safe_unpickler import (
    DamagedPickleError,
    Name,
    OpaqueObject,
    SafeUnpickler,
    UnsafePickleError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

MAX_ENTRIES = 200_000
"""Entries of the zip; one a storage, and a Stable Diffusion checkpoint has about 1,200."""
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
"""First number of a file in the layout before torch 1.6 (torch/serialization.py, MAGIC_NUMBER)."""
LEGACY_PROTOCOL = 1001
"""Second number of such a file (PROTOCOL_VERSION there)."""

_STORAGES = {
    "DoubleStorage": torch.float64, "FloatStorage": torch.float32, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8, "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64, "ComplexDoubleStorage": torch.complex128,
}  # fmt: skip
_DTYPES = {f"torch.{name}": value for name, value in vars(torch).items() if isinstance(value, torch.dtype)}
_CONSTANTS: dict[str, Any] = {
    **_DTYPES,
    **{f"torch.{name}": dtype for name, dtype in _STORAGES.items()},
    **{f"torch.cuda.{name}": dtype for name, dtype in _STORAGES.items()},
    "torch.storage.UntypedStorage": torch.uint8,
    "torch.storage._UntypedStorage": torch.uint8,
    "torch.UntypedStorage": torch.uint8,
    "torch.Tensor": OpaqueObject(),
    "torch.nn.parameter.Parameter": OpaqueObject(),
}
_INERT = (
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
"""Names that published checkpoints carry beside their weights; the objects are skipped, not made."""


class _Storages:
    """What a pickle's persistent ids stand for: raw bytes, each read once, so that shared storages stay shared."""

    def __init__(self, read: Callable[[str, int], torch.Tensor]) -> None:
        self._read = read
        self._bytes: dict[str, torch.Tensor] = {}

    def __call__(self, identifier: Any) -> torch.Tensor:
        """The elements of a storage, as a flat tensor of its dtype."""
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
        elements = _viewed(raw[:size], dtype)
        if view and view[0] is not None:  # the layout before torch 1.6: (key, offset, size) of a part
            _, offset, length = view[0]
            if not _is_count(offset) or not _is_count(length) or offset + length > count:
                raise DamagedPickleError("a part outside its storage")
            elements = elements[offset : offset + length]
        return elements


def _viewed(raw: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return raw.view(dtype) if raw.numel() else torch.empty(0, dtype=dtype)  # torch cannot view nothing


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**48


def _strided(elements: Any, offset: Any, size: Any, stride: Any) -> torch.Tensor:
    """The tensor of ``size`` and ``stride`` over ``elements``, after checking that it stays inside them."""
    if not isinstance(elements, torch.Tensor) or not isinstance(size, tuple) or not isinstance(stride, tuple):
        raise DamagedPickleError("a tensor without storage, size or stride")
    if len(size) != len(stride) or len(size) > 64 or not all(_is_count(n) for n in (offset, *size, *stride)):
        raise DamagedPickleError("a tensor of impossible size")
    total, last = 1, offset
    for length, step in zip(size, stride, strict=True):
        total *= length
        last += (length - 1) * step
    if total > elements.numel() or (total and last >= elements.numel()):
        raise DamagedPickleError("a tensor larger than its storage")
    return elements.as_strided(size, stride, elements.storage_offset() + offset)


def _tensor(arguments: tuple[Any, ...]) -> torch.Tensor:
    return _strided(*arguments[:4])


def _typed_tensor(arguments: tuple[Any, ...]) -> torch.Tensor:
    elements, offset, size, stride, _, _, dtype, *_ = arguments
    if not isinstance(elements, torch.Tensor) or not isinstance(dtype, torch.dtype):
        raise DamagedPickleError("a tensor without storage or type")
    whole = elements.numel() // dtype.itemsize * dtype.itemsize
    return _strided(_viewed(elements[:whole], dtype), offset, size, stride)


def _parameter(arguments: tuple[Any, ...]) -> torch.Tensor:
    if not arguments or not isinstance(arguments[0], torch.Tensor):
        raise DamagedPickleError("a parameter without a tensor")
    return arguments[0]


def _dictionary(arguments: tuple[Any, ...]) -> dict[Any, Any]:
    pairs = arguments[0] if arguments and isinstance(arguments[0], (list, tuple)) else ()
    return {key: value for key, value in pairs if isinstance(key, (str, int))}


def _sequence(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(arguments[0]) if arguments and isinstance(arguments[0], (list, tuple)) else ()


def _machine(storages: Callable[[Any], Any]) -> SafeUnpickler:
    calls: dict[str, Callable[[tuple[Any, ...]], Any]] = {
        "torch._utils._rebuild_tensor": _tensor,
        "torch._utils._rebuild_tensor_v2": _tensor,
        "torch._utils._rebuild_tensor_v3": _typed_tensor,
        "torch._utils._rebuild_parameter": _parameter,
        "torch._utils._rebuild_parameter_with_state": _parameter,
        "torch.Size": _sequence,
        "collections.OrderedDict": _dictionary,
        "collections.defaultdict": lambda _: {},
        "builtins.dict": _dictionary,
        "builtins.set": _sequence,
        "__builtin__.set": _sequence,
        "builtins.list": _sequence,
    }
    calls.update({name: lambda _: OpaqueObject() for name in _INERT})
    machine = SafeUnpickler(calls, _CONSTANTS, storages)

    def subclass(arguments: tuple[Any, ...]) -> Any:
        rebuild, _, inner, *_ = arguments
        if not isinstance(rebuild, Name) or str(rebuild) == "torch._tensor._rebuild_from_type_v2":
            raise DamagedPickleError("a tensor subclass without a tensor")
        return machine.call(rebuild, inner)

    calls["torch._tensor._rebuild_from_type_v2"] = subclass
    return machine


def read_zip(path: Path) -> Any:
    """The data of a zip written by ``torch.save``.

    Raises UnsafePickleError when it is more than data, DamagedPickleError when it is not whole or no such zip.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            size = path.stat().st_size
            if len(entries) > MAX_ENTRIES:
                raise UnsafePickleError(f"has {len(entries)} entries")
            if any(e.compress_type != zipfile.ZIP_STORED for e in entries):
                # torch never compresses; a few kilobytes that swell to gigabytes do.
                raise UnsafePickleError("is compressed, which weights never are")
            if sum(e.file_size for e in entries) > size:
                raise UnsafePickleError("announces more bytes than it has")
            names = [e.filename for e in entries if e.filename.endswith("/data.pkl") and e.filename.count("/") == 1]
            if len(names) != 1:
                raise DamagedPickleError("no data.pkl in it")
            prefix = names[0].removesuffix("data.pkl")
            _check_byte_order(archive, f"{prefix}byteorder")

            def read(key: str, needed: int) -> torch.Tensor:
                info = archive.getinfo(f"{prefix}data/{key}")
                if info.file_size < needed:
                    raise DamagedPickleError(f"storage {key} has {info.file_size} bytes where {needed} are announced")
                raw = np.empty(info.file_size, np.uint8)
                with archive.open(info) as file:
                    _fill(file, raw)  # type: ignore[arg-type]
                return torch.from_numpy(raw)

            with archive.open(names[0]) as file:
                return _machine(_Storages(read)).load(file)  # type: ignore[arg-type]
    except (zipfile.BadZipFile, KeyError, EOFError, struct.error, NotImplementedError, ValueError) as error:
        raise DamagedPickleError(str(error)) from error


def _check_byte_order(archive: zipfile.ZipFile, name: str) -> None:
    order = archive.read(name) if name in archive.namelist() else b"little"
    if order != sys.byteorder.encode():
        raise DamagedPickleError("written on a machine of another byte order")


def _fill(file: BinaryIO, raw: np.ndarray[Any, Any]) -> None:
    position = 0
    while position < raw.size:
        part = file.read(min(raw.size - position, 16 * 2**20))
        if not part:
            raise DamagedPickleError("it ends too early")
        raw[position : position + len(part)] = np.frombuffer(part, np.uint8)
        position += len(part)


def read_legacy(path: Path) -> Any:
    """The data of a file written by torch before 1.6 (or with ``_use_new_zipfile_serialization=False``).

    Raises UnsafePickleError when it is more than data, DamagedPickleError when it is not whole or no such file.
    """
    size = path.stat().st_size
    pending: dict[str, torch.Tensor] = {}

    def reserve(key: str, needed: int) -> torch.Tensor:
        # The bytes come after the pickle, so the tensors are laid over memory that is filled afterwards.
        if needed > size or sum(t.numel() for t in pending.values()) + needed > size:
            raise UnsafePickleError("announces more bytes than it has")
        return pending.setdefault(key, torch.from_numpy(np.zeros(needed, np.uint8)))

    widths: dict[str, int] = {}
    storages = _Storages(reserve)

    def persistent(identifier: Any) -> torch.Tensor:
        elements = storages(identifier)
        widths[str(identifier[2])] = elements.dtype.itemsize
        return elements

    with path.open("rb") as file:
        plain = SafeUnpickler({}, {}, _no_reference)
        if plain.load(file) != LEGACY_MAGIC:
            raise DamagedPickleError("not written by torch.save")
        if plain.load(file) != LEGACY_PROTOCOL:
            raise DamagedPickleError("of an unknown version")
        system = plain.load(file)
        if isinstance(system, dict) and system.get("little_endian", True) != (sys.byteorder == "little"):
            raise DamagedPickleError("written on a machine of another byte order")
        data = _machine(persistent).load(file)
        keys = plain.load(file)
        if not isinstance(keys, list) or {str(k) for k in keys if isinstance(k, (str, int))} != set(pending):
            raise DamagedPickleError("a list of storages that does not match")
        for key in map(str, keys):
            head = file.read(8)
            if len(head) < 8:
                raise DamagedPickleError("it ends too early")
            raw = pending[key].numpy()
            if struct.unpack("<q", head)[0] * widths[key] != raw.size:
                raise DamagedPickleError(f"storage {key} has another size than announced")
            _fill(file, raw)
    return data


def _no_reference(_: Any) -> Any:
    raise UnsafePickleError("refers to something outside where only numbers belong")
