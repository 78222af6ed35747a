"""Head masks: one module per provider, one Protocol (faces.types.HeadMasker), and the table of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.faces import mediapipe_wheel, weights_files
from facechain_ext.faces.provider import Provider, device_name, manifest_weights

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.faces.types import HeadMasker


def _facexlib(path: Path | None) -> HeadMasker:
    from facechain_ext.faces.mask.facexlib import FacexlibMasker

    assert path is not None
    return FacexlibMasker(path, device_name())


def _mediapipe(_: Path | None) -> HeadMasker:
    from facechain_ext.faces.mask.mediapipe import MediapipeMasker

    return MediapipeMasker()


def _modelscope(path: Path | None) -> HeadMasker:
    from facechain_ext.faces.mask.modelscope import ModelscopeMasker

    assert path is not None
    return ModelscopeMasker(path)


HEAD_MASKERS: tuple[Provider[HeadMasker], ...] = (
    Provider(
        "modelscope",
        "M2FP by modelscope, as published",
        ("modelscope", "torchvision"),
        _modelscope,
        "m2fp",
        manifest_weights("m2fp"),
    ),
    Provider(
        "facexlib",
        "BiSeNet by facexlib",
        ("facexlib",),
        _facexlib,
        "facexlib-bisenet",
        lambda: weights_files.find_facexlib("facexlib-bisenet", "parsing_bisenet.pth"),
    ),
    Provider("mediapipe", "face mesh and person segmentation", (), _mediapipe, missing=mediapipe_wheel.remedy),
)
"""Best first: parsing separates hair from clothes, segmentation only a person from the background."""
