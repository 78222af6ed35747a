"""SCRFD's decoding with an ONNX file made here: its answers are known by hand, file and runtime are real."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.errors import WeightsError
from facechain_ext.faces.detect.scrfd import ScrfdDetector

onnx = pytest.importorskip("onnx", reason="onnx is not installed here")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed here")
TensorProto, helper, numpy_helper = onnx.TensorProto, onnx.helper, onnx.numpy_helper


STRIDES = (8, 16, 32)
BOX = (2.0, 1.0, 2.0, 3.0)  # left, top, right, bottom, in strides
POINTS = (-0.5, 0, 0.5, 0, 0, 0.5, -0.4, 1, 0.4, 1)


def red_finder(path, *, batch_axis: bool, anchors: int = 2, outputs=(1, 4, 10)) -> None:
    """A network of SCRFD's form that sees a face of stride 16 at every anchor on red, and nothing else."""
    nodes, constants, results = [], [], []

    def constant(name, values):
        constants.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    constants.append(numpy_helper.from_array(np.array([1, -1, 1] if batch_axis else [-1, 1], np.int64), "shape1"))
    for width in (4, 10):
        shape = [1, -1, width] if batch_axis else [-1, width]
        constants.append(numpy_helper.from_array(np.array(shape, np.int64), f"shape{width}"))
    for stride in STRIDES:
        tag = f"s{stride}"
        nodes.append(
            helper.make_node("MaxPool", ["image"], [f"{tag}pool"], kernel_shape=[1, 1], strides=[stride, stride])
        )
        # red minus green, 2 where pure red: the sigmoid opens there, on stride 16 only
        weight = np.zeros((anchors, 3, 1, 1))
        weight[0, 0], weight[0, 1] = 10, -10
        bias = np.full(anchors, -10.0 if stride == 16 else -100.0)
        if anchors > 1:
            bias[1:] = -100
        nodes += [
            helper.make_node(
                "Conv", [f"{tag}pool", constant(f"{tag}w", weight), constant(f"{tag}b", bias)], [f"{tag}c"]
            ),
            helper.make_node("Sigmoid", [f"{tag}c"], [f"{tag}p"]),
            helper.make_node("Transpose", [f"{tag}p"], [f"{tag}t"], perm=[0, 2, 3, 1]),
            helper.make_node("Reshape", [f"{tag}t", "shape1"], [f"score{stride}"]),
        ]
        for width, values in ((4, BOX), (10, POINTS)):
            name = f"{tag}r{width}"
            flat = np.zeros((anchors * width, 3, 1, 1))
            nodes += [
                helper.make_node(
                    "Conv",
                    [f"{tag}pool", constant(f"{name}w", flat), constant(f"{name}b", np.tile(values, anchors))],
                    [f"{name}c"],
                ),
                helper.make_node("Transpose", [f"{name}c"], [f"{name}t"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"{name}t", f"shape{width}"], [f"out{width}_{stride}"]),
            ]
    for width in outputs:
        results += [f"score{stride}" if width == 1 else f"out{width}_{stride}" for stride in STRIDES]
    graph = helper.make_graph(
        nodes,
        "red",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, (["b"] if batch_axis else []) + ["n", "k"])
            for name in results
        ],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


@pytest.mark.parametrize("batch_axis", [False, True], ids=["plain", "with batch axis"])
@pytest.mark.parametrize("anchors", [1, 2])
@pytest.mark.parametrize(("width", "height"), [(640, 640), (1280, 960), (320, 640)])
def test_boxes_and_landmarks_lie_where_the_anchors_say(tmp_path, batch_axis, anchors, width, height):
    path = tmp_path / "red.onnx"
    red_finder(path, batch_axis=batch_axis, anchors=anchors)
    scale = max(width, height) / 640
    picture = np.zeros((height, width, 3), np.uint8)
    # red around the anchor at (160, 240) of the network's input, and around no other
    left, top, side = round(154 * scale), round(234 * scale), round(12 * scale)
    picture[top : top + side, left : left + side, 0] = 255
    (face,) = ScrfdDetector(path).detect(picture)
    assert face.score > 0.99
    assert np.allclose(face.box, np.array([160 - 32, 240 - 16, 160 + 32, 240 + 48]) * scale, atol=0.01)
    expected = (np.array(POINTS).reshape(5, 2) * 16 + (160, 240) + 0.5) * scale - 0.5
    assert np.allclose(face.landmarks, expected, atol=0.01)


def test_nothing_in_an_empty_picture(tmp_path):
    red_finder(tmp_path / "red.onnx", batch_axis=True)
    assert ScrfdDetector(tmp_path / "red.onnx").detect(np.zeros((300, 400, 3), np.uint8)) == []


def test_other_files_are_refused(tmp_path):
    red_finder(tmp_path / "no-landmarks.onnx", batch_axis=True, outputs=(1, 4))
    with pytest.raises(WeightsError, match=r"no-landmarks.onnx does not answer like an SCRFD"):
        ScrfdDetector(tmp_path / "no-landmarks.onnx").detect(np.zeros((64, 64, 3), np.uint8))
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(WeightsError, match=r"text.onnx"):
        ScrfdDetector(tmp_path / "text.onnx")
