"""dlib's recognition network (ResNet, 99.38 % on LFW, public domain), which compares whole photos by a distance.

It takes no face that is aligned for ArcFace: its input shows the chin, which that crop cuts off. So it is no
``Recogniser``: it says whether two photos show one person, and ranks pictures only where it is chosen for that.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from facechain_ext import next_steps
from facechain_ext.errors import HostError
from facechain_ext.faces.alignment import similarity_transform
from facechain_ext.faces.types import Availability

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Face, Pixels, Points

MODULES = ("dlib", "face_recognition_models")
"""What it imports or reads; both come as wheels and need no compiler."""
_FILE = "dlib_face_recognition_resnet_model_v1.dat"
_SIZE = 150
"""Side in pixels of the network's input."""
_POINTS: Points = np.array([(47.7, 46.2), (99.5, 45.5), (69, 78), (52, 100), (101, 99)], np.float32)
"""Eyes, nose tip and corners of the mouth in the input that dlib itself cuts (padding 0.25), measured on 21 faces."""
_JITTER = ((0, 0, 1.0, 0), (-3, -2, 0.97, -2), (3, 2, 1.03, 2), (-3, 2, 1.03, 2), (3, -2, 0.97, -2))
"""Shift x and y in pixels, scale and rotation in degrees of the crops that are averaged.

One crop moved by 3 pixels gives a distance of 0.13 to itself. The table is fixed and even, so the same photo always
gets the same numbers, and a mirrored one the same crops.
"""


class _Network(Protocol):
    def compute_face_descriptor(self, faces: list[NDArray[np.uint8]]) -> object: ...


class DlibRecogniser:
    """The network of ``face-recognition-models``, run by dlib on the CPU.

    Raises HostError with the command that installs what is missing.
    """

    name = "dlib"

    def __init__(self) -> None:
        missing = remedy()
        if missing:
            raise HostError(f"Photos cannot be compared here. {missing}")
        import dlib

        self._network: _Network = dlib.face_recognition_model_v1(str(_weights()))

    def describe(self, pixels: Pixels, face: Face) -> NDArray[np.float32]:
        """The mean descriptor of five crops of one face, float32 [128]; compare two by ``distance``.

        Raises PhotoError where the landmarks coincide.
        """
        crops = [_crop(pixels, face.landmarks, jitter) for jitter in _JITTER]
        descriptors = np.asarray(self._network.compute_face_descriptor(crops), np.float32)
        return np.asarray(descriptors.mean(0), np.float32)


def distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The Euclidean distance of two descriptors: 0 for the same photo, about 0.75 for two strangers."""
    return float(np.linalg.norm(one - other))


def availability() -> tuple[Availability, ...]:
    """Whether photos can be compared here."""
    missing = remedy()
    detail = "dlib's network, an independent comparison of photos"
    return (Availability("likeness of photos", "dlib", not missing, detail, missing),)


def remedy() -> str:
    """The step that installs what is missing, "" where nothing is."""
    for module in MODULES:
        if not next_steps.is_installed(module):
            return next_steps.next_steps().install(module)
    return ""


def _weights() -> Path:
    """The network's file. The package itself is not imported: it needs pkg_resources, which setuptools dropped."""
    found = importlib.util.find_spec("face_recognition_models")
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        if (path := Path(folder) / "models" / _FILE).is_file():
            return path
    raise HostError(f"The package face-recognition-models holds no {_FILE}; install it again.")


def _crop(pixels: Pixels, landmarks: Points, jitter: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """The face as uint8 [150, 150, 3], as dlib cuts it, moved by ``jitter``; large faces are averaged down first."""
    x, y, scale, angle = jitter
    middle = (_SIZE - 1) / 2
    moved = cv2.getRotationMatrix2D((middle, middle), angle, scale)
    moved[:, 2] += (x, y)
    target = (_POINTS @ moved[:, :2].T + moved[:, 2]).astype(np.float32)
    warp = similarity_transform(landmarks, target)
    reduction = 1 / max(float(np.hypot(warp[0, 0], warp[1, 0])), 1e-6)
    if reduction > 2:
        deviation = 0.4 * reduction  # of a filter that keeps what the smaller picture can show
        left, top = np.floor(landmarks.min(0) - 75 * reduction).astype(int).clip(0)
        right, bottom = np.ceil(landmarks.max(0) + 75 * reduction).astype(int).clip(1)
        pixels = cv2.GaussianBlur(pixels[top:bottom, left:right], (0, 0), deviation)
        warp[:, 2] += warp[:, :2] @ (left, top)
    return np.asarray(cv2.warpAffine(pixels, warp, (_SIZE, _SIZE), flags=cv2.INTER_LINEAR), np.uint8)
