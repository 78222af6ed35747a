"""Files of models: other names, marks that change how they are sampled, and refusals that name the right file."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from facechain_ext.errors import FaceChainError, HostError
from facechain_ext.hosts.diffusers import DiffusersHost
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.hosts.diffusers.checkpoint.noise import NoiseModel, read_noise_model, zero_terminal_betas
from facechain_ext.hosts.diffusers.sampling.samplers import find_sampler
from facechain_ext.hosts.diffusers.sampling.schedules import set_timesteps
from facechain_ext.recipes.job import Job
from facechain_ext.weights.model_type import detect_model_type

VAE = "first_stage_model."
UNET = "model.diffusion_model."


@pytest.fixture(scope="module")
def weights(models):
    return load_file(models.checkpoint)


@pytest.fixture(scope="module")
def diffusers_vae(host):
    return {key: value.contiguous() for key, value in host.checkpoint.vae.state_dict().items()}


def earlier(key: str) -> str:
    """The attention's names in diffusers before 0.16."""
    for new, old in (("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")):
        key = key.replace(f".{new}.", f".{old}.") if "attentions" in key else key
    return key


@pytest.mark.parametrize("naming", ["ldm", "ldm with prefix", "diffusers", "earlier diffusers", "with vae."])
def test_a_vae_of_its_own_under_every_name(models, host, weights, diffusers_vae, tmp_path, naming):
    plain = {key.removeprefix(VAE): value for key, value in weights.items() if key.startswith(VAE)}
    state = {
        "ldm": plain,
        "ldm with prefix": {VAE + key: value for key, value in plain.items()},
        "diffusers": diffusers_vae,
        "earlier diffusers": {earlier(key): value for key, value in diffusers_vae.items()},
        "with vae.": {f"vae.{key}": value for key, value in diffusers_vae.items()},
    }[naming]
    save_file(state, tmp_path / "vae.safetensors")
    read = load_checkpoint(models.checkpoint, vae=tmp_path / "vae.safetensors").vae.state_dict()
    for key, value in host.checkpoint.vae.state_dict().items():
        assert torch.equal(read[key], value), key


def without(state, beginning):
    return {key: value for key, value in state.items() if not key.startswith(beginning)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: without(s, ("encoder.", "quant_conv.")), "only the decoder"),
        (lambda s: without(s, "decoder."), "VAE"),
        (lambda s: without(s, "post_quant_conv."), "another model"),
        (lambda s: s | {"decoder.conv_in.weight": torch.zeros(64, 16, 3, 3)}, "16 latent channels"),
        (lambda s: without(s, "decoder.mid_block.resnets.0.norm1.weight"), "lacks the weight"),
        (lambda s: s | {"decoder.conv_out.bias": s["decoder.conv_out.bias"] * torch.nan}, "not finite"),
        (lambda s: s | {"decoder.conv_out.bias": s["decoder.conv_out.bias"].to(torch.int8)}, "int8"),
        (lambda s: s | {"encoder.conv_in.weight": torch.zeros(())}, "vae"),
        (lambda s: s | {"decoder.up_blocks.x.resnets.0.conv1.weight": torch.zeros(1)}, "vae"),
        (lambda s: {"lora_unet_x.lora_down.weight": torch.zeros(1)}, "a LoRA"),
    ],
)
def test_every_failure_of_a_vae_names_its_file(models, diffusers_vae, tmp_path, change, words):
    save_file(change(diffusers_vae), tmp_path / "my-vae.safetensors")
    with pytest.raises(FaceChainError, match=words) as caught:
        load_checkpoint(models.checkpoint, vae=tmp_path / "my-vae.safetensors")
    assert str(caught.value).startswith("my-vae.safetensors")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s | {f"{UNET}input_blocks.0.0.weight": torch.zeros(64, 9, 3, 3)}, "inpainting checkpoint (9 input"),
        (
            lambda s: s | {f"{UNET}input_blocks.0.0.weight": torch.zeros(64, 8, 3, 3)},
            "InstructPix2Pix checkpoint (8 input",
        ),
        (
            lambda s: s | {f"{UNET}input_blocks.0.0.weight": torch.zeros(64, 5, 3, 3)},
            "depth-to-image checkpoint (5 input",
        ),
        (lambda s: s | {f"{UNET}input_blocks.0.0.weight": torch.zeros(64, 7, 3, 3)}, "7 input channels in place of 4"),
        (lambda s: {"model_ema.diffusion_modelout2bias": torch.zeros(1)} | without(s, UNET), "averaged weights (EMA)"),
        (lambda s: without(s, (UNET, VAE)), "a text encoder"),
        (lambda s: without(s, f"{UNET}input_blocks.1.1.proj_in"), "unknown U-Net"),
    ],
)
def test_variants_are_called_by_their_name(weights, change, words):
    assert words in detect_model_type(change(weights))


