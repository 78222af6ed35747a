"""The table of what works here, the choice by it, and imports that cost nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from facechain_ext import weights
from facechain_ext.doctor import examine
from facechain_ext.errors import HostError, InputError, WeightsError
from facechain_ext.faces import detector, head_masker, selection
from facechain_ext.faces.detect import DETECTORS
from facechain_ext.faces.weights_files import find_facexlib, find_scrfd
from facechain_ext.methods.fact.files import adapter_files
from facechain_ext.retouch import availability


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models" / "FaceChain"
    folder.mkdir(parents=True)
    weights.set_models_folder(folder)
    yield folder
    weights.set_models_folder(None)


def test_every_provider_has_a_line_and_every_missing_one_a_remedy(models):
    rows = availability()
    assert {row.ability for row in rows} >= {
        "detector",
        "head mask",
        "attributes",
        "face fusion",
        "skin retouching",
    }
    for row in rows:
        assert row.ready == (row.remedy == "")
        assert row.detail
    assert len({(row.ability, row.name) for row in rows}) == len(rows)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(InputError, match="facexlib, mediapipe, scrfd, modelscope, damofd, mtcnn"):
        detector("dlib")
    with pytest.raises(InputError, match="choose auto"):
        head_masker("dlib")


def test_what_is_missing_says_how_to_get_it(models):
    missing = [row for row in availability() if row.ability == "detector" and not row.ready]
    for row in missing:
        with pytest.raises(HostError, match="cannot work here") as caught:
            detector(row.name)
        assert row.remedy in str(caught.value)


def test_auto_passes_over_a_file_that_is_broken(models, caplog):
    pytest.importorskip("mediapipe", reason="mediapipe is not installed here")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed here")
    (models / "scrfd_10g.onnx").write_bytes(b"not a network")
    with pytest.raises(HostError, match=r"scrfd_10g.onnx"):
        detector("scrfd")
    chosen = [provider for provider in DETECTORS if provider.name in ("scrfd", "mediapipe")]
    chosen.sort(key=lambda provider: provider.name, reverse=True)  # scrfd first
    assert selection._load("face detector", tuple(chosen), "auto").name == "mediapipe"
    assert "scrfd_10g.onnx" in caplog.text


def test_files_are_found_where_hosts_keep_them(models, monkeypatch):
    monkeypatch.setenv("INSIGHTFACE_HOME", str(models.parent / "nowhere"))
    monkeypatch.setattr(sys, "path", [])
    assert find_facexlib("facexlib-bisenet", "parsing_bisenet.pth") is None
    assert find_scrfd() is None
    beside = models.parent / "GFPGAN" / "parsing_bisenet.pth"
    theirs = models.parent / "insightface" / "models" / "buffalo_l" / "det_10g.onnx"
    for path in (beside, theirs):
        path.parent.mkdir(parents=True)
        path.touch()
    assert find_facexlib("facexlib-bisenet", "parsing_bisenet.pth") == beside
    assert find_scrfd() == theirs
    (models / "my_damofd_bnkps.onnx").touch()
    assert find_scrfd() == models / "my_damofd_bnkps.onnx"


def test_a_users_link_is_followed_and_one_to_nothing_is_named(models, tmp_path, monkeypatch):
    monkeypatch.setenv("INSIGHTFACE_HOME", str(tmp_path / "nowhere"))
    (models / "w600k_r50.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    assert weights.find("arcface") is None
    with pytest.raises(WeightsError, match=r"w600k_r50\.onnx is a link to nothing"):
        weights.require("arcface")
    assert any("link to nothing" in check.remedy for check in examine())
    (tmp_path / "elsewhere.onnx").touch()
    assert weights.find("arcface") == weights.require("arcface") == models / "w600k_r50.onnx"
    (tmp_path / "another disk").mkdir()
    (tmp_path / "another disk" / "own.safetensors").touch()
    (models / "adapters").symlink_to(tmp_path / "another disk", target_is_directory=True)
    assert adapter_files()["own"].read_bytes() == b""
    assert availability()


def test_a_provider_is_made_once():
    pytest.importorskip("mediapipe", reason="mediapipe is not installed here")
    assert detector("mediapipe") is detector("mediapipe")


def test_importing_loads_no_image_library_and_no_network():
    code = (
        "import sys, facechain_ext.faces; "
        "print([m for m in ('cv2', 'PIL', 'torch', 'mediapipe', 'onnxruntime', 'facexlib') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("device", "there", "wanted"),
    [
        ("cpu", ["CUDAExecutionProvider", "CPUExecutionProvider"], ["CPUExecutionProvider"]),
        ("cuda", ["CPUExecutionProvider"], ["CPUExecutionProvider"]),
        (
            "cuda:1",
            ["CUDAExecutionProvider", "CPUExecutionProvider"],
            [("CUDAExecutionProvider", {"device_id": 1}), "CPUExecutionProvider"],
        ),
    ],
)
def test_onnxruntime_uses_the_device_for_faces(device, there, wanted):
    import torch

    from facechain_ext.faces.networks import onnx_providers

    assert onnx_providers(torch.device(device), there) == wanted
