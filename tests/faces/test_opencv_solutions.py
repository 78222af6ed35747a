"""MediaPipe's networks by OpenCV give what MediaPipe gives, from a wheel of which nothing is run."""

from __future__ import annotations

import importlib.util
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mediapipe", reason="mediapipe is not installed here")

from facechain_ext import weights
from facechain_ext.errors import WeightsError
from facechain_ext.faces import mediapipe_graph, mediapipe_wheel, mesh
from facechain_ext.faces.crop import upright_crop
from facechain_ext.faces.detect.mediapipe import MediapipeDetector
from facechain_ext.faces.mask.mediapipe import MediapipeMasker
from facechain_ext.retouch.fuse import topology


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel with the networks of the installed package, as the published one has them."""
    folder = tmp_path_factory.mktemp("wheel")
    site = Path(importlib.util.find_spec("mediapipe").submodule_search_locations[0]).parent
    with zipfile.ZipFile(folder / "mediapipe-0.10.14-cp312-cp312-any.whl", "w") as archive:
        for name in (*mediapipe_wheel.NETWORKS.values(), "mediapipe/python/solutions/face_mesh_connections.py"):
            archive.write(site / name, name)
    return folder


@pytest.fixture
def no_package(monkeypatch, tmp_path):
    """A Python without the package, and an empty models folder."""
    weights.set_models_folder(tmp_path)
    monkeypatch.setattr(mediapipe_wheel, "has_solutions", lambda: False)
    monkeypatch.setattr(mediapipe_graph, "has_solutions", lambda: False)
    monkeypatch.setattr(topology, "has_solutions", lambda: False)
    caches = (mesh._network, mediapipe_wheel.tesselation, topology.topology)
    for cache in caches:
        cache.cache_clear()
    yield tmp_path
    for cache in caches:
        cache.cache_clear()
    weights.set_models_folder(None)


@pytest.fixture
def only_wheel(no_package, wheel):
    weights.set_models_folder(wheel)


def test_the_portrait_has_the_same_landmarks_and_mask(only_wheel, astronaut, monkeypatch):
    (ours,) = MediapipeDetector().detect(astronaut)
    head = MediapipeMasker().mask(astronaut, ours)
    monkeypatch.undo()
    mesh._network.cache_clear()
    (theirs,) = MediapipeDetector().detect(astronaut)
    other = MediapipeMasker().mask(astronaut, theirs)
    distance = np.linalg.norm(ours.landmarks - theirs.landmarks, axis=1)
    assert distance.max() < 0.03 * theirs.width  # the package's mesh is of another network, with irises
    both = (head.head & other.head).sum() / (head.head | other.head).sum()
    assert both > 0.9


@pytest.mark.parametrize("roll", [45.0, 120.0, 180.0])
def test_a_leaning_face_is_found(only_wheel, astronaut, roll):
    side = astronaut.shape[0]
    turned, _ = upright_crop(astronaut, (side / 2, side / 2), side, -roll, side)
    found = MediapipeDetector().detect(turned)
    assert found
    assert abs((found[0].roll - roll + 180) % 360 - 180) < 15


def test_no_face_in_noise(only_wheel):
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    assert MediapipeDetector().detect(noise) == []


def test_the_edges_of_the_mesh_are_the_packages(only_wheel):
    from mediapipe.python.solutions.face_mesh_connections import FACEMESH_TESSELATION

    assert mediapipe_wheel.tesselation() == frozenset(FACEMESH_TESSELATION)
    assert topology.topology().triangles.shape[1] == 3


@pytest.mark.parametrize(("version", "words"), [((3, 12), "mediapipe==0.10.9"), ((3, 13), "pip download")])
def test_the_step_is_one_that_the_running_python_can_take(no_package, monkeypatch, version, words):
    monkeypatch.setattr(mediapipe_wheel.sys, "version_info", (*version, 0))
    assert words in mediapipe_wheel.remedy()
    assert sys.executable in mediapipe_wheel.remedy() or version < (3, 13)
    with pytest.raises(ImportError, match="not here"):
        mediapipe_graph.load_solutions()
    with pytest.raises(WeightsError, match="not here"):
        mediapipe_wheel.network("mesh")


def test_a_file_that_is_no_wheel_is_passed_over(no_package, wheel):
    (no_package / "mediapipe-0.10.99-any.whl").write_bytes(b"no zip file")
    with zipfile.ZipFile(no_package / "mediapipe-0.10.35-any.whl", "w") as later:
        later.writestr("mediapipe/__init__.py", "")
    assert mediapipe_wheel.find_wheel() is None
    (whole,) = wheel.iterdir()
    (no_package / whole.name).write_bytes(whole.read_bytes())
    assert mediapipe_wheel.find_wheel().name == whole.name
    assert mediapipe_wheel.remedy() == ""
