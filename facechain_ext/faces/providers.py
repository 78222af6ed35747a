"""Which providers there are for each ability, which of them can work here, and the choice of the best."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import FaceChainError, HostError
from facechain_ext.faces import files
from facechain_ext.faces.types import Availability
from facechain_ext.next_steps import next_steps
from facechain_ext.optional_packages import is_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from facechain_ext.faces.types import Detector, HeadMasker, Recogniser

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Provider:
    """One way to an ability: what it needs, and how it is made.

    ``needs`` are packages that it imports; ``locate`` finds its weights on this disk (None when
    they come with the package) and ``key`` names them in the manifest; ``make`` is called with what ``locate`` found.
    """

    name: str
    detail: str
    needs: tuple[str, ...]
    make: Callable[[Path | None], Any]
    key: str = ""
    locate: Callable[[], Path | None] | None = None

    def missing(self) -> str:
        """What keeps it from working, as the step that would change it; "" when nothing does."""
        for package in self.needs:
            if not is_installed(package):
                return _COMPILED.get(package) or next_steps().install(package)
        if self.locate is not None and self.locate() is None:
            from facechain_ext.weights.store import how_to_get

            return how_to_get(self.key)
        return ""


def _device() -> str:
    from facechain_ext.devices import face_device

    return str(face_device())


def _facexlib_detector(path: Path | None) -> Detector:
    from facechain_ext.faces.detect.facexlib import FacexlibDetector

    assert path is not None
    return FacexlibDetector(path, _device())


def _mediapipe_detector(_: Path | None) -> Detector:
    from facechain_ext.faces.detect.mediapipe import MediapipeDetector

    return MediapipeDetector()


def _scrfd_detector(path: Path | None) -> Detector:
    from facechain_ext.faces.detect.scrfd import ScrfdDetector

    assert path is not None
    return ScrfdDetector(path)


def _mtcnn_detector(_: Path | None) -> Detector:
    from facechain_ext.faces.detect.mtcnn import MtcnnDetector

    return MtcnnDetector(_device())


def _modelscope_detector(path: Path | None) -> Detector:
    from facechain_ext.faces.detect.modelscope import ModelscopeDetector

    assert path is not None
    return ModelscopeDetector(path)


def _damofd_detector(path: Path | None) -> Detector:
    from facechain_ext.faces.detect.modelscope import ModelscopeDetector

    assert path is not None
    return ModelscopeDetector(path, "damofd")


def _facexlib_masker(path: Path | None) -> HeadMasker:
    from facechain_ext.faces.mask.facexlib import FacexlibMasker

    assert path is not None
    return FacexlibMasker(path, _device())


def _mediapipe_masker(_: Path | None) -> HeadMasker:
    from facechain_ext.faces.mask.mediapipe import MediapipeMasker

    return MediapipeMasker()


def _modelscope_masker(path: Path | None) -> HeadMasker:
    from facechain_ext.faces.mask.modelscope import ModelscopeMasker

    assert path is not None
    return ModelscopeMasker(path)


def _arcface(path: Path | None) -> Recogniser:
    from facechain_ext.faces.recognise.arcface import ArcFaceRecogniser

    assert path is not None
    return ArcFaceRecogniser(path)


def _facenet(path: Path | None) -> Recogniser:
    from facechain_ext.faces.recognise.facenet import FaceNetRecogniser

    assert path is not None
    return FaceNetRecogniser(path, _device())


def _sface(path: Path | None) -> Recogniser:
    from facechain_ext.faces.recognise.sface import SFaceRecogniser

    assert path is not None
    return SFaceRecogniser(path)


def _weights(key: str) -> Callable[[], Path | None]:
    def locate() -> Path | None:
        from facechain_ext import weights

        return weights.find(key)

    return locate


_MEDIAPIPE = ("mediapipe",)
_FACEXLIB = ("facexlib",)
_MODELSCOPE = ("modelscope", "torchvision")
_DAMOFD = (*_MODELSCOPE, "mmcv", "mmdet")
_ONNX = ("onnxruntime",)
_FACENET = ("facenet_pytorch", "requests", "torchvision")
_COMPILED = {
    "mmcv": "It needs mmcv-full 1.x, which has to be compiled; a DamoFD as ONNX file needs only onnxruntime",
    "mmdet": "It needs mmdet 2.x; a DamoFD as ONNX file needs only onnxruntime",
}
"""Packages that no line of pip brings."""

DETECTORS = (
    Provider(
        *("facexlib", "RetinaFace by facexlib", _FACEXLIB, _facexlib_detector, "facexlib-retinaface"),
        lambda: files.facexlib_file("facexlib-retinaface", "detection_Resnet50_Final.pth"),
    ),
    Provider("mediapipe", "BlazeFace and face mesh, CPU", _MEDIAPIPE, _mediapipe_detector),
    Provider("scrfd", "SCRFD or DamoFD as ONNX", _ONNX, _scrfd_detector, "scrfd", files.scrfd_file),
    Provider(
        *("modelscope", "RetinaFace by modelscope", _MODELSCOPE, _modelscope_detector, "retinaface"),
        _weights("retinaface"),
    ),
    Provider(
        *("damofd", "DamoFD by modelscope", _DAMOFD, _damofd_detector, "damofd"),
        _weights("damofd"),
    ),
    Provider("mtcnn", "MTCNN by facenet-pytorch", _FACENET, _mtcnn_detector),
)
"""Best first: RetinaFace is what the adapter was trained behind."""
HEAD_MASKERS = (
    Provider(
        *("modelscope", "M2FP by modelscope, as published", _MODELSCOPE, _modelscope_masker, "m2fp"), _weights("m2fp")
    ),
    Provider(
        *("facexlib", "BiSeNet by facexlib", _FACEXLIB, _facexlib_masker, "facexlib-bisenet"),
        lambda: files.facexlib_file("facexlib-bisenet", "parsing_bisenet.pth"),
    ),
    Provider("mediapipe", "face mesh and person segmentation", _MEDIAPIPE, _mediapipe_masker),
)
"""Best first: parsing knows hair from collar, segmentation only person from background."""
RECOGNISERS = (
    Provider("arcface", "ArcFace R50 by onnxruntime", _ONNX, _arcface, "arcface", files.arcface_file),
    Provider("facenet", "FaceNet by facenet-pytorch", _FACENET, _facenet, "facenet", _weights("facenet")),
    Provider("sface", "SFace by OpenCV, no further package", (), _sface, "sface", _weights("sface")),
)
"""Best first, by what their authors report. None of them puts a face into a picture."""


def availability() -> tuple[Availability, ...]:
    """Every provider of facts about faces, best first, and what would make it work. Loads no network."""
    from facechain_ext.faces import attributes

    rows = []
    for ability, providers in (("detector", DETECTORS), ("head mask", HEAD_MASKERS), ("likeness", RECOGNISERS)):
        for provider in providers:
            remedy = provider.missing()
            rows.append(Availability(ability, provider.name, not remedy, provider.detail, remedy))
    return (*rows, *attributes.availability())


def detector(name: str = "auto") -> Detector:
    """The detector called ``name``, or the best that can work here. It is made once, and looks at a picture once.

    Raises HostError when it cannot, naming the step that would change that.
    """
    return _remembering(_choose("face detector", DETECTORS, name))


def head_masker(name: str = "auto") -> HeadMasker:
    """The head masker called ``name``, or the best that can work here. It is made once.

    Raises HostError when it cannot, naming the step that would change that.
    """
    chosen: HeadMasker = _choose("head masker", HEAD_MASKERS, name)
    return chosen


def recogniser(name: str = "auto") -> Recogniser:
    """The network called ``name`` that tells people apart, or the best that can work here. It is made once.

    Raises HostError when it cannot, naming the step that would change that.
    """
    chosen: Recogniser = _choose("likeness encoder", RECOGNISERS, name)
    return chosen


def table(rows: Iterable[Availability] | None = None) -> str:
    """Every provider of every ability, one a line, and what would make those that are not ready so; for the log."""
    lines = []
    for row in availability() if rows is None else rows:
        state = "ready" if row.ready else f"not ready. {row.remedy}"
        lines.append(f"  {row.ability}: {row.name} ({row.detail}): {state}")
    return "\n".join(lines)


@functools.cache
def _tell() -> None:
    """Put the table into the log, once."""
    log.info("faces: what can work here, best first:\n%s", table())


@functools.lru_cache(maxsize=16)
def _remembering(chosen: Detector) -> Detector:
    from facechain_ext.faces.detect.cached import CachedDetector

    return CachedDetector(chosen)


def _choose(ability: str, providers: tuple[Provider, ...], name: str) -> Any:
    _tell()
    names = ", ".join(provider.name for provider in providers)
    wanted = [provider for provider in providers if name in ("auto", provider.name)]
    if not wanted:
        raise HostError(f"There is no {ability} called {name}; choose auto, {names}.")
    for provider in wanted:
        remedy = provider.missing()
        if remedy:
            continue
        path = provider.locate() if provider.locate is not None else None
        try:
            return _made(provider, path)
        except (FaceChainError, ImportError) as error:
            if name != "auto":
                raise HostError(f"The {ability} {provider.name} cannot work here: {error}") from error
            log.warning("The %s %s cannot work here (%s); trying the next.", ability, provider.name, error)
    remedies = {provider.name: provider.missing() for provider in wanted if provider.missing()}
    # Not the best but what needs least: networks inside the package, or a file alone.
    easiest = remedies.get("mediapipe") or remedies.get("sface") or next(iter(remedies.values()), "See the log.")
    what = f"No {ability} can work here." if name == "auto" else f"The {ability} {name} cannot work here."
    raise HostError(f"{what} {easiest}")


@functools.lru_cache(maxsize=16)
def _made(provider: Provider, path: Path | None) -> Any:
    made = provider.make(path)
    log.info("faces: using %s%s", provider.detail, f" from {path}" if path else "")
    return made
