"""Training the tiny models: the whole run on a plan of seconds, exact resuming, and what comes out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from facechain_ext.demo.layout import ENCODER, new_vae
from facechain_ext.errors import Cancelled, HostError, InputError, WeightsError
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint, load_controlnet
from facechain_ext.hosts.diffusers.loras import apply_loras
from facechain_ext.identity import TransFace
from facechain_ext.methods.fact import load_adapter
from facechain_ext.recipes.job import Lora
from facechain_ext.training.pairs import draw_pairs, pair_loss
from research.synthetic_world import traits
from research.tiny_models import PLAN, Plan, Schedule
from research.tiny_models.autoencoder import AutoencoderStage, encode_latents, normalise_latents
from research.tiny_models.control_hints import render_skeleton
from research.tiny_models.diffusion import BaseStage, NoisedSampler
from research.tiny_models.encoded_faces import EncodedFaces
from research.tiny_models.identity_losses import FaceReconstructionLoss, IdentityLoss
from research.tiny_models.loras import STYLES
from research.tiny_models.pictures import RenderedPictures, to_network_input
from research.tiny_models.recognition import RecognitionStage
from research.tiny_models.report import plot_curves
from research.tiny_models.run import STAGES, train_tiny_models
from research.tiny_models.stage import bfloat16, read_curve, train_stage

LORAS = [f"LoRA {style}" for style in STYLES]
SHORT = Schedule(2, 2, 1e-3, warm_up=1, ema=0.5)
TINY = Plan(persons=4, each=2, painted=3, side=64, save_every=1, **dict.fromkeys(STAGES, SHORT))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    seen = []
    train_tiny_models(TINY, folder / "work", folder / "out", on_progress=lambda name, *_: seen.append(name) or True)
    return folder, seen


def face_loss_of(pictures):
    torch.manual_seed(0)
    return FaceReconstructionLoss(TransFace(ENCODER), pictures)


@torch.no_grad()
def run(unet):
    return unet(torch.ones(1, 4, 8, 8), 500, torch.ones(1, 5, 64)).sample


def test_the_shipped_plan_fits_into_the_table_of_the_models_that_ship():
    assert PLAN.painted <= PLAN.persons
    assert set(STAGES) <= set(PLAN.as_dict())


def test_every_part_is_trained_once_and_the_standard_loaders_read_what_comes_out(trained):
    folder, seen = trained
    assert list(dict.fromkeys(seen)) == [
        *("pictures", "encoder", "vae", "latents", "tokens", "base", "adapter", "control"),
        *LORAS,
    ]
    checkpoint = load_checkpoint(folder / "out" / "checkpoint.safetensors")
    encoder = TransFace.from_file(folder / "out" / "encoder.safetensors")
    adapter = load_adapter(folder / "out" / "adapter.safetensors")
    load_controlnet(folder / "out" / "openpose.safetensors")
    for style in STYLES:
        with apply_loras(checkpoint, [Lora(folder / "out" / f"lora-{style}.safetensors", 1.0)]):
            styled = run(checkpoint.unet)
        assert not torch.equal(styled, run(checkpoint.unet))
    assert (folder / "out" / "curves.png").stat().st_size > 1000
    page = (folder / "out" / "report.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if " of 2 | " in line]
    assert {row[0].strip("| "): row[1] for row in rows} == dict.fromkeys(
        ["encoder", "vae", "base", "control", *LORAS, "adapter"], "2 of 2"
    )
    assert adapter.project(encoder.tokens(torch.zeros(1, 3, 112, 112))).shape[-1] == 64
    assert checkpoint.unet.config.cross_attention_dim == 64
    sizes = [path.stat().st_size for path in (folder / "out").glob("*.safetensors")]
    assert sum(sizes) < 40e6
    for path in (folder / "out").glob("*.safetensors"):
        assert {v.dtype for v in load_file(path).values() if v.is_floating_point()} == {torch.float16}


def test_the_same_call_does_nothing_again_and_another_plan_is_refused(trained):
    folder, _ = trained
    before = (folder / "work" / "base" / "state.safetensors").stat().st_mtime_ns
    train_tiny_models(TINY, folder / "work", folder / "out")
    assert (folder / "work" / "base" / "state.safetensors").stat().st_mtime_ns == before
    with pytest.raises(HostError, match="another plan"):
        train_tiny_models(replace(TINY, seed=1), folder / "work", folder / "out")


def test_a_stopped_training_says_where_and_its_curves_can_be_drawn(tmp_path, trained):
    with pytest.raises(Cancelled, match="Stopped in vae"):
        train_tiny_models(TINY, tmp_path / "work", tmp_path / "out", on_progress=lambda name, *_: name != "vae")
    assert not (tmp_path / "out").exists()
    assert plot_curves(trained[0] / "work", tmp_path / "curves.png").stat().st_size > 1000


def test_a_training_can_begin_with_finished_models(tmp_path, trained):
    before = trained[0] / "out"
    train_tiny_models(TINY, tmp_path / "work", tmp_path / "out", initial_models=before)
    names = ("checkpoint", "encoder", "adapter")
    old, new = ({n: load_file(folder / f"{n}.safetensors") for n in names} for folder in (before, tmp_path / "out"))
    assert old["encoder"].keys() == new["encoder"].keys()
    assert all(torch.equal(old["encoder"][key], new["encoder"][key]) for key in old["encoder"])
    changed = {key for key, value in old["checkpoint"].items() if not torch.equal(value, new["checkpoint"][key])}
    with pytest.raises(HostError, match="another plan or beginning"):
        train_tiny_models(TINY, tmp_path / "work", tmp_path / "out")
    for part in ("first_stage_model.decoder", "model.diffusion_model", "cond_stage_model"):
        assert any(key.startswith(part) for key in changed)


def test_a_finished_autoencoder_is_held_near_its_latents(tmp_path):
    pictures = RenderedPictures(tmp_path, 4, 2, 64)
    torch.manual_seed(0)
    stage = AutoencoderStage(pictures, face_loss_of(pictures), new_vae())
    rng, generator = np.random.default_rng(0), torch.Generator()
    assert float(stage.losses(rng, generator.manual_seed(0), 8)["latent_shift"]) == 0
    with torch.no_grad():
        stage.module.quant_conv.bias[:4] += 0.5
    moved = float(stage.losses(rng, generator.manual_seed(0), 8)["latent_shift"])
    with torch.no_grad():
        latents = stage.module.encode(to_network_input(np.asarray(pictures["pixels"]))).latent_dist.mean
    # the batch draws among the eight pictures, so its spread is near theirs
    assert moved == pytest.approx(float((0.25 / latents.var((0, 2, 3))).mean()), rel=0.3)


def test_beginning_with_an_incomplete_set_of_models_is_refused(tmp_path):
    begin = tmp_path / "half"
    begin.mkdir()
    for name in ("checkpoint", "encoder"):
        (begin / f"{name}.safetensors").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"adapter\.safetensors is missing"):
        train_tiny_models(TINY, tmp_path / "work", tmp_path / "out", initial_models=begin)


def test_faces_are_of_another_picture_of_the_same_person_and_photos_where_there_are_some(tmp_path):
    pictures = RenderedPictures(tmp_path, 3, 4, 64)
    pictures.photos = np.array([True, False, False, True, False, False, False, False, False, True, False, False])
    shown = EncodedFaces(pictures, np.arange(12, dtype=np.float16)[:, None, None])
    numbers = np.repeat(np.arange(12), 50)
    seen = shown.tokens(numbers, np.random.default_rng(0)).flatten().int().numpy()
    assert (seen // 4 == numbers // 4).all()
    assert (seen != numbers).all()
    wanted = {0: {3}, 1: {0, 3}, 2: {0, 3}, 3: {0}, 9: {8, 10, 11}} | {n: {9} for n in (8, 10, 11)}
    wanted |= {n: {4, 5, 6, 7} - {n} for n in range(4, 8)}
    assert {n: set(seen[numbers == n].tolist()) for n in range(12)} == wanted
    assert np.array_equal(shown.traits(np.array([5])).numpy()[0], traits(pictures["numbers"][5:6])[0])
    masks = shown.masks(np.array([0, 5]))
    assert masks.shape == (2, 64, 64)
    assert np.array_equal(masks[1].numpy() > 0.5, pictures["masks"][5] > 127)


def test_a_single_picture_of_a_person_is_its_own_face(tmp_path):
    shown = EncodedFaces(RenderedPictures(tmp_path, 2, 1, 64), np.arange(2, dtype=np.float16)[:, None, None])
    assert shown.tokens(np.array([1, 0]), np.random.default_rng(0)).flatten().tolist() == [1, 0]


def test_only_the_first_rows_of_the_base_see_a_face(tmp_path):
    pictures = RenderedPictures(tmp_path, 4, 2, 64)
    rng = np.random.default_rng(0)
    latents = rng.standard_normal((8, 4, 8, 8)).astype(np.float16)
    tokens = rng.standard_normal((8, 144, 64)).astype(np.float16)
    torch.manual_seed(0)
    identity_loss = IdentityLoss(face_loss_of(pictures), new_vae(), torch.eye(4, ENCODER.embedding), 2)
    stage = BaseStage(NoisedSampler(latents, pictures.captions, 1.0), EncodedFaces(pictures, tokens), identity_loss)
    plain = weighted_alone(stage, latents, pictures)
    losses = stage.losses(np.random.default_rng(1), torch.Generator().manual_seed(1), 4)
    # an untrained adapter adds nothing, so the U-Net alone has the same error
    assert float(losses["mse"]) == pytest.approx(plain, rel=1e-5)
    assert float(losses["fair"]) == 0
    losses["loss"].backward()
    gradients = {name: p.grad for name, p in stage.adapter.named_parameters() if p.grad is not None}
    assert any(gradient.abs().sum() > 0 for gradient in gradients.values())


def weighted_alone(stage, latents, pictures):
    """The plain error of the batch that seed 1 draws, without an adapter."""
    sampler = NoisedSampler(latents, pictures.captions, 1.0)
    _, noisy, noise, timesteps, words, _ = sampler.rows(np.random.default_rng(1), torch.Generator().manual_seed(1), 4)
    with torch.no_grad(), bfloat16():
        text = stage.text_encoder(words).last_hidden_state
        predicted = stage.unet(noisy, timesteps, encoder_hidden_states=text).sample
    return float((predicted.float() - noise).square().mean())


def test_a_resumed_part_makes_the_same_updates_as_one_that_never_stopped(tmp_path):
    pictures = RenderedPictures(tmp_path / "pictures", 3, 2, 64)
    schedule = Schedule(4, 2, 1e-3, warm_up=2)

    def run(folder, stop=None):
        torch.manual_seed(0)
        stage = AutoencoderStage(pictures, face_loss_of(pictures))
        train_stage(stage, schedule, folder, seed=0, save_every=2, report=lambda step, *_: step != stop)
        return stage.module.state_dict()

    whole = run(tmp_path / "whole")
    run(tmp_path / "halves", stop=3)
    halves = run(tmp_path / "halves")
    assert all(torch.equal(whole[name], halves[name]) for name in whole)
    curve, parts = read_curve(tmp_path / "whole"), read_curve(tmp_path / "halves")
    assert (curve["step"], parts["step"]) == ([2, 4], [2, 3, 4])
    assert sum(parts["loss"][1:]) / 2 == pytest.approx(curve["loss"][1], abs=2e-6)  # both mean what they cover


def test_drawing_goes_on_where_it_stopped_and_gives_the_same(tmp_path):
    first = RenderedPictures(tmp_path / "a", 3, 2, 64)
    again = RenderedPictures(tmp_path / "a", 3, 2, 64)
    assert np.array_equal(first["pixels"], again["pixels"])
    assert len(first.first(2)) == 4
    assert first.other_photos(3) == [2]
    with pytest.raises(InputError, match="another plan"):
        RenderedPictures(tmp_path / "a", 4, 2, 64)


def test_normalising_latents_leaves_pictures_as_they_were(tmp_path):
    pictures = RenderedPictures(tmp_path, 4, 2, 64)
    torch.manual_seed(0)
    vae = AutoencoderStage(pictures, face_loss_of(pictures)).module.eval().requires_grad_(requires_grad=False)
    wanted = to_network_input(pictures["pixels"][:2])
    before = vae.decode(vae.encode(wanted).latent_dist.mean).sample
    normalise_latents(vae, encode_latents(vae, pictures))
    after = vae.encode(wanted).latent_dist
    assert torch.allclose(vae.decode(after.mean).sample, before, atol=1e-3)
    latents = encode_latents(vae, pictures).astype(np.float32) * vae.config.scaling_factor
    assert np.allclose(latents.std((0, 2, 3)), 1, atol=0.05)
    assert np.allclose(latents.mean((0, 2, 3)), 0, atol=0.05)


def test_pairs_are_two_pictures_of_each_person():
    one, other = draw_pairs(40, 4, np.random.default_rng(0), 10)
    assert (one // 4 == other // 4).all()
    assert (one != other).all()
    assert len(set(one // 4)) == 10


def test_pair_loss_equals_plain_cross_entropy():
    one, other = torch.randn(5, 3), torch.randn(5, 3)
    unit = [torch.nn.functional.normalize(v, dim=1).numpy().astype(float) for v in (one, other)]
    table = np.exp(16 * unit[0] @ unit[1].T)
    plain = -np.mean([np.log(table[i, i] / table[i].sum()) + np.log(table[i, i] / table[:, i].sum()) for i in range(5)])
    assert float(pair_loss(one, other)) == pytest.approx(plain / 2, rel=1e-4)


def test_a_skeleton_has_its_joints_where_the_face_is():
    landmarks = np.array([(50, 50), (70, 50), (60, 62), (53, 72), (67, 72)], np.float32)
    drawn = render_skeleton(landmarks, 128)
    assert all(drawn[int(y), int(x)].any() for x, y in landmarks[:3])
    assert not drawn[:20].any()


def test_the_projector_learns_beside_the_encoder(tmp_path):
    pictures = RenderedPictures(tmp_path / "pictures", 3, 2, 64)
    torch.manual_seed(0)
    stage = RecognitionStage(pictures)
    before = {name: value.clone() for name, value in stage.projector.state_dict().items()}
    losses = stage.losses(np.random.default_rng(0), torch.Generator().manual_seed(0), 3)
    parts = {name: float(value.detach()) for name, value in losses.items()}
    assert parts["loss"] == pytest.approx(
        parts["pairs"] + 10 * (parts["embedding_traits"] + parts["token_traits"]), rel=1e-5
    )
    train_stage(stage, Schedule(60, 3, 1e-3, warm_up=5, ema=0.0), tmp_path / "stage", seed=0, save_every=30)
    errors = read_curve(tmp_path / "stage")["token_traits"]
    assert errors[1] < 0.7 * errors[0]
    assert all(not torch.equal(value, before[name]) for name, value in stage.projector.state_dict().items())
