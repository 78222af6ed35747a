"""Captioners on tiny models of their own kind."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.errors import WeightsError
from facechain_ext.faces import read_picture
from facechain_ext.training_runs.captioners import TAGS, captioner
from facechain_ext.training_runs.pictures import caption_table, write_png

PICTURE = np.full((20, 30, 3), (200, 30, 30), np.uint8)


@pytest.fixture(scope="module")
def blip(tmp_path_factory):
    """A BLIP of two layers with random weights and a vocabulary of ten words."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("blip")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "red", "hat", "man", "sea"]
    (folder / "vocab.txt").write_text("\n".join(words))
    tokenizer = transformers.BertTokenizer(str(folder / "vocab.txt"))
    processor = transformers.BlipImageProcessor(size={"height": 16, "width": 16})
    transformers.BlipProcessor(processor, tokenizer).save_pretrained(folder)
    text = {"vocab_size": 10, "hidden_size": 8, "encoder_hidden_size": 8, "intermediate_size": 8, "bos_token_id": 5,
            "num_hidden_layers": 1, "num_attention_heads": 1, "eos_token_id": 3, "pad_token_id": 0, "sep_token_id": 3,
            "projection_dim": 8}  # fmt: skip
    vision = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
              "image_size": 16, "patch_size": 8}  # fmt: skip
    config = transformers.BlipConfig(text_config=text, vision_config=vision, projection_dim=8)
    transformers.BlipForConditionalGeneration(config).save_pretrained(folder)
    return folder


def test_blip_says_words_and_captions_new_pictures(blip, tmp_path):
    look = captioner(blip)
    words = look(PICTURE)
    assert words == look(PICTURE)
    write_png(tmp_path / "a.png", PICTURE)
    write_png(tmp_path / "b.png", PICTURE)
    (tmp_path / "b.txt").write_text("my own")
    rows = {row.file: row.caption for row in caption_table(tmp_path, "zwx", lambda _: "a red hat")}
    assert rows == {"a.png": "zwx, a red hat", "b.png": "zwx, my own"}


def test_a_tagger_names_the_surest_tags_first(tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    scale = helper.make_tensor("scale", kind, [3, 4], [0.002, 0, 0.001, 0.005] + [0.0] * 8)  # of blue
    nodes = [helper.make_node("ReduceMean", ["x"], ["m"], axes=[1, 2], keepdims=0),
             helper.make_node("MatMul", ["m", "scale"], ["y"])]  # fmt: skip
    x = helper.make_tensor_value_info("x", kind, [1, 8, 8, 3])
    y = helper.make_tensor_value_info("y", kind, [1, 4])
    graph = helper.make_graph(nodes, "g", [x], [y], [scale])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, str(tmp_path / "model.onnx"))
    (tmp_path / TAGS).write_text("tag_id,name,category\n1,blue_sky,0\n2,night,0\n3,sea,0\n4,somebody,4\n")
    blue = np.full((10, 10, 3), (0, 0, 255), np.uint8)
    assert captioner(tmp_path / "model.onnx")(blue) == "blue sky"  # 0.51; the sea has 0.26, names do not count


def test_what_is_no_captioner_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(WeightsError, match="neither a folder of a BLIP model"):
        captioner(tmp_path / "a.txt")
    with pytest.raises(WeightsError, match="holds no BLIP model"):
        captioner(tmp_path)


def test_a_written_picture_has_its_colours(tmp_path):
    write_png(tmp_path / "a.png", PICTURE)
    assert np.array_equal(read_picture(tmp_path / "a.png").pixels, PICTURE)
