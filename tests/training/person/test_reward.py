"""The reward: the crop is the aligned head, the gradient reaches the LoRA alone, and copies earn no more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from facechain_ext.demo.layout import ENCODER
from facechain_ext.errors import HostError, PhotoError
from facechain_ext.faces import align
from facechain_ext.identity import TransFace
from facechain_ext.identity.encode import to_encoder_input
from facechain_ext.training.lora.trainer import Example, LoraTrainer
from facechain_ext.training.person import reward as module
from facechain_ext.training.person.reward import FaceReward, References, aligned_head, face_reward, references_of
from facechain_ext.training_runs.pictures import write_png
from facechain_ext.training_runs.settings import LoraSettings, PersonRequest
from research.synthetic_world import nuisance, person, render, scene

SETTINGS = LoraSettings(steps=4, batch=2, rank=2, size=64, rate=1e-3, save_every=1, preview_every=4, reward=1.0)
DRAWN = [render(person(1), scene(number), nuisance(number), side=64) for number in range(3)]


def find(pixels):
    """The face where the world drew it, in any picture: the tiny models draw none that a detector sees."""
    assert pixels.shape == (64, 64, 3)
    return DRAWN[0].landmarks.astype(np.float32), DRAWN[0].head


@pytest.fixture(autouse=True)
def every_step(monkeypatch):
    monkeypatch.setattr(module, "EVERY", 1)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return TransFace(ENCODER).eval()


def begun(models, work, settings=SETTINGS, **changes):
    request = PersonRequest(models.checkpoint, work, "a", "ohwx", work, **changes)
    one = LoraTrainer(request, settings, [Example(drawn.pixels, "ohwx person") for drawn in DRAWN])
    one.encode()
    return one


@pytest.fixture(scope="module")
def loaded(models, tmp_path_factory):
    return begun(models, tmp_path_factory.mktemp("loaded"))


@pytest.fixture
def training(loaded):
    """A training whose weights no test has changed."""
    for weight in loaded.layers.parameters:
        weight.grad = None
    before = loaded.layers.weights()
    yield loaded
    loaded.layers.set_weights(before)


def heads():
    return [align(one.pixels, one.landmarks.astype(np.float32), mask=one.head) for one in DRAWN]


@pytest.mark.parametrize("side", [64, 96, 512, 768])
def test_the_crop_is_the_aligned_head(side):
    drawn = render(person(1), scene(3), nuisance(3), side=side)
    points = drawn.landmarks.astype(np.float32)
    picture = torch.from_numpy(drawn.pixels.astype(np.float32) / 127.5 - 1).permute(2, 0, 1).requires_grad_()
    found = aligned_head(picture, points, drawn.head)
    wanted = to_encoder_input(align(drawn.pixels, points, mask=drawn.head))
    assert (found - wanted).abs().mean() < 0.02
    found.sum().backward()
    assert (picture.grad[:, ~torch.from_numpy(drawn.head)] == 0).all()
    assert (picture.grad != 0).any()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_cap_is_how_alike_the_photos_are(network, count):
    photos = heads()[:count]
    with torch.no_grad():
        vectors = [F.normalize(network(to_encoder_input(one)[None])[1][0], dim=0) for one in photos]
    found = references_of(network, photos)
    mean = sum(vectors)
    assert torch.allclose(found.mean, mean / mean.norm(), atol=1e-5)
    if count == 1:
        assert found.cap == 0.48
        return
    others = [sum(v for m, v in enumerate(vectors) if m != n) for n in range(count)]
    assert found.cap == pytest.approx(
        np.mean([float(v @ o / o.norm()) for v, o in zip(vectors, others, strict=True)]), abs=1e-5
    )


def test_the_gradient_reaches_the_lora_alone_and_raises_the_likeness(training, network):
    references = References(references_of(network, heads()).mean, 1.0)
    reward = FaceReward(training, network, references, find, "ohwx person", steps=4)
    loss = reward(3)
    assert loss is not None
    assert -1 <= float(loss.detach()) <= 1
    loss.backward()
    learned = {id(weight) for weight in training.layers.parameters}
    checkpoint = training.checkpoint
    fixed = [*checkpoint.unet.parameters(), *checkpoint.vae.parameters(), *network.parameters()]
    assert all(weight.grad is None for weight in fixed if id(weight) not in learned)
    torch.optim.SGD(list(training.layers.parameters), lr=0.05).step()
    assert float(reward(3).detach()) < float(loss.detach())


def test_what_is_more_alike_than_photos_are_earns_no_more(training, network):
    references = replace(references_of(network, heads()), cap=-1.0)
    loss = FaceReward(training, network, references, find, "ohwx person", steps=4)(3)
    assert float(loss.detach()) == 1.0
    loss.backward()
    assert all(weight.grad is None or not weight.grad.any() for weight in training.layers.parameters)


@pytest.mark.parametrize(
    ("step", "every", "finder"), [(1, 1, find), (3, 4, find), (3, 1, lambda _pixels: None)],
    ids=["before half of the steps", "between two such steps", "without a face"],
)  # fmt: skip
def test_other_steps_have_none(training, network, monkeypatch, step, every, finder):
    monkeypatch.setattr(module, "EVERY", every)
    reward = FaceReward(training, network, references_of(network, heads()), finder, "ohwx person", steps=4)
    assert reward(step) is None
    drawn = "The reward found no face in 2 of 2 drawn pictures and learned nothing from them."
    assert reward.remark == ("" if finder is find else drawn)


def test_a_training_goes_on_exactly_with_it(models, network, tmp_path):
    def rewarded(work):
        one = begun(models, tmp_path / work, replace(SETTINGS, steps=2))
        one.reward = FaceReward(one, network, references_of(network, heads()), find, "ohwx person", steps=4)
        return one

    whole, part = rewarded("whole"), rewarded("part")
    whole.begin(resume=False)
    part.begin(resume=False)
    whole.update()
    part.update()
    part.save()
    rest = rewarded("part")
    rest.begin(resume=True)
    rest.update()
    unrewarded = whole.layers.weights()
    whole.update()
    weights = whole.layers.weights()
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(weights, rest.layers.weights(), strict=True))
    assert any(not torch.equal(ours, theirs) for ours, theirs in zip(weights, unrewarded, strict=True))
    part.settings = replace(part.settings, reward=2.0)
    with pytest.raises(HostError, match=r"the reward was 1\.0 and is 2\.0 now"):
        part.begin(resume=True)


def test_what_it_needs_is_said(training, models, tmp_path, monkeypatch):
    write_png(tmp_path / "0.png", DRAWN[0].pixels)
    with pytest.raises(HostError, match="A reward needs the face encoder"):
        face_reward(training, training.request, [tmp_path / "0.png"])
    monkeypatch.setattr(module, "find_head", lambda _pixels: None)
    with pytest.raises(PhotoError, match="no likeness can be rewarded"):
        face_reward(training, replace(training.request, encoder=models.encoder), [tmp_path / "0.png"])
    with pytest.raises(ValueError, match="of the reward are 0 or more"):
        replace(SETTINGS, reward=-1.0)
