"""A report of the device, packages, model files, face providers and styles, with the step that each lacks."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from facechain_ext import faces, retouch, styles, weights
from facechain_ext.errors import FaceChainError
from facechain_ext.faces import mediapipe_wheel
from facechain_ext.lazy_names import late_module
from facechain_ext.methods.fact.files import adapter_files
from facechain_ext.next_steps import next_steps
from facechain_ext.weights.lock_file import LOCK_FILE, check_quickly, read_lock
from facechain_ext.weights.manifest import manifest
from facechain_ext.weights.store import how_to_get

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from facechain_ext import devices
else:  # it imports torch, which takes a second
    devices = late_module("facechain_ext.devices")


class HasName(Protocol):
    """A provider of a face ability."""

    name: str


State = Literal["ready", "optional", "missing"]


@dataclass(frozen=True)
class Check:
    """One line of the report: ``detail`` describes the state, ``remedy`` the step that makes it ready ("" when it is).

    A check that is "missing" prevents portraits; an "optional" one does not.
    """

    area: str
    name: str
    state: State
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class Package:
    """A package: its import name, its possible distributions on PyPI, and its purpose."""

    module: str
    distributions: tuple[str, ...]
    purpose: str
    needed: bool = False


PACKAGES = (
    Package("torch", ("torch",), "the networks", needed=True),
    Package("safetensors", ("safetensors",), "weights and cards", needed=True),
    Package("numpy", ("numpy",), "pictures", needed=True),
    Package("cv2", ("opencv-python-headless", "opencv-python", "opencv-contrib-python"), "pictures", needed=True),
    Package("PIL", ("Pillow", "pillow"), "pictures", needed=True),
    Package("filelock", ("filelock",), "downloads"),
    Package("facexlib", ("facexlib",), "faces, in the webui"),
    Package("mediapipe", ("mediapipe",), "faces, standalone"),
    Package("onnxruntime", ("onnxruntime", "onnxruntime-gpu"), "SCRFD, ArcFace"),
    Package("insightface", ("insightface",), "fetches SCRFD and ArcFace"),
    Package("facenet_pytorch", ("facenet-pytorch",), "MTCNN, FaceNet"),
    Package("modelscope", ("modelscope",), "M2FP, RetinaFace, FairFace"),
    Package("diffusers", ("diffusers",), "the command line and the own page"),
    Package("transformers", ("transformers",), "the command line"),
    Package("peft", ("peft",), "training"),
    Package("dlib", ("dlib-bin", "dlib"), "whether photos show one person"),
    Package("c2pa", ("c2pa-python",), "signs labels"),
    Package("ray", ("ray",), "batches on many machines"),
    Package("face_recognition_models", ("face-recognition-models",), "dlib's network"),
)


def examine(extra: Iterable[Callable[[], Iterable[Check]]] = ()) -> tuple[Check, ...]:
    """All checks, area by area; ``extra`` adds those of a host. Downloads and changes nothing."""
    checks: list[Check] = []
    for area in (_check_machine, _check_packages, _check_folder, _check_weights, _check_faces, _check_styles, *extra):
        checks += area()
    return tuple(checks)


def as_text(checks: Iterable[Check]) -> str:
    """The checks as plain text, one a line, for a log or a bug report."""
    marks = {"ready": "ok", "optional": "--", "missing": "!!"}
    return "\n".join(
        f"[{marks[c.state]}] {c.area}: {c.name}: {c.detail}" + (f" {c.remedy}" if c.remedy else "") for c in checks
    )


def _check_machine() -> Iterable[Check]:
    yield Check("Machine", "Python", "ready", f"{platform.python_version()} on {platform.system()}")
    device = devices.diffusion_device()
    if device.type == "cuda":
        name, memory = devices.cuda_properties(device)
        yield Check("Machine", "device", "ready", f"{name}, {memory / 2**30:.0f} GiB")
    elif device.type == "mps":
        yield Check("Machine", "device", "ready", "Apple GPU")
    else:
        remedy = "A supported GPU and its torch make portraits a matter of seconds."
        yield Check("Machine", "device", "optional", f"CPU only, {os.cpu_count()} cores.", remedy)


def _check_packages() -> Iterable[Check]:
    for package in PACKAGES:
        version = _version(package)
        if version:
            yield Check("Packages", package.module, "ready", f"{version} ({package.purpose})")
        else:
            instead = mediapipe_wheel.find_wheel() if package.module == "mediapipe" else None
            if instead is not None:
                yield Check("Packages", package.module, "ready", f"by OpenCV, from {instead.name} ({package.purpose})")
                continue
            step = mediapipe_wheel.remedy() if package.module == "mediapipe" else ""
            remedy = f"{step or next_steps().install(package.module)}."
            state: State = "missing" if package.needed else "optional"
            yield Check("Packages", package.module, state, f"not installed ({package.purpose}).", remedy)


def _version(package: Package) -> str:
    """The version of the installed package, "installed" when it has none, "" when it is not installed."""
    if importlib.util.find_spec(package.module) is None:
        return ""
    for distribution in package.distributions:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(distribution)
    return "installed"


def _check_folder() -> Iterable[Check]:
    folder = weights.models_folder()
    existing = _existing_parent(folder)
    free = shutil.disk_usage(existing).free / 1e9
    if os.access(existing, os.W_OK):
        yield Check("Models", "folder", "ready", f"{folder}, {free:.0f} GB free")
    else:
        remedy = "Choose another: set FACECHAIN_MODELS_DIR, or start the webui with --facechain-models-dir."
        yield Check("Models", "folder", "missing", f"{folder} cannot be written.", remedy)
    try:
        changed = [name for name in read_lock() if (folder / name).is_file() and _changed(folder / name)]
    except FaceChainError as error:
        yield Check("Models", LOCK_FILE, "optional", str(error))
        return
    for name in changed:
        yield Check("Models", name, "optional", "changed since it was downloaded.", f"{next_steps().verify()}.")


def _existing_parent(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _changed(path: Path) -> bool:
    return check_quickly(path) == "changed"


def _check_weights() -> Iterable[Check]:
    adapters = adapter_files()  # a user's own will do
    for key, entry in manifest().items():
        found = weights.find(key)
        if found is not None:
            yield Check("Models", key, "ready", f"{entry.title}: {found.name}")
            continue
        needed = key == "transface" or (key.startswith("adapter-") and not adapters)
        yield Check("Models", key, "missing" if needed else "optional", f"{entry.title}.", how_to_get(key))


def _check_faces() -> Iterable[Check]:
    yield _check_provider("detector", faces.detector)
    yield _check_provider("head mask", faces.head_masker)
    yield _check_likeness()
    for row in retouch.availability():
        yield Check("Faces", f"{row.ability}, {row.name}", "ready" if row.ready else "optional", row.detail, row.remedy)


def _check_provider(ability: str, choose: Callable[[], HasName]) -> Check:
    try:
        return Check("Faces", ability, "ready", choose().name)
    except FaceChainError as error:
        return Check("Faces", ability, "missing", str(error))


def _check_likeness() -> Check:
    """The network that scores likeness: one independent of the face adapter, or TransFace, which the adapter uses."""
    try:
        return Check("Faces", "likeness", "ready", faces.recogniser().name)
    except FaceChainError as error:
        return Check("Faces", "likeness", "optional", "by TransFace, which also puts the face in.", str(error))


def _check_styles() -> Iterable[Check]:
    own, faults = styles.own_styles()
    count = len(styles.catalogue())
    yield Check("Styles", "catalogue", "ready", f"{count} styles, {len(own)} of your own")
    for fault in faults:
        yield Check("Styles", "own", "optional", fault)
