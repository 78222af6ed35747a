"""From a style to the LoRA file it needs: one the host has already, or a download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import WeightsError
from facechain_ext.storage.paths import safe_child
from facechain_ext.styles.lora_index import lora_index
from facechain_ext.styles.style import StyleError
from facechain_ext.weights.folders import models_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from facechain_ext.styles.style import StyleLora
    from facechain_ext.weights.transfer import Progress


def lora_folder() -> Path:
    """Where LoRAs are kept when there is no host with a folder of its own."""
    return models_folder() / "lora"


def known_loras(folders: Iterable[Path] = ()) -> Mapping[str, Path]:
    """The LoRA files of ``folders``, their subfolders and ours by name in small letters; of two alike the first counts.

    The folders are walked when they have changed since the last time, so look many names up in one answer.
    """
    return lora_index((*folders, lora_folder()))


def find_lora(lora: StyleLora, folders: Iterable[Path] = ()) -> Path | None:
    """The file of a style's LoRA in one of ``folders`` or their subfolders, or in ours; None when it is in none."""
    return known_loras(folders).get(lora.file.casefold())


def require_lora(lora: StyleLora, folders: Iterable[Path] = ()) -> Path:
    """The same, or StyleError that says which file to put where."""
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
    """The file of a style's LoRA, downloaded into the first of ``folders`` (or ours) unless it is there.

    Raises StyleError for a LoRA that cannot be downloaded, WeightsError when the download fails or is stopped.
    """
    from facechain_ext.weights.download import pull_sources  # noqa: PLC0415 - torch takes a second to import
    from facechain_ext.weights.transfer import Watcher  # noqa: PLC0415 - brings the HTTP client

    folders = tuple(folders)
    found = find_lora(lora, folders)
    if found is not None:
        return found
    if lora.source is None or not lora.source.name.endswith(".safetensors"):
        raise StyleError(f"The LoRA {lora.file} cannot be downloaded. Put it into {(*folders, lora_folder())[0]}.")
    folder = folders[0] if folders else lora_folder()
    final = safe_child(folder, lora.file)
    path = pull_sources(lora.file, [lora.source], final, "none", Watcher(lora.file, progress, cancel))
    _check_is_lora(path)
    return path


def _check_is_lora(path: Path) -> None:
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - brings torch

    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
    except SafetensorError as error:
        path.unlink()
        raise WeightsError(f"{path.name} is no safetensors file ({error}). It was deleted; try again.") from error
    if not any(mark in name.lower() for name in names for mark in ("lora", "hada_", "lokr_")):
        path.unlink()
        raise WeightsError(f"{path.name} holds no LoRA. It was deleted; choose another style or LoRA.")
