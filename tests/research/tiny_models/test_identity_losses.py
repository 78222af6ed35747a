"""Painted faces as the face encoder sees them, against plain formulas and the pictures that they copy."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from facechain_ext.demo.layout import ENCODER
from facechain_ext.identity import TransFace
from research.tiny_models.diffusion import NoisedSampler
from research.tiny_models.identity_losses import FaceReconstructionLoss, IdentityLoss, person_embeddings
from research.tiny_models.pictures import RenderedPictures, to_network_input

EACH = 2


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return RenderedPictures(tmp_path_factory.mktemp("pictures"), 3, EACH, 96)


@pytest.fixture(scope="module")
def face_loss(pictures):
    torch.manual_seed(0)
    return FaceReconstructionLoss(TransFace(ENCODER), pictures)


def pixels_of(pictures, numbers):
    return to_network_input(np.stack([pictures["pixels"][n] for n in numbers]))


@pytest.mark.parametrize(("shrunk", "off"), [(1, 0.01), (2, 0.12)])
def test_crop_faces_fits_pictures_of_any_size(pictures, face_loss, shrunk, off):
    numbers = np.arange(len(pictures))
    seen, drawn = face_loss.crop_faces(F.avg_pool2d(pixels_of(pictures, numbers), shrunk), numbers)
    assert torch.equal(drawn, pixels_from_aligned(pictures))
    head = (drawn > -1).any(1, keepdim=True).expand_as(drawn)
    assert torch.equal(seen[~head], drawn[~head])
    inside = ~(F.max_pool2d((~head).float(), 5, stride=1, padding=2) > 0)  # where no black is mixed in
    assert float((seen - drawn)[inside].abs().mean()) < off
    moved, _ = face_loss.crop_faces(F.avg_pool2d(pixels_of(pictures, numbers).roll(1, -1), shrunk), numbers)
    assert float((moved - drawn)[inside].abs().mean()) > 1.3 * float((seen - drawn)[inside].abs().mean())


def pixels_from_aligned(pictures):
    return torch.from_numpy(np.asarray(pictures["aligned"])).permute(0, 3, 1, 2) / 127.5 - 1


def test_face_loss_is_low_for_a_copy_and_high_for_another_picture(pictures, face_loss):
    numbers = np.arange(len(pictures))
    copies = pixels_of(pictures, numbers).requires_grad_()
    copied = face_loss.reconstruction_loss(copies, numbers)
    other_photos = face_loss.reconstruction_loss(pixels_of(pictures, numbers[::-1]), numbers)
    assert float(copied.detach()) < 0.2 * float(other_photos)
    copied.backward()
    assert copies.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in face_loss.encoder.parameters())


def test_identity_loss_equals_plain_cross_entropy(pictures, face_loss):
    persons = F.normalize(torch.randn(3, ENCODER.embedding, generator=torch.Generator().manual_seed(1)), dim=1)
    as_it_is = SimpleNamespace(decode=lambda latents: SimpleNamespace(sample=latents))
    numbers = np.array([1, 4])
    painted = pixels_of(pictures, numbers)
    found = IdentityLoss(face_loss, as_it_is, persons, EACH).cross_entropy(painted, numbers, np.random.default_rng(0))
    other_photos = np.random.default_rng(0).integers(3, size=255)
    with torch.no_grad():
        crops, _ = face_loss.crop_faces(painted, numbers)
        embeddings = F.normalize(face_loss.encoder(crops)[1], dim=1).double().numpy()
    known = persons.double().numpy()
    for row, number in enumerate(numbers):
        against = np.exp(16 * np.array([embeddings[row] @ known[other] for other in [number // EACH, *other_photos]]))
        assert float(found[row]) == pytest.approx(-np.log(against[0] / against.sum()), rel=1e-4)


def test_a_person_is_the_mean_of_the_directions_of_their_pictures():
    torch.manual_seed(0)
    encoder = TransFace(ENCODER).eval()
    faces = torch.randn(4, 3, 112, 112)
    with torch.no_grad():
        tokens, embeddings = encoder(faces)
    rows = embeddings.numpy() / np.linalg.norm(embeddings.numpy(), axis=1, keepdims=True)
    means = (rows[::2] + rows[1::2]) / 2
    wanted = means / np.linalg.norm(means, axis=1, keepdims=True)
    assert np.allclose(person_embeddings(encoder, tokens.numpy(), 2).numpy(), wanted, atol=1e-5)


def test_the_true_noise_leaves_the_clean_latents():
    latents = np.random.default_rng(0).standard_normal((5, 4, 2, 2)).astype(np.float32)
    sampler = NoisedSampler(latents, ["a person"] * 5, 0.5)
    numbers, noisy, noise, timesteps, _, _ = sampler.rows(np.random.default_rng(1), torch.Generator().manual_seed(1), 6)
    assert np.allclose(sampler.clean(noisy, noise, timesteps).numpy(), latents[numbers], atol=1e-3)
    # the sum of variances is 1, by the schedule of SD1.5: betas from 0.00085 to 0.012, linear in their roots
    left = np.cumprod(1 - np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2)
    assert np.allclose(sampler.signal(timesteps).numpy(), left[timesteps.numpy()] ** 0.5, rtol=1e-4)
