"""Likeness is scored by another network than the one that put the face in, where there is one; the score names it.

The second network is a real ONNX file made here that tells faces apart by the colour of their parts.
"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from skimage import data

from facechain_ext.errors import WeightsError
from facechain_ext.identity import Identity
from facechain_ext.identity.likeness_scorer import EncoderScorer, RecogniserScorer, choose_scorer

onnx = pytest.importorskip("onnx", reason="onnx is not installed here")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed here")
TensorProto, helper = onnx.TensorProto, onnx.helper


PHOTO = Image.fromarray(data.astronaut())
GREY = Image.new("RGB", PHOTO.size, "grey")


pytestmark = pytest.mark.usefixtures("models_folder")


@pytest.fixture(scope="module")
def person(encoder):
    return Identity.from_photos(PHOTO, encoder, name="Eileen")


@pytest.fixture
def second(models_folder):
    """A recognition network: the mean colour of each of 8x8 parts of the face."""
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", ["input.1"], ["parts"], kernel_shape=[14, 14], strides=[14, 14]),
            helper.make_node("Flatten", ["parts"], ["683"], axis=1),
        ],
        "parts",
        [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [None, 3, 112, 112])],
        [helper.make_tensor_value_info("683", TensorProto.FLOAT, [1, 192])],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=7),
        models_folder / "w600k_r50.onnx",
    )


def never():
    raise AssertionError("the encoder that puts the face in was asked")


def test_a_second_network_scores_and_names_itself(second, person):
    scorer = choose_scorer(never)
    assert isinstance(scorer, RecogniserScorer)
    same = scorer.likeness(PHOTO, person)
    assert (same.encoder, same.independent, same.source) == ("ArcFace", True, "ArcFace")
    assert same.cosine > 0.999
    dimmed = scorer.likeness(ImageEnhance.Brightness(PHOTO).enhance(0.4), person)
    assert dimmed.cosine < same.cosine - 0.01
    assert scorer.likeness(GREY, person) is None


def test_photos_count_by_their_weights(second, encoder):
    photos = [np.asarray(PHOTO), np.asarray(ImageEnhance.Brightness(PHOTO).enhance(0.4))]
    alone = Identity.from_photos(photos[0], encoder)
    scorer = choose_scorer(never)

    def likeness(weights):
        return scorer.likeness(PHOTO, Identity.from_photos(photos, encoder, weights=weights)).cosine

    assert likeness((1, 0)) == pytest.approx(scorer.likeness(PHOTO, alone).cosine, abs=1e-6)
    assert likeness((1, 0)) > likeness((1, 1)) > likeness((0, 1))


def test_a_mix_of_people_lies_between_them(second, person, encoder):
    dim = Identity.from_photos(np.asarray(ImageEnhance.Brightness(PHOTO).enhance(0.4)), encoder)
    scorer = choose_scorer(never)
    cosines = [
        scorer.likeness(PHOTO, Identity.mix([(person, share), (dim, 1 - share)])).cosine for share in (1, 0.7, 0.3, 0)
    ]
    assert cosines == sorted(cosines, reverse=True)
    assert cosines[0] > 0.999
    assert cosines[-1] == pytest.approx(scorer.likeness(PHOTO, dim).cosine, abs=1e-6)


def test_without_a_second_network_the_encoder_scores_and_names_itself(person, encoder):
    scorer = choose_scorer(lambda: encoder)
    assert isinstance(scorer, EncoderScorer)
    found = scorer.likeness(PHOTO, person)
    assert found.cosine == pytest.approx(1, abs=1e-4)
    assert found.source == "TransFace, which also put the face in"


def test_without_any_network_the_error_is_the_encoders():
    def missing():
        raise WeightsError("The encoder is missing.")

    with pytest.raises(WeightsError, match="The encoder is missing"):
        choose_scorer(missing)
