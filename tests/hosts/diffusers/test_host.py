"""Portraits on diffusers, end to end on tiny random models and a real photo."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from facechain_ext.demo.layout import new_controlnet, new_unet
from facechain_ext.errors import HostError, InputError, WeightsError
from facechain_ext.hosts.diffusers import DiffusersHost
from facechain_ext.hosts.diffusers.sampling.samplers import SAMPLERS
from facechain_ext.methods.fact.sites import SITES
from facechain_ext.recipes.job import Control, Hires, Inpaint, Job, Lora, Person

JOB = Job("a (woman:1.2) in a garden", "blue", steps=3, width=64, height=64, cfg=4.0, sampler="Euler")


def pixels(portrait):
    return np.asarray(portrait.picture, np.int16)


def make(host, **changes):
    from dataclasses import replace

    (portrait,) = host.generate(replace(JOB, **changes))
    return portrait


@pytest.fixture(scope="module")
def bare(host):
    return make(host)


def test_the_face_changes_the_picture_and_strength_0_does_not(host, person, bare):
    assert np.array_equal(pixels(make(host, people=(Person(person, 0.0),))), pixels(bare))
    half, full = (make(host, people=(Person(person, s),)) for s in (0.5, 1.0))
    assert np.abs(pixels(half) - pixels(bare)).max() > 3
    assert np.abs(pixels(full) - pixels(half)).max() > 3
    assert np.array_equal(pixels(make(host)), pixels(bare))


def test_each_picture_has_its_own_seed(host, person):
    from dataclasses import replace

    both = host.generate(replace(JOB, people=(Person(person),), count=2, seed=5))
    assert [one.seed for one in both] == [5, 6]
    alone = make(host, people=(Person(person),), seed=6)
    assert np.array_equal(pixels(alone), pixels(both[1]))


@pytest.mark.parametrize("sampler", ["Euler a", "DPM++ 2M Karras", "DPM++ SDE", "DDIM", "PLMS", "UniPC", "Heun", "LCM"])
def test_samplers_of_the_webui(host, person, sampler):
    assert sampler in SAMPLERS
    off, on = make(host, sampler=sampler), make(host, sampler=sampler, people=(Person(person, 1.0),))
    assert np.abs(pixels(on) - pixels(off)).max() > 1


def test_infotext_is_the_webuis_and_holds_no_embedding(host, person):
    text = make(host, people=(Person(person, 0.7, (0.0, 0.8)),), seed=9).infotext
    first, second, last = text.splitlines()
    assert first == JOB.prompt
    assert second == "Negative prompt: blue"
    pairs = dict(re.findall(r'([\w ]+): ("[^"]*"|[^,]*)(?:, |$)', last))
    assert pairs["Steps"] == "3"
    assert pairs["Seed"] == "9"
    assert pairs["Size"] == "64x64"
    assert pairs["FaceChain strength"] == "0.7"
    assert pairs["FaceChain window"] == "0-0.8"
    assert pairs["FaceChain identity"] == f"Eileen ({person.digest})"
    assert len(text) < 600


def test_hires_enlarges_with_and_without_the_face(host, person):
    people = (Person(person, 1.0),)
    hires = Hires(2.0, 0.6)
    off = make(host, hires=hires)
    both = make(host, hires=hires, people=people)
    first = make(host, hires=hires, people=people, face_in_hires=False)
    assert both.picture.size == (128, 128)
    assert len({one.picture.tobytes() for one in (off, both, first)}) == 3
    assert make(host, hires=Hires(1.5, 0.5, upscaler="Lanczos")).picture.size == (96, 96)


def test_inpainting_leaves_what_the_mask_leaves(host, person):
    given = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    mask = Image.new("L", (64, 64))
    mask.paste(255, (16, 16, 48, 48))
    made = make(host, inpaint=Inpaint(given, 0.8, mask), people=(Person(person, 1.0),))
    outside = np.asarray(mask) == 0
    assert np.array_equal(np.asarray(made.picture)[outside], np.asarray(given)[outside])
    assert np.abs(pixels(made) - np.asarray(given, np.int16))[~outside].max() > 3


def test_a_region_leaves_the_rest_of_the_latent_picture_to_itself(host, person):
    region = np.zeros((64, 64), np.float32)
    everywhere = make(host, people=(Person(person, 1.0),))
    nowhere = make(host, people=(Person(person, 1.0, region=region),))
    assert np.array_equal(pixels(nowhere), pixels(make(host)))
    assert not np.array_equal(pixels(nowhere), pixels(everywhere))


def lora(path, checkpoint, scale=0.3):
    """A random LoRA under kohya's names on every attention of the U-Net."""
    from facechain_ext.methods.fact.sites import ldm_name

    weights, found = load_file(checkpoint), {}
    generator = torch.Generator().manual_seed(4)
    for site in SITES:
        for part in ("attn1.to_q", "attn2.to_v"):
            there = weights[f"model.diffusion_model.{ldm_name(site)}.transformer_blocks.0.{part}.weight"]
            name = "lora_unet_" + f"{site}.transformer_blocks.0.{part}".replace(".", "_")
            found[f"{name}.lora_down.weight"] = torch.randn(4, there.shape[1], generator=generator) * scale
            found[f"{name}.lora_up.weight"] = torch.randn(there.shape[0], 4, generator=generator) * scale
            found[f"{name}.alpha"] = torch.tensor(4.0)
    save_file(found, path)
    return path


