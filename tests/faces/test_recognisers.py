"""Recognition networks: ONNX files of the published form made here, whose answers are known, and the real classes."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from facechain_ext.errors import HostError, WeightsError
from facechain_ext.faces import recogniser
from facechain_ext.faces.weights_files import find_arcface

onnx = pytest.importorskip("onnx", reason="onnx is not installed here")
TensorProto, helper, numpy_helper = onnx.TensorProto, onnx.helper, onnx.numpy_helper


COLOUR = np.array([200, 100, 50], np.uint8)
FACE = np.broadcast_to(COLOUR, (112, 112, 3))
pytestmark = pytest.mark.usefixtures("models_folder")


def colour_finder(path, names=("input.1", "683"), *, size=112, width=512, batch=None, factor=1.0):
    """A network of that form that answers with the mean of each channel, then zeros: ``width`` numbers in all."""
    weight = np.zeros((3, width), np.float32)
    weight[:3, :3] = np.eye(3) * factor
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", [names[0]], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["flat"], axis=1),
            helper.make_node("Gemm", ["flat", "weight", "bias"], [names[1]]),
        ],
        "colours",
        [helper.make_tensor_value_info(names[0], TensorProto.FLOAT, [batch, 3, size, size])],
        [helper.make_tensor_value_info(names[1], TensorProto.FLOAT, [1, width])],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(np.zeros(width, np.float32), "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
    return path


def test_arcface_gets_rgb_in_minus_one_to_one(models_folder):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed here")
    colour_finder(models_folder / "w600k_r50.onnx")
    found = recogniser("arcface").embed(FACE)
    expected = (COLOUR.astype(np.float64) - 127.5) / 127.5
    assert found.shape == (512,)
    assert found.dtype == np.float32
    assert np.allclose(found[:3], expected / np.linalg.norm(expected), atol=1e-4)  # a mean of 12544 numbers in float32
    assert not found[3:].any()


def test_sface_gets_rgb_in_0_to_255_and_needs_no_package(models_folder):
    colour_finder(models_folder / "face_recognition_sface_2021dec.onnx", ("data", "fc1"), width=128, batch=1)
    found = recogniser("sface").embed(FACE)
    assert found.shape == (128,)
    assert np.allclose(found[:3], COLOUR / np.linalg.norm(COLOUR.astype(np.float64)), atol=1e-5)


def test_facenet_reads_the_published_layout_and_answers_as_its_own_class(models_folder, tmp_path):
    torch = pytest.importorskip("torch")
    package = pytest.importorskip("facenet_pytorch", reason="facenet-pytorch is not installed", exc_type=ImportError)
    torch.manual_seed(0)
    network = package.InceptionResnetV1(classify=True, num_classes=8631).eval()  # people of VGGFace2
    torch.save(network.state_dict(), models_folder / "20180402-114759-vggface2.pt")
    aligned = np.ascontiguousarray(data.astronaut()[70:182, 170:282])
    found = recogniser("facenet").embed(aligned)
    large = torch.nn.functional.interpolate(
        torch.from_numpy(aligned.astype(np.float32)).permute(2, 0, 1)[None], size=(160, 160), mode="bicubic"
    )
    network.classify = False
    with torch.no_grad():
        expected = network(package.fixed_image_standardization(large))[0].numpy()
    assert found.shape == (512,)
    assert float(found @ expected) > 0.999


def test_auto_takes_the_best_that_is_there_and_says_what_would_help(models_folder):
    with pytest.raises(HostError, match="pull sface"):  # a file is less than a package and a file
        recogniser()
    colour_finder(models_folder / "face_recognition_sface_2021dec.onnx", ("data", "fc1"), width=128, batch=1)
    assert recogniser().name == "SFace"
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed here")
    theirs = colour_finder(models_folder.parent / "insightface" / "models" / "buffalo_l" / "w600k_r50.onnx")
    assert find_arcface() == theirs
    assert recogniser().name == "ArcFace"


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda path: path.write_bytes(b"not a network"), "not a network"),
        (lambda path: path.write_bytes(b""), "not a network"),
        (lambda path: colour_finder(path, size=160), "112x112"),
    ],
)
def test_other_files_are_refused_by_name(models_folder, made, words):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed here")
    made(models_folder / "w600k_r50.onnx")
    with pytest.raises(HostError, match=r"w600k_r50\.onnx.*" + words):
        recogniser("arcface")


@pytest.mark.parametrize(
    "made",
    [
        lambda path: path.write_bytes(b"not a network"),
        lambda path: colour_finder(path, ("data", "fc1"), width=128, batch=1, factor=0.0),
        lambda path: colour_finder(path, ("data", "fc1"), width=128, batch=1, factor=np.nan),
    ],
)
def test_what_is_no_sface_is_refused_by_name(models_folder, made):
    made(models_folder / "face_recognition_sface_2021dec.onnx")
    with pytest.raises(HostError, match=r"face_recognition_sface_2021dec\.onnx"):
        recogniser("sface")


def test_no_direction_is_an_error_not_a_likeness(models_folder):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed here")
    colour_finder(models_folder / "w600k_r50.onnx", factor=0.0)
    with pytest.raises(WeightsError, match=r"w600k_r50\.onnx answers with no direction"):
        recogniser("arcface").embed(FACE)
