"""dlib's network: crops cut as dlib cuts them, and distances of one photo under changes that do not change a person."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from facechain_ext.errors import HostError
from facechain_ext.faces.recognise import dlib_resnet
from facechain_ext.faces.recognise.dlib_resnet import DlibRecogniser, distance


@pytest.fixture(scope="module")
def network():
    pytest.importorskip("dlib", reason="dlib is not installed here")
    return DlibRecogniser()


@pytest.fixture(scope="module")
def descriptor(network, astronaut, face):
    return network.describe(astronaut, face)


def test_the_crop_lies_where_dlib_itself_cuts_it(network, astronaut, face):
    import dlib

    models = Path(importlib.util.find_spec("face_recognition_models").submodule_search_locations[0]) / "models"
    predictor = dlib.shape_predictor(str(models / "shape_predictor_5_face_landmarks.dat"))
    box = dlib.rectangle(*(round(side) for side in face.box))
    by_dlib = dlib.get_face_chip(astronaut, predictor(astronaut, box), size=150, padding=0.25)
    ours = dlib_resnet._crop(astronaut, face.landmarks, (0, 0, 1.0, 0))
    one, other = (np.array(network._network.compute_face_descriptor(chip)) for chip in (by_dlib, ours))
    assert np.linalg.norm(one - other) < 0.2
    assert np.abs(by_dlib.astype(int) - ours).mean() < 25


@pytest.mark.parametrize(
    ("change", "limit"),
    [
        (lambda p: p[:, ::-1], 0.25),
        (lambda p: (p * 0.35).astype(np.uint8), 0.25),
        (lambda p: np.repeat(p.mean(-1, keepdims=True), 3, -1).astype(np.uint8), 0.3),
        (lambda p: np.repeat(np.repeat(p, 3, 0), 3, 1), 0.15),  # a large face is averaged down before it is sampled
    ],
    ids=["mirrored", "dark", "grey", "three times as large"],
)
def test_the_same_photo_stays_near_itself(network, descriptor, astronaut, detector, change, limit):
    changed = np.ascontiguousarray(change(astronaut))
    assert distance(network.describe(changed, detector.detect(changed)[0]), descriptor) < limit


def test_the_same_call_gives_the_same_numbers(network, descriptor, astronaut, face):
    assert np.array_equal(network.describe(astronaut, face), descriptor)
    assert descriptor.shape == (128,)


def test_where_a_package_is_missing_the_command_is_named(monkeypatch):
    monkeypatch.setattr(dlib_resnet.next_steps, "is_installed", lambda name: name != "face_recognition_models")
    with pytest.raises(HostError, match="pip install dlib-bin face-recognition-models"):
        DlibRecogniser()
    (row,) = dlib_resnet.availability()
    assert not row.ready
    assert "dlib-bin" in row.remedy