def test_a_lora_adds_to_the_face_and_goes_again(host, models, person, bare, tmp_path):
    loras = (Lora(lora(tmp_path / "style.safetensors", models.checkpoint), 1.0),)
    people = (Person(person, 1.0),)
    pictures = [make(host), make(host, loras=loras), make(host, people=people), make(host, loras=loras, people=people)]
    assert len({one.picture.tobytes() for one in pictures}) == 4
    assert "<lora:style:1>" in pictures[3].infotext
    assert np.array_equal(pixels(make(host)), pixels(bare))


def test_a_pose_steers_beside_the_face(models, person, tmp_path):
    torch.manual_seed(0)
    net = new_controlnet(new_unet())
    for parameter in net.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    net.save_pretrained(tmp_path / "net")
    host = DiffusersHost.from_files(
        models.checkpoint, adapter=models.adapter, controlnets={"openpose": tmp_path / "net"}
    )
    skeleton = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8))
    control = (Control("openpose", skeleton, prepared=True),)
    people = (Person(person, 1.0),)
    pictures = [make(host), make(host, controls=control), make(host, people=people)]
    pictures.append(make(host, controls=control, people=people))
    assert len({one.picture.tobytes() for one in pictures}) == 4


def test_stopping_returns_what_is_finished(host):
    from dataclasses import replace

    finished = host.generate(replace(JOB, count=3), progress=lambda step, _: step < 5)
    assert len(finished) == 1


@pytest.mark.parametrize(
    ("changes", "message", "error"),
    [
        ({"width": 65}, "multiple of 8", InputError),
        ({"height": 8}, "from 64", InputError),
        ({"sampler": "Magic"}, "no sampler", InputError),
        ({"steps": 0}, "at least", InputError),
        ({"hires": Hires(9.0)}, "hires", InputError),
        ({"hires": Hires(2.0, 0.5, upscaler="Magic")}, "upscaler", InputError),
        ({"controls": (Control("canny", Image.new("RGB", (8, 8))),)}, "No ControlNet", HostError),
        ({"inpaint": Inpaint(Image.new("RGB", (64, 64)), 3.0)}, "denoising", InputError),
    ],
)
def test_what_cannot_be_done_is_said(host, bare, changes, message, error):
    with pytest.raises(error, match=message):
        make(host, **changes)
    assert np.array_equal(pixels(make(host)), pixels(bare))


def test_a_person_needs_an_adapter(models, person):
    host = DiffusersHost.from_files(models.checkpoint)
    with pytest.raises(HostError, match="no face adapter"):
        make(host, people=(Person(person),))


@pytest.mark.parametrize(
    ("which", "error", "message"),
    [
        ("adapter", HostError, "FaceChain adapter"),
        ("encoder", HostError, "TransFace"),
        ("lora", HostError, "a LoRA"),
        ("text", WeightsError, "file.safetensors"),
        ("half", WeightsError, "file.safetensors"),
    ],
)
def test_wrong_files_are_named_for_what_they_are(models, tmp_path, which, error, message):
    path = tmp_path / "file.safetensors"
    if which == "lora":
        lora(path, models.checkpoint)
    elif which == "text":
        path.write_text("hello")
    elif which == "half":
        path.write_bytes(models.checkpoint.read_bytes()[:100_000])
    else:
        path = getattr(models, which)
    with pytest.raises(error, match=message):
        DiffusersHost.from_files(path)
    if which != "adapter":
        with pytest.raises(WeightsError):
            DiffusersHost.from_files(models.checkpoint, adapter=path)


def test_a_prompt_names_loras_as_in_the_webui(models, host, tmp_path, monkeypatch):
    (tmp_path / "deep").mkdir()
    lora(tmp_path / "deep" / "My Style.safetensors", models.checkpoint)
    monkeypatch.setattr(host, "lora_folders", (tmp_path,))
    named = make(host, prompt=f"{JOB.prompt} <lora:my style:0.5>")
    given = make(host, loras=(Lora(tmp_path / "deep" / "My Style.safetensors", 0.5),))
    assert np.array_equal(pixels(named), pixels(given))
    assert named.infotext.splitlines()[0] == f"{JOB.prompt} <lora:My Style:0.5>"
    with pytest.raises(InputError, match="no LoRA called other"):
        make(host, prompt="a <lora:other:1>")


@pytest.mark.parametrize(
    ("changes", "message", "error"),
    [
        ({"prompt": "[a:b:0.5]"}, "webui", HostError),
        ({"negative_prompt": "[a|b]"}, "webui", HostError),
        ({"prompt": "a AND b"}, "AND", HostError),
        ({"prompt": "(a:.)"}, "no number", InputError),
        ({"prompt": "(a:1" + "0" * 41 + ")"}, "finite", HostError),
        ({"cfg": float("nan")}, "finite", InputError),
        ({"cfg": 1e38}, "finite", HostError),
        ({"seed": 2**64}, "seeds", InputError),
        ({"seed": 2**64 - 1, "count": 2}, "seeds", InputError),
        ({"seed": -1}, "seeds", InputError),
    ],
)
def test_what_leads_nowhere_is_one_sentence_and_no_picture(host, changes, message, error):
    with pytest.raises(error, match=message):
        make(host, **changes)


def test_a_picture_that_is_not_finite_is_refused(models):
    host = DiffusersHost.from_files(models.checkpoint)
    with torch.no_grad():
        host.checkpoint.vae.decoder.conv_out.bias.fill_(torch.inf)
    with pytest.raises(HostError, match="finite"):
        make(host)