@pytest.mark.parametrize("part", [UNET + "out.2.bias", VAE + "decoder.conv_out.bias"])
@pytest.mark.parametrize(
    ("change", "words"), [(lambda v: v * torch.nan, "not finite"), (lambda v: v.to(torch.int8), "int8")]
)
def test_wrong_contents_of_a_checkpoint_are_one_sentence(weights, tmp_path, part, change, words):
    save_file(weights | {part: change(weights[part])}, tmp_path / "model.safetensors")
    with pytest.raises(FaceChainError, match=words) as caught:
        load_checkpoint(tmp_path / "model.safetensors")
    assert str(caught.value).startswith("model.safetensors")


@pytest.mark.parametrize(
    ("keys", "metadata", "expected"),
    [
        ((), {}, NoiseModel()),
        (("v_pred",), {}, NoiseModel("v_prediction")),
        (("v_pred", "ztsnr"), {}, NoiseModel("v_prediction", zero_terminal=True)),
        (("ztsnr",), {}, NoiseModel(zero_terminal=True)),
        ((), {"modelspec.prediction_type": "v"}, NoiseModel("v_prediction")),
        ((), {"modelspec.prediction_type": "epsilon"}, NoiseModel()),
        (
            (),
            {"ss_v_parameterization": "True", "ss_zero_terminal_snr": "True"},
            NoiseModel("v_prediction", zero_terminal=True),
        ),
    ],
)
def test_the_marks_of_a_checkpoint(keys, metadata, expected):
    assert read_noise_model(dict.fromkeys(keys, torch.zeros(0)), metadata) == expected


def test_only_ordinary_checkpoints_are_trained():
    NoiseModel().require_epsilon("a")
    with pytest.raises(HostError, match=r"^a\.ckpt is marked"):
        NoiseModel("v_prediction").require_epsilon("a.ckpt")


class Velocity:
    """The U-Net that knows the one picture there is: it gives v = a * noise - s * picture (Salimans and Ho 2022)."""

    def __init__(self, picture, alphas):
        self.picture, self.alphas = picture, alphas

    def __call__(self, sample, timestep, vp_sample):
        kept = self.alphas[int(timestep)]
        noise = (vp_sample - kept.sqrt() * self.picture) / (1 - kept).sqrt()
        return kept.sqrt() * noise - (1 - kept).sqrt() * self.picture


@pytest.mark.parametrize("sampler", ["DDIM", "Euler", "DPM++ 2M Karras"])
@pytest.mark.parametrize("zero", [False, True])
def test_velocities_lead_to_the_picture(sampler, zero):
    """With a U-Net that knows the picture, any correct sampler arrives at it from pure noise."""
    scheduler = find_sampler(sampler).build(NoiseModel("v_prediction", zero_terminal=zero))
    set_timesteps(scheduler, 20, torch.device("cpu"), all_steps=True)
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    alphas = torch.cumprod(1 - (zero_terminal_betas(betas) if zero else betas), 0)
    picture = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)).double()
    model = Velocity(picture, alphas)
    sample = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1)).double() * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        given = scheduler.scale_model_input(sample, timestep)
        sample = scheduler.step(model(sample, timestep, given), timestep, sample).prev_sample
    assert (sample - picture).abs().max() < 0.15


def test_zero_terminal_snr_is_that_of_the_paper():
    """sqrt(alphas) are shifted so that the last is nothing and the first what it was (Lin et al. 2023, algorithm 1)."""
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    root = np.sqrt(np.cumprod(1 - betas))
    expected = ((root - root[-1]) * root[0] / (root[0] - root[-1])) ** 2
    ours = np.cumprod(1 - zero_terminal_betas(torch.from_numpy(betas)).numpy())
    assert np.allclose(ours[:-1], expected[:-1], rtol=1e-9)
    assert 0 < ours[-1] < 1e-7


def test_a_marked_checkpoint_makes_other_pictures(models, host, weights, tmp_path):
    job = Job("a woman", steps=2, width=64, height=64, cfg=4.0, sampler="Euler")
    (plain,) = host.generate(job)
    for marks in (("v_pred",), ("v_pred", "ztsnr")):
        save_file(weights | {mark: torch.zeros(0) for mark in marks}, tmp_path / "v.safetensors")
        (made,) = DiffusersHost.from_files(tmp_path / "v.safetensors").generate(job)
        assert not np.array_equal(np.asarray(made.picture), np.asarray(plain.picture))
