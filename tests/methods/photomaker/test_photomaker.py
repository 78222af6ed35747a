"""PhotoMaker against its paper written again, and its files."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.faces.crop import head_and_shoulders
from facechain_ext.methods.photomaker import (
    PhotoMakerSizes,
    clip_pixels,
    expand_class_token,
    kohya_lora,
    load_photomaker,
    new_photomaker,
)
from facechain_ext.methods.photomaker.clip_vision import ClipVision, VisionSizes
from facechain_ext.methods.photomaker.model import QFormerSizes
from tests.methods.photomaker import reference

VISION = VisionSizes(width=128, depth=2, hidden=192, patch=4, patches=16)
SIZES = {
    1: PhotoMakerSizes(VISION, text=(96, 160)),
    2: PhotoMakerSizes(VISION, text=(96, 160), qformer=QFormerSizes(face=24, token_hidden=48, depth=2, hidden=64)),
}
PUBLISHED = PhotoMakerSizes(qformer=QFormerSizes())


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def model(request):
    torch.manual_seed(request.param)
    model = new_photomaker(SIZES[request.param])
    for parameter in model.parameters():  # LayerNorms begin as ones and zeros, which would hide a mistake
        parameter.data.add_(0.1 * torch.randn_like(parameter))
    return model


@pytest.fixture
def faces(model):
    return (lambda n: 5 * torch.randn(n, 24)) if model.version == 2 else (lambda _n: None)


def saved(model, path, *, wrap=True):
    """The file of a model, with the keys of the published one."""
    names = {
        "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight": torch.ones(4, 8),
        "unet.mid_block.attentions.0.transformer_blocks.9.attn2.processor.to_out_lora.up.weight": torch.ones(8, 4),
    }
    encoder = {key: value.clone() for key, value in model.state_dict().items()}
    if wrap:
        torch.save({"id_encoder": encoder, "lora_weights": names}, path)
    else:
        flat = {f"id_encoder.{k}": v for k, v in encoder.items()} | {f"lora_weights.{k}": v for k, v in names.items()}
        save_file(flat, path)
    return path


@pytest.mark.parametrize("photos", [1, 3])
@pytest.mark.parametrize("first", ["start", "middle", "end"])
def test_equals_the_published_formulas(model, faces, photos, first):
    copies = photos * model.tokens_per_photo
    start = {"start": 1, "middle": 30, "end": 76 - copies}[first]
    mask = torch.zeros(1, 77, dtype=torch.bool)
    mask[0, start : start + copies] = True
    pixels, prompt, seen = torch.randn(photos, 3, 16, 16), torch.randn(1, 77, 256), faces(photos)
    with torch.no_grad():
        ours = model.embed(pixels, prompt, mask, faces=seen)
        theirs = reference.embed(model.state_dict(), pixels, prompt, mask, seen)
    assert (ours - theirs).norm() / theirs.norm() < 1e-5
    assert torch.equal(ours[~mask], prompt[~mask])
    assert not torch.equal(ours[mask], prompt[mask])


def test_the_class_word_may_stand_twice(model, faces):
    mask = torch.zeros(1, 77, dtype=torch.bool)
    mask[0, [4, 50, 51, 52][: 2 * model.tokens_per_photo]] = True
    pixels, prompt, seen = torch.randn(2, 3, 16, 16), torch.randn(1, 77, 256), faces(2)
    with torch.no_grad():
        ours = model.embed(pixels, prompt, mask, faces=seen)
        theirs = reference.embed(model.state_dict(), pixels, prompt, mask, seen)
    assert (ours - theirs).norm() / theirs.norm() < 1e-5


def test_the_vision_transformer_is_that_of_transformers():
    transformers = pytest.importorskip("transformers", reason="transformers is not installed here")
    config = transformers.CLIPVisionConfig(
        *(128, 192),
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=16,
        patch_size=4,
        hidden_act="quick_gelu",
    )
    theirs = transformers.CLIPVisionModel(config).eval()
    state = {key.removeprefix("vision_model."): value for key, value in theirs.state_dict().items()}
    ours = ClipVision(VISION)
    ours.load_state_dict({key: value for key, value in state.items() if "position_ids" not in key})
    pixels = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        hidden, pooled = ours(pixels)
        expected = theirs(pixels)
    torch.testing.assert_close(hidden, expected.last_hidden_state, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(pooled, expected.pooler_output, rtol=1e-4, atol=1e-5)


def test_the_default_sizes_are_the_published_ones():
    with torch.device("meta"):
        state = new_photomaker(PUBLISHED).state_dict()
    shapes = {key: tuple(value.shape) for key, value in state.items()}
    assert shapes["vision_model.embeddings.position_embedding.weight"] == (257, 1024)
    assert shapes["vision_model.embeddings.patch_embedding.weight"] == (1024, 3, 14, 14)
    assert shapes["vision_model.encoder.layers.23.mlp.fc1.weight"] == (4096, 1024)
    assert shapes["visual_projection.weight"] == (768, 1024)
    assert shapes["visual_projection_2.weight"] == (1280, 1024)
    assert shapes["fuse_module.mlp1.layernorm.weight"] == (4096,)
    assert shapes["fuse_module.mlp1.fc1.weight"] == (2048, 4096)
    assert shapes["fuse_module.mlp2.fc2.weight"] == (2048, 2048)
    assert shapes["qformer_perceiver.token_proj.0.weight"] == (2048, 512)
    assert shapes["qformer_perceiver.token_proj.2.weight"] == (4096, 2048)
    assert shapes["qformer_perceiver.perceiver_resampler.proj_in.weight"] == (2048, 1024)
    assert shapes["qformer_perceiver.perceiver_resampler.layers.3.0.to_kv.weight"] == (4096, 2048)
    assert shapes["qformer_perceiver.perceiver_resampler.layers.3.1.1.weight"] == (8192, 2048)


@pytest.mark.parametrize("wrap", [True, False], ids=["bin", "safetensors"])
def test_a_file_comes_back_as_it_was(model, tmp_path, wrap):
    path = saved(model, tmp_path / ("photomaker.bin" if wrap else "photomaker.safetensors"), wrap=wrap)
    read = load_photomaker(path)
    assert read.version == model.version
    assert read.sizes == model.sizes
    assert all(torch.equal(value, read.state_dict()[key]) for key, value in model.state_dict().items())
    assert len(read.lora) == 2
    assert len(read.digest) == 12


def test_position_ids_of_some_releases_are_passed_over(model, tmp_path):
    state = {f"id_encoder.{key}": value.clone() for key, value in model.state_dict().items()}
    state["id_encoder.vision_model.embeddings.position_ids"] = torch.arange(17)[None]
    save_file(state, tmp_path / "with_ids.safetensors")
    assert load_photomaker(tmp_path / "with_ids.safetensors").version == model.version


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("id_encoder.fuse_module.layer_norm.weight"), "fuse_module.layer_norm.weight is missing"),
        (lambda s: s.update({"id_encoder.extra": torch.ones(1)}), "extra does not belong there"),
        (lambda s: s.update({"other.weight": torch.ones(1)}), "other.weight|does not belong there"),
        (
            lambda s: s["id_encoder.visual_projection.weight"].fill_(float("nan")),
            "projection.weight.*not finite",
        ),
        (
            lambda s: s.update({"id_encoder.fuse_module.mlp1.fc1.bias": torch.ones(3)}),
            "fuse_module.mlp1.fc1.bias has shape",
        ),
        (lambda s: s.clear() or s.update({"lora_unet_x.lora_down.weight": torch.ones(1)}), "looks like a LoRA"),
    ],
    ids=["missing", "stranger inside", "stranger beside", "nan", "shape", "a LoRA"],
)
def test_wrong_files_are_refused_by_name(model, tmp_path, change, message):
    state = {f"id_encoder.{key}": value.clone() for key, value in model.state_dict().items()}
    change(state)
    save_file(state, tmp_path / "wrong.safetensors")
    with pytest.raises(WeightsError, match=message) as caught:
        load_photomaker(tmp_path / "wrong.safetensors")
    assert "wrong.safetensors" in str(caught.value)


def test_copies_and_photos_have_to_match(model, faces):
    mask = torch.zeros(1, 77, dtype=torch.bool)
    mask[0, 3] = True
    with pytest.raises(InputError, match="1 copies of the class word for"):
        model.embed(torch.randn(3, 3, 16, 16), torch.randn(1, 77, 256), mask, faces=faces(3))


def test_version_2_needs_a_face_for_each_photo():
    model = new_photomaker(SIZES[2])
    for seen, there in ((None, "none"), (torch.randn(1, 24), "1")):
        with pytest.raises(InputError, match=f"2 photos, there are {there}"):
            model.id_embeds(torch.randn(2, 3, 16, 16), seen)


@given(st.lists(st.integers(0, 49405), min_size=1, max_size=80), st.data(), st.integers(1, 8))
def test_expanding_repeats_the_class_word_and_nothing_else(ids, data, copies):
    index = data.draw(st.integers(0, len(ids) - 1))
    if index + copies > 75:
        with pytest.raises(InputError, match="do not fit"):
            expand_class_token(ids, index, copies)
        return
    found = expand_class_token(ids, index, copies)
    expected = ids[:index] + copies * [ids[index]] + ids[index + 1 :]
    assert list(found.ids) == expected[:75]
    assert [n for n, marked in enumerate(found.class_tokens) if marked] == list(range(index, index + copies))


def test_the_lora_gets_the_names_of_a_webui(model, tmp_path):
    named = kohya_lora(load_photomaker(saved(model, tmp_path / "p.bin")).lora, source="p.bin")
    assert set(named) == {
        "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q.lora_down.weight",
        "lora_unet_mid_block_attentions_0_transformer_blocks_9_attn2_to_out_0.lora_up.weight",
    }
    with pytest.raises(WeightsError, match=r"the key text\.x is not known"):
        kohya_lora({"text.x": torch.ones(1)}, source="p.bin")


@pytest.mark.parametrize("size", [(224, 224), (300, 500), (640, 400), (100, 60)])
def test_pixels_are_those_of_the_image_processor(size):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed here")
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    processor = transformers.CLIPImageProcessor()
    expected = processor(picture, return_tensors="pt").pixel_values[0]
    torch.testing.assert_close(clip_pixels(picture), expected, rtol=0, atol=2e-2)


def test_head_and_shoulders_hold_the_face_in_their_upper_half():
    picture = np.zeros((200, 100, 3), np.uint8)
    picture[60:100, 30:70] = 255
    crop = head_and_shoulders(picture, (30, 60, 70, 100))
    assert crop.shape == (120, 120, 3)
    rows, columns = np.nonzero(crop[..., 0])
    assert (rows.min(), rows.max()) == (30, 69)
    assert (columns.min(), columns.max()) == (40, 79)
