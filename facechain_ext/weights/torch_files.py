"""The two layouts of files of ``torch.save``: the zip archive, and the one before torch 1.6."""

from __future__ import annotations

import struct
import sys
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import torch

from facechain_ext.weights.safe_unpickler import DamagedPickleError, SafeUnpickler, UnsafePickleError
from facechain_ext.weights.tensor_unpickler import StorageReader, tensor_unpickler

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

    import numpy.typing as npt

MAX_ENTRIES = 200_000
"""Entries of the zip: one for each storage; a Stable Diffusion checkpoint has about 1,200."""
READ_BYTES = 16 * 2**20
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
"""First number of a file in the layout before torch 1.6 (torch/serialization.py, MAGIC_NUMBER)."""
LEGACY_PROTOCOL = 1001
"""Second number of such a file (PROTOCOL_VERSION there)."""


def read_zip(path: Path) -> object:
    """The data of a zip written by ``torch.save``.

    Raises UnsafePickleError when it needs more than data, DamagedPickleError when it is incomplete or no such zip.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            size = path.stat().st_size
            if len(entries) > MAX_ENTRIES:
                raise UnsafePickleError(f"has {len(entries)} entries")
            if any(e.compress_type != zipfile.ZIP_STORED for e in entries):
                # torch.save never compresses; archives that expand from kilobytes to gigabytes do.
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
                    _fill(file, raw)
                return torch.from_numpy(raw)

            with archive.open(names[0]) as file:
                return tensor_unpickler(StorageReader(read)).load(file)
    except (zipfile.BadZipFile, KeyError, EOFError, struct.error, NotImplementedError, ValueError) as error:
        raise DamagedPickleError(str(error)) from error


def _check_byte_order(archive: zipfile.ZipFile, name: str) -> None:
    order = archive.read(name) if name in archive.namelist() else b"little"
    if order != sys.byteorder.encode():
        raise DamagedPickleError("written on a machine of another byte order")


def _fill(file: IO[bytes], raw: npt.NDArray[np.uint8]) -> None:
    """Fill ``raw`` with the next bytes of ``file``; raises DamagedPickleError when there are fewer."""
    position = 0
    while position < raw.size:
        part = file.read(min(raw.size - position, READ_BYTES))
        if not part:
            raise DamagedPickleError("it ends too early")
        raw[position : position + len(part)] = np.frombuffer(part, np.uint8)
        position += len(part)


def read_legacy(path: Path) -> object:
    """The data of a file written by torch before 1.6 (or with ``_use_new_zipfile_serialization=False``).

    Raises UnsafePickleError when it needs more than data, DamagedPickleError when it is incomplete or no such file.
    """
    size = path.stat().st_size
    reserved: dict[str, torch.Tensor] = {}

    def reserve(key: str, needed: int) -> torch.Tensor:
        # The bytes follow the pickle, so tensors are views of memory that is filled afterwards.
        if needed > size or sum(t.numel() for t in reserved.values()) + needed > size:
            raise UnsafePickleError("announces more bytes than it has")
        return reserved.setdefault(key, torch.from_numpy(np.zeros(needed, np.uint8)))

    itemsizes: dict[str, int] = {}
    storages = StorageReader(reserve)

    def persistent(identifier: object) -> torch.Tensor:
        elements = storages(identifier)
        if isinstance(identifier, tuple):  # always, or the line above has raised
            itemsizes[str(identifier[2])] = elements.dtype.itemsize
        return elements

    with path.open("rb") as file:
        plain = SafeUnpickler({}, {}, _refuse_persistent)
        if plain.load(file) != LEGACY_MAGIC:
            raise DamagedPickleError("not written by torch.save")
        if plain.load(file) != LEGACY_PROTOCOL:
            raise DamagedPickleError("of an unknown version")
        system_info = plain.load(file)
        if isinstance(system_info, dict) and system_info.get("little_endian", True) != (sys.byteorder == "little"):
            raise DamagedPickleError("written on a machine of another byte order")
        data = tensor_unpickler(persistent).load(file)
        keys = plain.load(file)
        if not isinstance(keys, list) or {str(k) for k in keys if isinstance(k, (str, int))} != set(reserved):
            raise DamagedPickleError("a list of storages that does not match")
        for key in map(str, keys):
            head = file.read(8)
            if len(head) < 8:
                raise DamagedPickleError("it ends too early")
            raw = reserved[key].numpy()
            if struct.unpack("<q", head)[0] * itemsizes[key] != raw.size:
                raise DamagedPickleError(f"storage {key} has another size than announced")
            _fill(file, raw)
    return data


def _refuse_persistent(_: object) -> object:
    raise UnsafePickleError("refers to something outside where only numbers belong")
