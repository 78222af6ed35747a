"""MediaPipe's networks and mesh out of its wheel, for a Python that has no mediapipe with ``solutions``.

The package left out ``mediapipe.solutions`` and its networks with version 0.10.30 and has no earlier one for Python
3.13. A wheel of an earlier version is a zip file with the networks, whatever Python it is for; nothing of it is run.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import sys
import zipfile
from pathlib import Path

from facechain_ext.errors import WeightsError
from facechain_ext.next_steps import NO_MEDIAPIPE, next_steps

VERSION = "0.10.14"
"""The last line of releases whose networks OpenCV reads from 4.8 on."""
_WHEELS = "mediapipe-0.10.*.whl"
_TRIED_PYTHON = "3.12"
"""A Python that the version has wheels for."""
NETWORKS = {
    "detection": "mediapipe/modules/face_detection/face_detection_short_range.tflite",
    "mesh": "mediapipe/modules/face_landmark/face_landmark.tflite",
    "person": "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
}
"""Path in the wheel of each network: BlazeFace, the face mesh, and the segmentation of people."""
_CONNECTIONS = "mediapipe/python/solutions/face_mesh_connections.py"


def has_solutions() -> bool:
    """Whether a mediapipe with ``solutions`` is installed."""
    found = importlib.util.find_spec("mediapipe")
    places = (found.submodule_search_locations if found is not None else None) or ()
    return any(Path(place, "python", "solutions", "face_mesh.py").is_file() for place in places)


def find_wheel() -> Path | None:
    """The newest wheel of mediapipe with the networks in the models folder or beside this Python's environment."""
    from facechain_ext import weights

    folders = (weights.models_folder(), Path(sys.prefix))
    found = [path for folder in folders for path in sorted(folder.glob(_WHEELS), reverse=True)]
    return next((path for path in found if _has_networks(path)), None)


def remedy() -> str:
    """The step that brings MediaPipe's networks to the Python that is running; "" where they are here."""
    if has_solutions() or find_wheel() is not None:
        return ""
    if sys.version_info[:2] < NO_MEDIAPIPE:
        return next_steps().install("mediapipe")
    from facechain_ext import weights

    command = f'"{sys.executable}" -m pip download --no-deps --only-binary=:all: --python-version {_TRIED_PYTHON}'
    where = f'-d "{weights.models_folder()}" mediapipe=={VERSION}'
    return f"Run, which installs nothing and brings a file of 35 MB whose networks OpenCV reads: {command} {where}"


def network(name: str) -> bytes:
    """The file of one of NETWORKS; raises WeightsError where there is no wheel."""
    return _member(NETWORKS[name])


@functools.cache
def tesselation() -> frozenset[tuple[int, int]]:
    """The edges of the face mesh, pairs of points 0..467; raises WeightsError where there is no wheel."""
    tree = ast.parse(_member(_CONNECTIONS).decode())
    for node in tree.body:
        names = [target.id for target in getattr(node, "targets", ()) if isinstance(target, ast.Name)]
        if names == ["FACEMESH_TESSELATION"] and isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            return frozenset((int(a), int(b)) for a, b in ast.literal_eval(node.value.args[0]))
    raise WeightsError(f"{_CONNECTIONS} of mediapipe's wheel has no edges of the mesh; get version {VERSION}.")


def _has_networks(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return set(NETWORKS.values()) <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def _member(name: str) -> bytes:
    path = find_wheel()
    if path is None:
        raise WeightsError(f"MediaPipe's networks are not here. {remedy()}")
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)
