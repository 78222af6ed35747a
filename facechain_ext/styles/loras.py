"""The LoRA file of a style: found in the host's folders, or downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from facechain_ext.errors import WeightsError
from facechain_ext.lazy_names import late_module
from facechain_ext.storage.paths import safe_child
from facechain_ext.styles.lora_index import lora_index
from facechain_ext.styles.style import StyleError
from facechain_ext.weights.folders import models_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from facechain_ext.styles.style import StyleLora
    from facechain_ext.weights import download, transfer
    from facechain_ext.weights.transfer import Progress
else:  # they import torch, which takes a second
    download, transfer = (late_module(f"facechain_ext.weights.{name}") for name in ("download", "transfer"))

_LORA_KEY_PARTS = ("lora", "hada_", "lokr_")
"""Parts of the tensor names of LoRA, LoHa and LoKr files."""


def lora_folder() -> Path:
    """The folder of LoRAs where the host has none of its own."""
    return models_folder() / "lora"


def known_loras(folders: Iterable[Path] = ()) -> Mapping[str, Path]:
    """The LoRA files in ``folders``, ``lora_folder`` and their subfolders by case-folded name; the first of each name.

    Every call compares the folders' times of change, so look several names up in one result.
    """
    return lora_index((*folders, lora_folder()))


def find_lora(lora: StyleLora, folders: Iterable[Path] = ()) -> Path | None:
    """The file of a style's LoRA in ``folders``, ``lora_folder`` or their subfolders; None when there is none."""
    return known_loras(folders).get(lora.file.casefold())


def require_lora(lora: StyleLora, folders: Iterable[Path] = ()) -> Path:
    """The file of a style's LoRA; raises StyleError, naming the file and the folder to put it into, when missing."""
    folders = tuple(folders)
    found = find_lora(lora, folders)
    if found is None:
        source = f" from {lora.source}" if lora.source else ""
        target = folders[0] if folders else lora_folder()
        raise StyleError(f"The LoRA {lora.file} is missing. Download it{source}, or put it into {target}.")
    return found


def pull_lora(
    lora: StyleLora,
    folders: Iterable[Path] = (),
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Path:
    """The file of a style's LoRA, downloaded into the first of ``folders``, else ``lora_folder``, unless it is there.

    Raises StyleError for a LoRA without a usable source, WeightsError when the download fails, Cancelled when
    ``cancel`` returns True.
    """
    folders = tuple(folders)
    found = find_lora(lora, folders)
    if found is not None:
        return found
    if lora.source is None or not lora.source.name.endswith(".safetensors"):
        raise StyleError(f"The LoRA {lora.file} cannot be downloaded. Put it into {(*folders, lora_folder())[0]}.")
    folder = folders[0] if folders else lora_folder()
    final = safe_child(folder, lora.file)
    reporter = transfer.ProgressReporter(lora.file, progress, cancel)
    path = download.pull_sources(lora.file, [lora.source], final, "none", reporter)
    _check_is_lora(path)
    return path


def _check_is_lora(path: Path) -> None:
    """Delete a downloaded file and raise WeightsError unless it is a safetensors file with a LoRA's tensors."""
    try:
        with safe_open(path, framework="np") as file:
            names = list(file.keys())
    except SafetensorError as error:
        path.unlink()
        raise WeightsError(f"{path.name} is no safetensors file ({error}). It was deleted; try again.") from error
    if not any(part in name.lower() for name in names for part in _LORA_KEY_PARTS):
        path.unlink()
        raise WeightsError(f"{path.name} holds no LoRA. It was deleted; choose another style or LoRA.")
