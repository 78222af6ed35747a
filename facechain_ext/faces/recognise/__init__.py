"""Recognition networks for likeness: one module per provider, one Protocol (faces.types.Recogniser), their table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.faces import weights_files
from facechain_ext.faces.provider import Provider, device_name, manifest_weights

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.faces.types import Recogniser


def _arcface(path: Path | None) -> Recogniser:
    from facechain_ext.faces.recognise.arcface import ArcFaceRecogniser

    assert path is not None
    return ArcFaceRecogniser(path)


def _facenet(path: Path | None) -> Recogniser:
    from facechain_ext.faces.recognise.facenet import FaceNetRecogniser

    assert path is not None
    return FaceNetRecogniser(path, device_name())


def _sface(path: Path | None) -> Recogniser:
    from facechain_ext.faces.recognise.sface import SFaceRecogniser

    assert path is not None
    return SFaceRecogniser(path)


RECOGNISERS: tuple[Provider[Recogniser], ...] = (
    Provider(
        "arcface", "ArcFace R50 by onnxruntime", ("onnxruntime",), _arcface, "arcface", weights_files.find_arcface
    ),
    Provider(
        "facenet",
        "FaceNet by facenet-pytorch",
        ("facenet_pytorch", "requests", "torchvision"),
        _facenet,
        "facenet",
        manifest_weights("facenet"),
    ),
    Provider("sface", "SFace by OpenCV, no further package", (), _sface, "sface", manifest_weights("sface")),
)
"""Best first, by the accuracies that their authors report. None of them conditions a generated picture."""
