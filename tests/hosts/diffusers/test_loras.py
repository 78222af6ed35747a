"""LoRAs against a merge by hand: W + strength * alpha / rank * up @ down, for every kind of name and layer."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from facechain_ext.errors import HostError, InputError, WeightsError
from facechain_ext.hosts.diffusers import DiffusersHost
from facechain_ext.hosts.diffusers.loras import apply_loras
from facechain_ext.recipes.job import Job, Lora
from tests.hosts.diffusers.lora_factors import BLOCK, TE, factors, kohya, layer_of

NAMES = {
    "kohya": (f"{kohya(BLOCK)}_attn1_to_q", "lora_down.weight", "lora_up.weight", ".alpha"),
    "kohya with the names of ldm": (
        "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q", "lora_down.weight", "lora_up.weight", ".alpha",
    ),
    "diffusers": (f"unet.{BLOCK}.attn1.to_q", "lora.down.weight", "lora.up.weight", ".alpha"),
    "diffusers with lora_A": (f"unet.{BLOCK}.attn1.to_q", "lora_A.weight", "lora_B.weight", ".alpha"),
    "processors of old diffusers": (
        f"unet.{BLOCK}.attn1.processor.to_q_lora", "down.weight", "up.weight", ".alpha",
    ),
    "PEFT": (f"base_model.model.{BLOCK}.attn1.to_q", "lora_A.weight", "lora_B.weight", ".alpha"),
    "PEFT in memory": (f"{BLOCK}.attn1.to_q", "lora_A.default.weight", "lora_B.default.weight", ".alpha"),
    "ComfyUI": (
        "diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q",
        "lora_down.weight", "lora_up.weight", ".alpha",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", NAMES)
def test_every_kind_of_name_reaches_its_layer(host, tmp_path, kind):
    module = layer_of(host.checkpoint, "unet", f"{BLOCK}.attn1.to_q")
    before = module.weight.clone()
    down, up = factors(module, 4)
    name, lower, upper, alpha = NAMES[kind]
    save_file(
        {f"{name}.{lower}": down, f"{name}.{upper}": up, f"{name}{alpha}": torch.tensor(2.0)},
        tmp_path / "a.safetensors",
    )
    with apply_loras(host.checkpoint, [Lora(tmp_path / "a.safetensors", 0.7)]):
        assert torch.allclose(module.weight, before + 0.7 * 2 / 4 * up @ down, atol=1e-6)
    assert torch.equal(module.weight, before)


def test_ranks_and_alphas_of_each_layer_are_its_own(host, tmp_path):
    wanted, state = {}, {}
    paths = [
        f"{BLOCK}.attn1.to_q",
        f"{BLOCK}.attn1.to_out.0",
        f"{BLOCK}.ff.net.0.proj",
        "down_blocks.0.attentions.0.proj_in",
        "down_blocks.0.resnets.0.conv1",
    ]
    for number, (path, rank, alpha) in enumerate(zip(paths, (1, 2, 4, 8, 3), (1.0, 8.0, None, 2.0, 5.0), strict=True)):
        module = layer_of(host.checkpoint, "unet", path)
        down, up = factors(module, rank, number, kernel=path.endswith("conv1"))
        state |= {f"{kohya(path)}.lora_down.weight": down, f"{kohya(path)}.lora_up.weight": up}
        state |= {f"{kohya(path)}.alpha": torch.tensor(alpha)} if alpha is not None else {}
        delta = (up.flatten(1) @ down.flatten(1)).reshape(module.weight.shape)
        wanted[path] = module.weight + (alpha / rank if alpha is not None else 1.0) * delta
    save_file(state, tmp_path / "a.safetensors")
    with apply_loras(host.checkpoint, [Lora(tmp_path / "a.safetensors", 1.0)]):
        for path, value in wanted.items():
            assert torch.allclose(layer_of(host.checkpoint, "unet", path).weight, value, atol=1e-6), path


ALPHAS = {
    "of diffusers": ({"lora_adapter_metadata": json.dumps({"unet.r": 8, "unet.lora_alpha": 2})}, 2 / 8),
    "of one layer": (
        {"lora_adapter_metadata": json.dumps({"unet.lora_alpha": 2, "unet.alpha_pattern": {"attn1.to_q": 6}})}, 6 / 8,
    ),
    "rank-stabilised": (
        {"lora_adapter_metadata": json.dumps({"unet.lora_alpha": 2, "unet.use_rslora": True})}, 2 / 8**0.5,
    ),
    "of another part": ({"lora_adapter_metadata": json.dumps({"text_encoder.lora_alpha": 2})}, 1.0),
    "of kohya": ({"ss_network_alpha": "4", "ss_network_dim": "8"}, 4 / 8),
    "by itself": ({"lora_alpha": "2.0"}, 2 / 8),
    "by the name alpha": ({"alpha": "1e0"}, 1 / 8),
    "of PEFT for all parts": ({"lora_adapter_metadata": json.dumps({"lora_alpha": 2.0})}, 2 / 8),
    "of PEFT's configuration": ({"adapter_config": json.dumps({"r": 8, "lora_alpha": 2})}, 2 / 8),
    "of an object for each part": ({"lora_adapter_metadata": json.dumps({"unet": {"lora_alpha": "2"}})}, 2 / 8),
    "that is no number": ({"ss_network_alpha": "None", "lora_adapter_metadata": "[" * 20_000}, 1.0),
    "none": (None, 1.0),
}  # fmt: skip


@pytest.mark.parametrize("kind", ALPHAS)
def test_an_alpha_in_the_metadata_counts(host, tmp_path, kind):
    metadata, scale = ALPHAS[kind]
    module = layer_of(host.checkpoint, "unet", f"{BLOCK}.attn1.to_q")
    down, up = factors(module, 8)
    name = f"unet.{BLOCK}.attn1.to_q"
    save_file(
        {f"{name}.lora_A.weight": down, f"{name}.lora_B.weight": up}, tmp_path / "a.safetensors", metadata=metadata
    )
    before = module.weight.clone()
    with apply_loras(host.checkpoint, [Lora(tmp_path / "a.safetensors", 1.0)]):
        assert torch.allclose(module.weight, before + scale * up @ down, atol=1e-6)


def test_the_alpha_of_peft_stands_in_a_file_beside(host, tmp_path):
    module = layer_of(host.checkpoint, "unet", f"{BLOCK}.attn1.to_q")
    down, up = factors(module, 8)
    name = f"base_model.model.{BLOCK}.attn1.to_q"
    save_file({f"{name}.lora_A.weight": down, f"{name}.lora_B.weight": up}, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 8, "lora_alpha": 16}))
    before = module.weight.clone()
    with apply_loras(host.checkpoint, [Lora(tmp_path / "adapter_model.safetensors", 1.0)]):
        assert torch.allclose(module.weight, before + 2 * up @ down, atol=1e-6)


@pytest.mark.parametrize("prefix", ["lora_te_text_model_", "text_encoder.text_model.", "text_encoder."])
def test_a_text_encoder_with_query_and_value_alone(host, tmp_path, prefix):
    state, wanted = {}, {}
    for part in ("q_proj", "v_proj"):
        module = layer_of(host.checkpoint, "text_encoder", f"{TE}.{part}")
        down, up = factors(module, 4)
        path = f"{TE}.{part}".replace(".", "_") if prefix.endswith("_") else f"{TE}.{part}"
        lower, upper = ("lora_down", "lora_up") if prefix.endswith("_") else ("lora_A", "lora_B")
        state |= {f"{prefix}{path}.{lower}.weight": down, f"{prefix}{path}.{upper}.weight": up}
        wanted[part] = module.weight + up @ down
    save_file(state, tmp_path / "a.safetensors")
    with apply_loras(host.checkpoint, [Lora(tmp_path / "a.safetensors", 1.0)]):
        for part, value in wanted.items():
            assert torch.allclose(layer_of(host.checkpoint, "text_encoder", f"{TE}.{part}").weight, value, atol=1e-6)


def test_several_loras_add_up_and_a_failure_leaves_nothing(host, tmp_path):
    module = layer_of(host.checkpoint, "unet", f"{BLOCK}.attn1.to_q")
    before, deltas, files = module.weight.clone(), [], []
    for number in range(2):
        down, up = factors(module, 4, number)
        files.append(tmp_path / f"{number}.safetensors")
        save_file(
            {f"{kohya(BLOCK)}_attn1_to_q.lora_down.weight": down, f"{kohya(BLOCK)}_attn1_to_q.lora_up.weight": up},
            files[-1],
        )
        deltas.append(up @ down)
    with apply_loras(host.checkpoint, [Lora(files[0], 1.0), Lora(files[1], -0.5)]):
        assert torch.allclose(module.weight, before + deltas[0] - 0.5 * deltas[1], atol=1e-6)
    save_file(
        {"lora_unet_nowhere.lora_down.weight": down, "lora_unet_nowhere.lora_up.weight": up},
        tmp_path / "bad.safetensors",
    )
    with (
        pytest.raises(HostError, match="lora_unet_nowhere"),
        apply_loras(host.checkpoint, [Lora(files[0]), Lora(tmp_path / "bad.safetensors")]),
    ):
        pass
    assert torch.equal(module.weight, before)


Q = f"{kohya(BLOCK)}_attn1_to_q"


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (
            {"bundle_emb.face.string_to_param.*": torch.zeros(1)},
            HostError,
            ["bundle_emb", "textual inversion", "webui"],
        ),
        ({f"{Q}.oft_blocks": torch.zeros(1)}, HostError, ["oft_blocks", "OFT"]),
        ({f"{Q}.on_input": torch.zeros(1)}, HostError, ["on_input", "IA3"]),
        ({f"{Q}.strange": torch.zeros(1)}, HostError, [f"{Q}.strange"]),
        ({"lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": torch.zeros(1, 1)}, HostError, ["XL"]),
        ({f"{Q}.lora_down.weight": torch.zeros(4, 7)}, HostError, [Q, "Stable Diffusion 1.5"]),
        ({f"{Q}.lora_up.weight": None}, WeightsError, [Q, "lacks up"]),
        ({f"{Q}.lora_down.weight": "nan"}, WeightsError, [Q, "not finite"]),
        ({f"{Q}.dora_scale": torch.zeros(3)}, HostError, [Q]),
        ({f"{Q}.diff_b": torch.zeros(64)}, HostError, [Q, "bias"]),
    ],
)
def test_what_cannot_be_used_is_named_with_the_right_advice(host, tmp_path, change, error, words):
    module = layer_of(host.checkpoint, "unet", f"{BLOCK}.attn1.to_q")
    down, up = factors(module, 4)
    state = {f"{Q}.lora_down.weight": down, f"{Q}.lora_up.weight": up}
    for key, value in change.items():
        if value is None:
            del state[key]
        else:
            state[key] = torch.full_like(down, torch.nan) if isinstance(value, str) else value
    save_file(state, tmp_path / "style.safetensors")
    with pytest.raises(error) as caught, apply_loras(host.checkpoint, [Lora(tmp_path / "style.safetensors")]):
        pass
    for word in ["style.safetensors", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), 1e41])
def test_a_weight_that_leads_nowhere_is_one_sentence(host, tmp_path, weight):
    down, up = factors(layer_of(host.checkpoint, "unet", f"{BLOCK}.attn1.to_q"), 4)
    save_file({f"{Q}.lora_down.weight": down, f"{Q}.lora_up.weight": up}, tmp_path / "a.safetensors")
    with (
        pytest.raises((InputError, WeightsError), match="weight"),
        apply_loras(host.checkpoint, [Lora(tmp_path / "a.safetensors", weight)]),
    ):
        pass


def test_the_picture_is_that_of_a_checkpoint_merged_by_hand(host, models, tmp_path):
    """A random LoRA on every attention; the merge works on the single file, under the names of ldm."""
    checkpoint, state = load_file(models.checkpoint), {}
    generator = torch.Generator().manual_seed(5)
    for key, weight in checkpoint.items():
        if key.startswith("model.diffusion_model.") and key.endswith(("attn1.to_q.weight", "attn2.to_v.weight")):
            name = "lora_unet_" + key.removeprefix("model.diffusion_model.").removesuffix(".weight").replace(".", "_")
            down = torch.randn(8, weight.shape[1], generator=generator) * 0.3
            up = torch.randn(weight.shape[0], 8, generator=generator) * 0.3
            state |= {
                f"{name}.lora_down.weight": down,
                f"{name}.lora_up.weight": up,
                f"{name}.alpha": torch.tensor(3.0),
            }
            checkpoint[key] = weight + 0.8 * 3.0 / 8 * up @ down
    assert len(state) == 3 * 32
    save_file(state, tmp_path / "style.safetensors")
    save_file(checkpoint, tmp_path / "merged.safetensors")
    job = Job("a woman", steps=3, width=64, height=64, cfg=4.0, sampler="Euler")
    merged = DiffusersHost.from_files(tmp_path / "merged.safetensors")
    (by_hand,), (plain,) = merged.generate(job), host.generate(job)
    with_lora = Job(
        "a woman",
        steps=3,
        width=64,
        height=64,
        cfg=4.0,
        sampler="Euler",
        loras=(Lora(tmp_path / "style.safetensors", 0.8),),
    )
    (ours,) = host.generate(with_lora)
    pictures = [np.asarray(one.picture, np.int16) for one in (by_hand, ours, plain)]
    assert np.abs(pictures[0] - pictures[1]).max() <= 1
    assert np.abs(pictures[0] - pictures[2]).max() > 3
