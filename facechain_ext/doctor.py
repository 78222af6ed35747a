"""What works here, what does not, and the one step that would change it."""

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
from facechain_ext.next_steps import next_steps
from facechain_ext.weights.manifest import manifest
from facechain_ext.weights.store import LOCK_FILE, check_quickly, how_to_get, read_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


class Named(Protocol):
    """A provider of an ability."""

    name: str


State = Literal["ready", "optional", "missing"]


@dataclass(frozen=True)
class Check:
    """One line: ``detail`` says what there is, ``remedy`` the one step that makes it ready ("" when it is).

    ``missing`` keeps portraits from being made; ``optional`` does not.
    """

    area: str
    name: str
    state: State
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class Package:
    """A package that something here uses: its import name, its names on PyPI, and what for."""

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
    Package("spandrel", ("spandrel",), "restoring, standalone"),
)


def examine(extra: Iterable[Callable[[], Iterable[Check]]] = ()) -> tuple[Check, ...]:
    """All lines, area by area; ``extra`` adds those of a host. Nothing is downloaded or changed."""
    lines: list[Check] = []
    for part in (_machine, _packages, _folder, _weights, _faces, _styles, *extra):
        lines += part()
    return tuple(lines)


def as_text(checks: Iterable[Check]) -> str:
    """The lines as plain text, for a log or a bug report."""
    marks = {"ready": "ok", "optional": "--", "missing": "!!"}
    return "\n".join(
        f"[{marks[c.state]}] {c.area}: {c.name}: {c.detail}" + (f" {c.remedy}" if c.remedy else "") for c in checks
    )


def _machine() -> Iterable[Check]:
    yield Check("Machine", "Python", "ready", f"{platform.python_version()} on {platform.system()}")
    import torch  # noqa: PLC0415 - only here, so that importing this module stays cheap

    from facechain_ext.devices import diffusion_device  # noqa: PLC0415 - as above

    device = diffusion_device()
    if device.type == "cuda":
        memory = torch.cuda.get_device_properties(device).total_memory / 2**30
        yield Check("Machine", "device", "ready", f"{torch.cuda.get_device_name(device)}, {memory:.0f} GiB")
    elif device.type == "mps":
        yield Check("Machine", "device", "ready", "Apple GPU")
    else:
        remedy = "A supported GPU and its torch make portraits a matter of seconds."
        yield Check("Machine", "device", "optional", f"CPU only, {os.cpu_count()} cores.", remedy)


def _packages() -> Iterable[Check]:
    for package in PACKAGES:
        version = _version(package)
        if version:
            yield Check("Packages", package.module, "ready", f"{version} ({package.purpose})")
        else:
            remedy = f"{next_steps().install(package.module)}."
            state: State = "missing" if package.needed else "optional"
            yield Check("Packages", package.module, state, f"not installed ({package.purpose}).", remedy)


def _version(package: Package) -> str:
    """The version of the installed package, "installed" when it does not say, "" when it is not there."""
    if importlib.util.find_spec(package.module) is None:
        return ""
    for distribution in package.distributions:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(distribution)
    return "installed"


def _folder() -> Iterable[Check]:
    folder = weights.models_folder()
    there = _nearest(folder)
    free = shutil.disk_usage(there).free / 1e9
    if os.access(there, os.W_OK):
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


def _nearest(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _changed(path: Path) -> bool:
    return check_quickly(path) == "changed"


def _weights() -> Iterable[Check]:
    adapters = [key for key in manifest() if key.startswith("adapter-") and weights.find(key) is not None]
    for key, entry in manifest().items():
        found = weights.find(key)
        if found is not None:
            yield Check("Models", key, "ready", f"{entry.title}: {found.name}")
            continue
        needed = key == "transface" or (key.startswith("adapter-") and not adapters)
        yield Check("Models", key, "missing" if needed else "optional", f"{entry.title}.", how_to_get(key))


def _faces() -> Iterable[Check]:
    yield _chosen("detector", faces.detector)
    yield _chosen("head mask", faces.head_masker)
    yield _judge()
    for row in retouch.availability():
        yield Check("Faces", f"{row.ability}, {row.name}", "ready" if row.ready else "optional", row.detail, row.remedy)


def _chosen(ability: str, choose: Callable[[], Named]) -> Check:
    try:
        return Check("Faces", ability, "ready", choose().name)
    except FaceChainError as error:
        return Check("Faces", ability, "missing", str(error))


def _judge() -> Check:
    """Who says how like a picture is: a network apart from the one that puts the face in, or that one itself."""
    try:
        return Check("Faces", "likeness", "ready", faces.recogniser().name)
    except FaceChainError as error:
        return Check("Faces", "likeness", "optional", "by TransFace, which also puts the face in.", str(error))


def _styles() -> Iterable[Check]:
    own, troubles = styles.own_styles()
    count = len(styles.catalogue())
    yield Check("Styles", "catalogue", "ready", f"{count} styles, {len(own)} of your own")
    for trouble in troubles:
        yield Check("Styles", "own", "optional", trouble)
