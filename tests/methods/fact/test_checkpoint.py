"""Adapter files: the published layout, any size, and clear refusals."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file

from facechain_ext.errors import WeightsError
from facechain_ext.methods.fact import load_adapter, new_adapter, save_adapter
from facechain_ext.methods.fact.checkpoint import layout
from facechain_ext.methods.fact.model import SD15_CHANNELS, AdapterSizes
from tests import unets
from tests.methods.fact.conftest import make
from tests.methods.fact.reference import PARTS

SITE = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.processor."


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make(tmp_path_factory.mktemp("checkpoint"), unets.diffusers_unet())


def test_the_published_layout_has_the_published_counts():
    sizes = AdapterSizes()
    keys = layout(sizes)
    blocks = {key: shape for key, shape in keys.items() if "processor" in key}
    projector = {key: shape for key, shape in keys.items() if key.startswith("local_fac_prj.")}

    def count(part):
        return sum(torch.Size(shape).numel() for shape in part.values())

    assert (len(blocks), count(blocks)) == (17 * 16, 208_018_272)
    assert (len(projector), count(projector)) == (51, 47_492_352)
    assert [sizes.channels[part] for part in PARTS] == [SD15_CHANNELS[part] for part in PARTS]
    assert sorted(SD15_CHANNELS.values()) == [320] * 5 + [640] * 5 + [1280] * 6


@pytest.mark.parametrize("suffix", ["safetensors", "ckpt", "pt"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_every_kind_of_file_reads_the_same(made, tmp_path, suffix, dtype):
    _, state, _ = made
    path = tmp_path / f"adapter.{suffix}"
    typed = {key: value.to(dtype) for key, value in state.items()}
    save_file(typed, path) if suffix == "safetensors" else torch.save(typed, path)
    adapter = load_adapter(path)
    again = tmp_path / "again.safetensors"
    save_adapter(adapter, again)
    for key, value in load_file(again).items():
        assert torch.equal(value, typed[key].float()), key
    assert adapter.name == "adapter"


def test_the_same_training_has_the_same_digest_in_every_precision(made, tmp_path):
    _, state, path = made
    half = tmp_path / "half.safetensors"
    save_file({key: value.half() for key, value in state.items()}, half)
    assert load_adapter(half).digest == load_adapter(path).digest == load_adapter(path, dtype=torch.float16).digest
    other = dict(state)
    other[f"{SITE}alpha_attn"] = other[f"{SITE}alpha_attn"] + 0.1
    save_file(other, tmp_path / "other.safetensors")
    assert load_adapter(tmp_path / "other.safetensors").digest != load_adapter(path).digest


def test_a_copy_of_the_base_models_norm_is_ignored(made, tmp_path):
    _, state, path = made
    extra = {f"{part}.transformer_blocks.0.attn2.processor.ln.weight": torch.ones(3) for part in PARTS}
    save_file(state | extra, tmp_path / "with_ln.safetensors")
    assert load_adapter(tmp_path / "with_ln.safetensors").digest == load_adapter(path).digest


def without(key):
    return lambda state: state.pop(key)


def reshaped(key, shape):
    return lambda state: state.update({key: torch.zeros(shape)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without(f"{SITE}attn.to_k.weight"), f"{SITE}attn.to_k.weight is missing"),
        (without(f"{SITE}linear.weight"), f"{SITE}linear.weight is missing"),
        (without("local_fac_prj.latents"), "local_fac_prj.latents is missing"),
        (without("local_fac_prj.layers.1.1.3.weight"), "local_fac_prj.layers.1.1.3.weight is missing"),
        (reshaped(f"{SITE}extra", (2,)), f"{SITE}extra does not belong"),
        (reshaped(f"{SITE}norm1.weight", (7,)), f"{SITE}norm1.weight has shape"),
        (reshaped(f"{SITE}linear.weight", (7,)), f"{SITE}linear.weight has shape"),
        (reshaped("local_fac_prj.proj_out.bias", (1, 24)), "local_fac_prj.proj_out.bias has shape"),
        (lambda state: state.update({f"{SITE}alpha_attn": torch.tensor(float("nan"))}), "not a number"),
    ],
)
def test_the_first_wrong_key_is_named(made, tmp_path, change, message):
    _, state, _ = made
    wrong = dict(state)
    change(wrong)
    path = tmp_path / "wrong.safetensors"
    save_file(wrong, path)
    with pytest.raises(WeightsError, match=message.replace(".", r"\.")) as refusal:
        load_adapter(path)
    assert "wrong.safetensors" in str(refusal.value)


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        (["lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight"], "a LoRA"),
        (["model.diffusion_model.input_blocks.0.0.weight"], "a checkpoint of an unknown U-Net"),
        (
            ["conditioner.embedders.0.transformer.x", "model.diffusion_model.out.0.weight"],
            "Stable Diffusion XL",
        ),
        (["senet.0.weight", "patch_embed.proj.weight"], r"a face encoder \(TransFace\)"),
    ],
)
def test_other_files_are_named_for_what_they_are(tmp_path, keys, kind):
    path = tmp_path / "other.safetensors"
    save_file({key: torch.zeros(1) for key in keys}, path)
    with pytest.raises(WeightsError, match=kind):
        load_adapter(path)


def test_nothing_is_overwritten_and_nothing_half_written(made, tmp_path):
    adapter, _, _ = made
    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"precious")
    with pytest.raises(WeightsError, match="not overwritten"):
        save_adapter(adapter, path)
    assert path.read_bytes() == b"precious"
    assert [file.name for file in tmp_path.iterdir()] == ["mine.safetensors"]


def test_an_untrained_adapter_adds_nothing(tmp_path):
    unet = unets.diffusers_unet()
    adapter = new_adapter(unet)
    x = torch.randn(2, 16, 16)
    block = adapter.block("down_blocks.0.attentions.0")
    keys = block.face_keys(torch.randn(2, 4, unets.CONTEXT))
    assert not block.increment(x, keys, 2, block.gates(0.5)).any()


@pytest.mark.parametrize(
    ("change", "message"), [(lambda v: v * torch.nan, "not finite"), (lambda v: v.to(torch.int8), "int8")]
)
@pytest.mark.parametrize("key", [f"{SITE}ff.net.2.weight", "local_fac_prj.norm_out.weight"])
def test_wrong_contents_of_an_adapter_name_the_file_and_the_key(made, tmp_path, change, message, key):
    _, state, _ = made
    path = tmp_path / "adapter.safetensors"
    save_file(state | {key: change(state[key])}, path)
    with pytest.raises(WeightsError, match=message) as caught:
        load_adapter(path)
    assert str(caught.value).startswith("adapter.safetensors")
    assert key in str(caught.value)
