"""The encoder and the projector equal their formulas; files of any size read, others are refused."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from facechain_ext.errors import WeightsError
from facechain_ext.identity import TransFace, TransFaceSizes
from facechain_ext.identity.projector import Projector, ProjectorSizes
from tests.identity import reference

IMAGES = torch.rand(3, 3, 112, 112, generator=torch.Generator().manual_seed(5)) * 2 - 1


def test_equals_the_formula(encoder, encoder_state):
    tokens, embedding = encoder(IMAGES)
    expected_tokens, expected_embedding = reference.transface(IMAGES, encoder_state)
    assert tokens.shape == (3, 144, 128)
    assert embedding.shape == (3, 32)
    assert torch.allclose(tokens, expected_tokens, atol=1e-5)
    assert torch.allclose(embedding, expected_embedding, atol=1e-4, rtol=1e-4)
    assert not tokens.requires_grad


@pytest.mark.parametrize(
    "sizes",
    [
        ProjectorSizes(face_width=20, width=64, inner=128, depth=2, queries=5, hidden=96, token_width=24),
        ProjectorSizes(face_width=16, width=48, inner=40, depth=1, queries=3, hidden=32, token_width=8),
    ],
)
def test_the_projector_equals_the_formula(sizes):
    torch.manual_seed(2)
    projector = Projector(sizes)
    face = torch.randn(2, 144, sizes.face_width)
    heads = max(sizes.inner // 64, 1)
    expected = reference.projector(face, projector.state_dict(), heads)
    with torch.no_grad():
        assert torch.allclose(projector(face), expected, atol=1e-5)
    assert ProjectorSizes.of(projector.state_dict(), what="a projector", source="test") == sizes
    assert {k: tuple(v.shape) for k, v in projector.state_dict().items()} == sizes.layout()


def test_the_published_sizes():
    layout = TransFaceSizes().layout()
    counted = {key: shape for key, shape in layout.items() if not key.endswith("num_batches_tracked")}
    assert len(layout) == 152
    assert layout["senet.0.weight"] == (144, 73728)
    assert layout["feature.0.weight"] == (512, 73728)
    assert layout["blocks.11.attn.qkv.weight"] == (1536, 512)
    assert layout["pos_embed"] == (1, 144, 512)
    assert round(sum(torch.Size(shape).numel() for shape in counted.values()) / 1e6, 1) == 86.7


def test_safetensors_and_pickles_read_the_same(encoder, encoder_state, tmp_path):
    path = tmp_path / "small.safetensors"
    save_file(encoder_state, path)
    other = TransFace.from_file(path)
    assert other.digest == encoder.digest
    assert torch.equal(other(IMAGES)[1], encoder(IMAGES)[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("blocks.1.mlp.fc2.bias"), "blocks.1.mlp.fc2.bias is missing"),
        (lambda s: s.pop("patch_embed.proj.weight"), "patch_embed.proj.weight is missing"),
        (lambda s: s.update({"head.weight": torch.zeros(2)}), "head.weight does not belong"),
        (lambda s: s.update({"senet.2.weight": torch.zeros(2, 2)}), "senet.2.weight has shape"),
    ],
)
def test_the_first_wrong_key_is_named(encoder_state, tmp_path, change, message):
    state = dict(encoder_state)
    change(state)
    path = tmp_path / "wrong.safetensors"
    save_file(state, path)
    with pytest.raises(WeightsError, match=message.replace(".", r"\.")):
        TransFace.from_file(path)
