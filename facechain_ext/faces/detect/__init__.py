"""Face detectors: one module per provider, one Protocol (faces.types.Detector), and the table of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.faces import mediapipe_wheel, weights_files
from facechain_ext.faces.provider import Provider, device_name, manifest_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from facechain_ext.faces.types import Detector


def _facexlib(path: Path | None) -> Detector:
    from facechain_ext.faces.detect.facexlib import FacexlibDetector

    assert path is not None
    return FacexlibDetector(path, device_name())


def _mediapipe(_: Path | None) -> Detector:
    from facechain_ext.faces.detect.mediapipe import MediapipeDetector

    return MediapipeDetector()


def _scrfd(path: Path | None) -> Detector:
    from facechain_ext.faces.detect.scrfd import ScrfdDetector

    assert path is not None
    return ScrfdDetector(path)


def _mtcnn(_: Path | None) -> Detector:
    from facechain_ext.faces.detect.mtcnn import MtcnnDetector

    return MtcnnDetector(device_name())


def _modelscope(path: Path | None) -> Detector:
    from facechain_ext.faces.detect.modelscope import ModelscopeDetector

    assert path is not None
    return ModelscopeDetector(path)


def _damofd(path: Path | None) -> Detector:
    from facechain_ext.faces.detect.modelscope import ModelscopeDetector

    assert path is not None
    return ModelscopeDetector(path, "damofd")


def _cached(create: Callable[[Path | None], Detector]) -> Callable[[Path | None], Detector]:
    """``create`` with a cache of detections around what it returns."""

    def create_cached(path: Path | None) -> Detector:
        from facechain_ext.faces.detect.cached import CachedDetector

        return CachedDetector(create(path))

    return create_cached


DETECTORS: tuple[Provider[Detector], ...] = (
    Provider(
        "facexlib",
        "RetinaFace by facexlib",
        ("facexlib",),
        _cached(_facexlib),
        "facexlib-retinaface",
        lambda: weights_files.find_facexlib("facexlib-retinaface", "detection_Resnet50_Final.pth"),
    ),
    Provider("mediapipe", "BlazeFace and face mesh, CPU", (), _cached(_mediapipe), missing=mediapipe_wheel.remedy),
    Provider("scrfd", "SCRFD or DamoFD as ONNX", ("onnxruntime",), _cached(_scrfd), "scrfd", weights_files.find_scrfd),
    Provider(
        "modelscope",
        "RetinaFace by modelscope",
        ("modelscope", "torchvision"),
        _cached(_modelscope),
        "retinaface",
        manifest_weights("retinaface"),
    ),
    Provider(
        "damofd",
        "DamoFD by modelscope",
        ("modelscope", "torchvision", "mmcv", "mmdet"),
        _cached(_damofd),
        "damofd",
        manifest_weights("damofd"),
    ),
    Provider("mtcnn", "MTCNN by facenet-pytorch", ("facenet_pytorch", "requests", "torchvision"), _cached(_mtcnn)),
)
"""Best first: the adapter was trained on photos prepared with RetinaFace."""
