"""Restoring and upscaling outside a webui by spandrel's models; a webui uses its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from facechain_ext.errors import WeightsError
from facechain_ext.faces.types import Availability
from facechain_ext.next_steps import next_steps

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.faces.types import Pixels

_TILE, _OVERLAP = 256, 16
"""Side and overlap in pixels of the tiles in which a picture is enlarged: 256 keeps memory under 1 GB on a CPU."""
_SUFFIXES = (".safetensors", ".pth", ".pt")


class Restorer(Protocol):
    """Sharpens or enlarges pictures."""

    name: str
    scale: int

    def restore(self, pixels: Pixels) -> Pixels:
        """The picture restored: uint8 [height * scale, width * scale, 3]."""
        ...


class SpandrelRestorer:
    """One of spandrel's single-picture models (ESRGAN, SwinIR, HAT, ...) from a file that is read safely.

    Raises ImportError where spandrel is not installed, WeightsError when the file is none of its models.
    """

    def __init__(self, path: Path, device: str = "cpu") -> None:
        import spandrel
        import torch

        from facechain_ext.weights import read_state_dict

        try:
            model = spandrel.ModelLoader(device=torch.device(device)).load_from_state_dict(read_state_dict(path))
        except (spandrel.UnsupportedModelError, RuntimeError, KeyError) as error:
            raise WeightsError(f"{path.name} is no model that spandrel knows; choose another file.") from error
        if not isinstance(model, spandrel.ImageModelDescriptor) or model.input_channels != 3:
            raise WeightsError(f"{path.name} does not turn one colour picture into another; choose an upscaler.")
        self.name, self.scale = path.stem, int(model.scale)
        self._model = model.eval()

    def restore(self, pixels: Pixels) -> Pixels:
        """The picture enlarged tile by tile: uint8 [height * scale, width * scale, 3]."""
        import torch

        height, width = pixels.shape[:2]
        result = np.zeros((height * self.scale, width * self.scale, 3), np.uint8)
        for top in range(0, height, _TILE):
            for left in range(0, width, _TILE):
                y0, x0 = max(top - _OVERLAP, 0), max(left - _OVERLAP, 0)
                y1, x1 = min(top + _TILE, height), min(left + _TILE, width)
                tile = pixels[y0 : min(y1 + _OVERLAP, height), x0 : min(x1 + _OVERLAP, width)].astype(np.float32) / 255
                batch = torch.from_numpy(tile.transpose(2, 0, 1))[None].to(self._model.device)
                with torch.no_grad():
                    large = self._model(batch)[0].clamp(0, 1).float().cpu().numpy().transpose(1, 2, 0)
                interior = large[(top - y0) * self.scale :, (left - x0) * self.scale :]
                rows, columns = (y1 - top) * self.scale, (x1 - left) * self.scale
                target = result[top * self.scale : y1 * self.scale, left * self.scale : x1 * self.scale]
                target[:] = (interior[:rows, :columns] * 255 + 0.5).astype(np.uint8)
        return result


def enlarge(pixels: Pixels, factor: float) -> Pixels:
    """Lanczos resampling without a model: uint8 of ``factor`` times the size."""
    height, width = pixels.shape[:2]
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LANCZOS4), np.uint8)


def restorer_files(folder: Path) -> tuple[Path, ...]:
    """The model files directly inside ``folder``, by name; empty when there is no such folder."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file()))


def availability() -> tuple[Availability, ...]:
    """Whether restoring works without a webui."""
    from facechain_ext import weights
    from facechain_ext.next_steps import is_installed
    from facechain_ext.weights.store import how_to_get

    folder = weights.models_folder() / "restore"
    files = restorer_files(folder)
    detail = "upscalers by spandrel (in a webui the host's own are used)"
    remedy = ""
    if not is_installed("spandrel"):
        remedy = next_steps().install("spandrel")
    elif not files and weights.find("realesrgan-x2") is None:
        remedy = f"Put an upscaler into {folder}. {how_to_get('realesrgan-x2')}"
    return (Availability("restore", "spandrel", not remedy, detail, remedy),)
