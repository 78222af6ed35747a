"""facexlib's own classes, filled from files in the real layout: random weights, or such that the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("facexlib", reason="facexlib is not installed here; the host's environment has it")

from facechain_ext.errors import WeightsError
from facechain_ext.faces.detect.facexlib import FacexlibDetector
from facechain_ext.faces.mask.facexlib import FacexlibMasker
from facechain_ext.faces.types import Face


@pytest.fixture(scope="module")
def retinaface_state():
    from facexlib.detection.retinaface import RetinaFace

    torch.manual_seed(0)
    return RetinaFace(network_name="mobile0.25", device=torch.device("cpu")).state_dict()


@pytest.fixture(scope="module")
def bisenet_state():
    from facexlib.parsing.bisenet import BiSeNet

    torch.manual_seed(0)
    return BiSeNet(num_class=19).state_dict()


def test_retinaface_reads_the_published_layout(tmp_path, retinaface_state):
    torch.save({f"module.{key}": value for key, value in retinaface_state.items()}, tmp_path / "net.pth")
    state = FacexlibDetector(tmp_path / "net.pth")._network.state_dict()
    assert all(torch.equal(state[key], value) for key, value in retinaface_state.items())


def test_retinaface_answers_in_the_pictures_own_pixels(tmp_path, retinaface_state):
    """With every anchor sure of a face and no offsets, faces are the anchors: squares inside any picture's frame."""
    state = {key: value.clone() for key, value in retinaface_state.items()}
    for key, value in state.items():
        if "Head." in key:
            value.zero_()
        if key.startswith("ClassHead") and key.endswith("bias"):
            value.copy_(torch.tensor([-3.0, 3.0] * (len(value) // 2)))
    torch.save(state, tmp_path / "net.pth")
    detector = FacexlibDetector(tmp_path / "net.pth")
    for width, height in ((160, 120), (1600, 1200)):
        faces = detector.detect(np.zeros((height, width, 3), np.uint8))
        assert faces
        assert faces == sorted(faces, key=lambda face: -face.area)
        scale = max(width / 800, 1.0)
        for face in faces:
            middle = ((face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2)
            assert face.width == pytest.approx(face.height, rel=0.01)
            assert np.allclose(face.landmarks, middle, atol=scale)
            assert 0 <= middle[0] <= width + 64 * scale
            assert 0 <= middle[1] <= height + 64 * scale
        assert max(face.width for face in faces) == pytest.approx(512 * scale, rel=0.02)


def test_bisenet_reads_its_layout_and_answers_at_the_pictures_size(tmp_path, bisenet_state):
    """With a bias towards skin everywhere, the face is the whole crop and nothing beyond."""
    torch.save(bisenet_state, tmp_path / "parsing.pth")
    masker = FacexlibMasker(tmp_path / "parsing.pth")
    crop = np.random.default_rng(0).integers(0, 255, (512, 512, 3), np.uint8)
    with torch.no_grad():
        scaled = (torch.from_numpy(crop).float() / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor(
            [0.229, 0.224, 0.225]
        )
        reference = masker._network(scaled.permute(2, 0, 1)[None])[0].argmax(1)[0].numpy()
    assert (masker.parse(crop) == reference).mean() > 0.999
    face = Face((100, 80, 200, 200), np.zeros((5, 2), np.float32), 1.0, roll=20.0)
    head = masker.mask(np.zeros((300, 400, 3), np.uint8), face)
    assert head.face.shape == head.head.shape == (300, 400)
    assert not (head.face & ~head.head).any()


def test_other_files_are_refused_by_name(tmp_path, bisenet_state, retinaface_state):
    torch.save(bisenet_state, tmp_path / "bisenet.pth")
    torch.save(retinaface_state, tmp_path / "retinaface.pth")
    with pytest.raises(WeightsError, match=r"bisenet.pth is not a RetinaFace"):
        FacexlibDetector(tmp_path / "bisenet.pth")
    with pytest.raises(WeightsError, match=r"retinaface.pth is not BiSeNet"):
        FacexlibMasker(tmp_path / "retinaface.pth")
    short = dict(retinaface_state)
    gone = sorted(short)[5]
    del short[gone]
    torch.save(short, tmp_path / "short.pth")
    if not gone.endswith("num_batches_tracked"):
        with pytest.raises(WeightsError, match=r"short\.pth lacks"):
            FacexlibDetector(tmp_path / "short.pth")
