"""Captioners that look at a picture: a BLIP model of transformers, or a WD tagger by onnxruntime.

A webui's own interrogators are captioners too (hosts/webui/interrogators.py).
"""

from __future__ import annotations

import csv
from functools import partial
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from facechain_ext.errors import WeightsError
from facechain_ext.faces.networks import open_onnx_session
from facechain_ext.weights import models_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from facechain_ext.faces.types import Pixels

FOLDER = "captioners"
"""Folder of the models folder in which captioners lie, each in a folder of its own."""
TAGS = "selected_tags.csv"
"""The table of a WD tagger's outputs, which lies beside its model."""
_GENERAL = "0"
"""The category of tags that describe a picture; others are ratings and names of characters."""
_THRESHOLD = 0.35
"""Least probability of a tag (the default of the published taggers' page)."""
_MAX_TOKENS = 40


class Captioner(Protocol):
    """Says in words what a picture shows."""

    def __call__(self, pixels: Pixels) -> str:
        """The words for an RGB picture uint8 [h, w, 3], for use behind a trigger word."""
        ...


class BlipCaptioner:
    """BLIP (arXiv 2201.12086) from a folder of transformers, such as blip-image-captioning-base; nothing is fetched.

    Raises WeightsError when the folder holds no such model.
    """

    def __init__(self, folder: Path) -> None:
        from transformers import BlipForConditionalGeneration, BlipProcessor

        try:
            self._processor = BlipProcessor.from_pretrained(folder, local_files_only=True)
            self._model = BlipForConditionalGeneration.from_pretrained(folder, local_files_only=True).eval()
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise WeightsError(f"{folder} holds no BLIP model of transformers ({error}).") from error

    def __call__(self, pixels: Pixels) -> str:
        """A sentence; the same for the same picture."""
        import torch

        inputs = self._processor(images=pixels, return_tensors="pt")
        with torch.no_grad():
            ids = self._model.generate(**inputs, max_new_tokens=_MAX_TOKENS, num_beams=3, do_sample=False)
        return str(self._processor.decode(ids[0], skip_special_tokens=True)).strip()


class WdTagger:
    """A WD tagger (SmilingWolf's layout): BGR 0..255 on white, one probability a tag.

    Raises WeightsError when the table of tags is missing or does not fit.
    """

    def __init__(self, path: Path) -> None:
        self._session = open_onnx_session(path)
        self._input = self._session.get_inputs()[0]
        table = path.with_name(TAGS)
        try:
            with table.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            self._names = [
                row["name"].replace("_", " ") if row["category"] == _GENERAL else "" for row in rows
            ]  # fmt: skip
        except (OSError, KeyError, ValueError) as error:
            raise WeightsError(f"{table} cannot be read ({error}); it has to lie beside {path.name}.") from error

    def __call__(self, pixels: Pixels) -> str:
        """The tags above the threshold, the surest first, with commas."""
        side = int(str(self._input.shape[1]))
        height, width = pixels.shape[:2]
        square = np.full((max(height, width),) * 2 + (3,), 255, np.uint8)
        top, left = (len(square) - height) // 2, (len(square) - width) // 2
        square[top : top + height, left : left + width] = pixels[..., ::-1]
        batch = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)[None]
        shares = self._session.run(None, {self._input.name: batch})[0][0]
        if len(shares) != len(self._names):
            raise WeightsError(f"{TAGS} names {len(self._names)} tags, the tagger has {len(shares)}.")
        found = [(share, name) for share, name in zip(shares, self._names, strict=True) if name]
        return ", ".join(name for share, name in sorted(found, reverse=True) if share >= _THRESHOLD)


def captioner(path: Path) -> Captioner:
    """The captioner in a folder of transformers or in an ONNX file; raises WeightsError for anything else."""
    if path.suffix == ".onnx":
        return WdTagger(path)
    if path.is_dir():
        return BlipCaptioner(path)
    raise WeightsError(f"{path} is neither a folder of a BLIP model nor the ONNX file of a tagger.")


def installed_captioners() -> Mapping[str, Callable[[], Captioner]]:
    """The captioners in the models folder by name, each loaded when it is called; no file is read for the list."""
    folder = models_folder() / FOLDER
    found: dict[str, Callable[[], Captioner]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        tagger = next(iter(sorted(path.glob("*.onnx"))), None)
        if tagger is not None and (path / TAGS).is_file():
            found[f"WD tagger {path.name}"] = partial(captioner, tagger)
        elif (path / "config.json").is_file():
            found[f"BLIP {path.name}"] = partial(captioner, path)
    return found
