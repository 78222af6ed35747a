"""State dicts from safetensors files and those of torch.save; the format is detected from the bytes, not the name."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from facechain_ext.errors import WeightsError
from facechain_ext.next_steps import next_steps
from facechain_ext.storage.paths import special_file
from facechain_ext.weights.header import MAX_HEADER_BYTES, parse_header
from facechain_ext.weights.safe_unpickler import DamagedPickleError, UnsafePickleError
from facechain_ext.weights.torch_files import read_legacy, read_zip

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

WRAPPERS = ("state_dict", "model_state_dict", "params_ema", "params", "model", "module", "net")
"""Keys under which training code puts the weights, in the order in which they are looked for."""
UNAMBIGUOUS_WRAPPERS = WRAPPERS[:3]
"""Those that are never names of submodules; they are taken off even where tensors lie beside them."""
MAX_TENSORS = 200_000
MAX_DEPTH = 6


def read_state_dict(path: Path | str) -> dict[str, torch.Tensor]:
    """The tensors of a weights file by name, on the CPU, in the dtypes of the file.

    Reads .safetensors and what ``torch.save`` wrote (.pt, .pth, .ckpt, .bin; zip or the layout before torch 1.6),
    without ever calling anything that the file names. A wrapper such as ``{"state_dict": ...}`` is taken off; nested
    dictionaries become dotted names; values that are not tensors are left out. Raises WeightsError, with the next step,
    for any other file and for an incomplete one.
    """
    path = Path(path)
    try:
        head = _first_bytes(path)
        # the length of a safetensors header may equal any other format's first bytes, so this format is tested first
        if not _begins_as_safetensors(head):
            if head[:4] == b"PK\x03\x04":
                return _flatten(read_zip(path), path)
            if head[:1] == b"\x80":
                return _flatten(read_legacy(path), path)
        _check_safetensors(path, head)
        return _flatten(load_file(path), path)
    except FileNotFoundError as error:
        raise _no_file(path) from error
    except UnsafePickleError as error:
        raise WeightsError(
            f"{path.name} {error}; a weights file needs only tensors, so it was not loaded. "
            "Do not use it; get the file from its author again, best as .safetensors."
        ) from error
    except (DamagedPickleError, SafetensorError, RuntimeError) as error:
        logger.info("%s: %s", path, error)
        raise WeightsError(
            f"{path.name} is damaged or cut off, or holds no weights ({error}). Download it again."
        ) from error
    except OSError as error:
        raise WeightsError(f"{path.name} cannot be read ({error.strerror or error}). Check its permissions.") from error
    except ValueError as error:  # a null character in the path
        raise WeightsError(f"{path} cannot be read ({error}). Check the path.") from error
    except MemoryError as error:
        raise WeightsError(f"{path.name} does not fit into memory. Close other programs first.") from error


def require_file(path: Path) -> None:
    """Raise WeightsError, as reading it would, where there is no file at ``path``: before work that needs it later."""
    if not path.exists():
        raise _no_file(path)


def read_metadata(path: Path | str) -> dict[str, str]:
    """The text metadata of a safetensors file; empty when it has none.

    Raises WeightsError when the file is no safetensors file.
    """
    path = Path(path)
    try:
        _check_safetensors(path, _first_bytes(path))
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path.name} cannot be read as safetensors ({error}). Get the file again.") from error


def metadata_if_any(path: Path | str) -> dict[str, str]:
    """The text metadata of a weights file; empty also where its format has none, as that of torch.save."""
    try:
        return read_metadata(path)
    except WeightsError:
        return {}


def _no_file(path: Path) -> WeightsError:
    return WeightsError(f"There is no file {path}. Check the path. {next_steps().list_weights()}.")


def _first_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise WeightsError(f"{path} is a folder. Name the weights file in it.")
    if special := special_file(path):
        raise WeightsError(f"{path} is {special}, not a file. Save the weights as a file and name that.")
    with path.open("rb") as file:
        return file.read(512)


def _begins_as_safetensors(head: bytes) -> bool:
    """Whether the first bytes are a possible length of a header and its opening brace."""
    return head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= MAX_HEADER_BYTES


def _check_safetensors(path: Path, head: bytes) -> None:
    """Raise WeightsError, naming the actual format, unless the file has a complete safetensors header."""
    size = path.stat().st_size
    if size == 0:
        raise WeightsError(f"{path.name} is empty. Download it again.")
    length = int.from_bytes(head[:8], "little")
    if not _begins_as_safetensors(head):
        if head.startswith(b"version https://git-lfs"):
            raise WeightsError(f"{path.name} is a Git LFS pointer, not the weights. Download the file itself.")
        if head.lstrip()[:1] == b"<":
            raise WeightsError(f"{path.name} is a web page, not weights. Download the file itself, not its page.")
        if head[8:9] == b"{" and not head[:8].decode("latin-1").isprintable():
            raise WeightsError(f"{path.name} announces a header of {length} bytes but has {size}. Download it again.")
        raise WeightsError(f"{path.name} is neither a safetensors file nor one of torch.save. Choose a weights file.")
    if length > size - 8:
        raise WeightsError(f"{path.name} announces a header of {length} bytes but has {size}. Download it again.")
    with path.open("rb") as file:
        file.seek(8)
        if parse_header(file.read(length)) is None:
            raise WeightsError(f"{path.name} has no readable header. Download it again.")


def _flatten(data: object, path: Path) -> dict[str, torch.Tensor]:
    if isinstance(data, dict):
        has_tensors = any(isinstance(value, torch.Tensor) for value in data.values())
        wrappers = [w for w in (UNAMBIGUOUS_WRAPPERS if has_tensors else WRAPPERS) if isinstance(data.get(w), dict)]
        data = data[wrappers[0]] if wrappers else data
    if not isinstance(data, dict):
        raise WeightsError(f"{path.name} holds no state dict. Choose a file that holds the weights by name.")
    tensors: dict[str, torch.Tensor] = {}
    visits = 0

    def walk(value: Mapping[object, object], prefix: str, depth: int) -> None:
        nonlocal visits
        for key, item in value.items():
            visits += 1
            if visits > MAX_TENSORS or depth > MAX_DEPTH:
                raise UnsafePickleError("nests its tables without end")
            if isinstance(item, torch.Tensor):
                tensors[f"{prefix}{key}"] = item
            elif isinstance(item, dict):
                walk(item, f"{prefix}{key}.", depth + 1)

    walk(data, "", 0)
    if not tensors:
        raise WeightsError(f"{path.name} holds no tensors. Choose a file that holds the weights by name.")
    return tensors
