"""Where the weights of face networks lie on this disk. Nothing here downloads."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext import weights

if TYPE_CHECKING:
    from collections.abc import Iterator


def find_facexlib(key: str, file_name: str) -> Path | None:
    """The file of one of facexlib's networks: by manifest ``key``, else one that a host downloaded as ``file_name``.

    A webui stores them inside the package (facexlib/weights), or beside GFPGAN and CodeFormer in its models folder.
    """
    found = weights.find(key)
    if found is not None:
        return found
    return next((path for folder in _facexlib_folders() if (path := folder / file_name).is_file()), None)


def _facexlib_folders() -> Iterator[Path]:
    for entry in sys.path:
        yield Path(entry) / "facexlib" / "weights"
    host_models = weights.models_folder().parent
    for name in ("facexlib", "GFPGAN", "Codeformer"):
        yield host_models / name


def find_scrfd() -> Path | None:
    """The file of an SCRFD network in ONNX: the manifest's, one in the models folder, or insightface's download."""
    return weights.find("scrfd") or _find_onnx("*scrfd*.onnx", "*damofd*.onnx", "det_*.onnx")


def find_arcface() -> Path | None:
    """The file of insightface's recognition network in ONNX: from the manifest, the models folder, or its download."""
    return weights.find("arcface") or _find_onnx("w600k_*.onnx", "glintr100.onnx")


def find_buffalo_recogniser() -> Path | None:
    """The file of buffalo_l's recognition network, whose embeddings no other network gives; searched as above."""
    return weights.find("arcface") or _find_onnx("w600k_r50.onnx")


def _find_onnx(*patterns: str) -> Path | None:
    """The first file that matches a pattern in our models folder, the host's insightface folder, or the user's."""
    own = weights.models_folder()
    insightface = Path(os.environ.get("INSIGHTFACE_HOME", "~/.insightface")).expanduser() / "models"
    for folder, depth in ((own, ""), (own.parent / "insightface", "**/"), (insightface, "*/")):
        for pattern in patterns:
            for path in sorted(folder.glob(f"{depth}{pattern}")):
                return path
    return None
