"""ModelScope's own RetinaFace pipeline from a model folder in its layout, with weights whose answers are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from facechain_ext.errors import HostError
from facechain_ext.faces import detector
from facechain_ext.weights import set_models_folder
from facechain_ext.weights.manifest import entry
from facechain_ext.weights.store import target

torch = pytest.importorskip("torch")
pytest.importorskip("modelscope", reason="modelscope is not installed here")
pytest.importorskip("torchvision", reason="torchvision is not installed here", exc_type=ImportError)


NETWORK = {
    "type": "retinaface",
    "name": "Resnet50",
    "min_sizes": [[16, 32], [64, 128], [256, 512]],
    "steps": [8, 16, 32],
    "variance": [0.1, 0.2],
    "clip": False,
    "pretrain": False,
    "return_layers": {"layer2": 1, "layer3": 2, "layer4": 3},
    "in_channel": 256,
    "out_channel": 256,
}


@pytest.fixture
def folder(tmp_path):
    set_models_folder(tmp_path)
    folder = target(entry("retinaface"))
    folder.mkdir(parents=True)
    pipeline = {"type": "resnet50-face-detection-retinaface"}
    words = {
        "framework": "pytorch",
        "task": "face-detection",
        "models": NETWORK,
        "pipeline": pipeline,
    }
    (folder / "configuration.json").write_text(json.dumps(words), encoding="utf-8")
    yield folder
    set_models_folder(None)


def test_the_pipeline_answers_in_the_pictures_own_pixels(folder):
    """With every anchor sure of a face and no offsets, faces are the anchors: squares inside any picture's frame."""
    from modelscope.models.cv.face_detection.retinaface.models.retinaface import RetinaFace
    from modelscope.utils.config import ConfigDict

    torch.manual_seed(0)
    state = RetinaFace(cfg=ConfigDict(NETWORK)).state_dict()
    for key, value in state.items():
        if "Head." in key:
            value.zero_()
        if key.startswith("ClassHead") and key.endswith("bias"):
            value.copy_(torch.tensor([-3.0, 3.0] * (len(value) // 2)))
    torch.save({f"module.{key}": value for key, value in state.items()}, folder / "pytorch_model.pt")
    found = detector("modelscope")
    for width, height in ((160, 120), (1500, 90)):
        faces = found.detect(np.zeros((height, width, 3), np.uint8))
        scale = max(width / 1000, 1.0)
        assert faces
        for face in faces:
            assert min(abs(face.width / scale / side - 1) for side in (16, 32, 64, 128, 256, 512)) < 0.02
            assert face.width == pytest.approx(face.height, rel=0.02)
            middle = ((face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2)
            assert np.allclose(face.landmarks, middle, atol=scale)
            assert 0 <= middle[0] <= width + 64 * scale


def test_a_folder_without_weights_is_named(folder):
    with pytest.raises(HostError, match=r"ModelScope cannot use .*retinaface"):
        detector("modelscope")
