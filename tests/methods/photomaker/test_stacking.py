"""From an identity's photos to stacked ID embeddings: both versions, mixing, photos without a face."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from facechain_ext.errors import InputError, PhotoError, WeightsError
from facechain_ext.faces.types import Face
from facechain_ext.identity import Identity
from facechain_ext.identity.encode import PhotoFact
from facechain_ext.methods.photomaker import PhotoMakerSizes, clip_pixels, new_photomaker, recognition, stacking
from facechain_ext.methods.photomaker.clip_vision import VisionSizes
from facechain_ext.methods.photomaker.model import QFormerSizes
from facechain_ext.methods.photomaker.prepared import PreparedPhotoMaker
from facechain_ext.methods.photomaker.settings import MIDDLE, STACK
from facechain_ext.methods.photomaker.stacking import stack_identity
from facechain_ext.recipes.job import Person
from tests.methods.photomaker import reference

VISION = VisionSizes(width=128, depth=1, hidden=192, patch=14, patches=16)
QFORMER = QFormerSizes(face=24, token_hidden=48, depth=1, hidden=64)


def encoder(version):
    torch.manual_seed(version)
    return new_photomaker(PhotoMakerSizes(VISION, text=(96, 160), qformer=QFORMER if version == 2 else None))


def someone(photos=1, *, seed=0, weights=None):
    made = np.random.default_rng(seed)
    return Identity(
        face_tokens=torch.zeros(photos, 4, 8),
        embeddings=torch.ones(photos, 8),
        aligned=np.zeros((photos, 112, 112, 3), np.uint8),
        thumbnail=np.zeros((192, 192, 3), np.uint8),
        photos=tuple(PhotoFact(f"{n}.png", "0" * 64, 1, (0.0, 0.0, 1.0, 1.0), "none", "none") for n in range(photos)),
        weights=weights or (1.0,) * photos,
        encoder="none",
        heads=made.integers(0, 256, (photos, 224, 224, 3), np.uint8),
        middles=made.integers(0, 256, (photos, 224, 224, 3), np.uint8),
    )


def vector(head):
    """A made up recognition embedding that depends on the photo."""
    return 5 * np.random.default_rng(int(head.sum())).standard_normal(24).astype(np.float32)


@pytest.fixture
def faceless(monkeypatch):
    """Gives the photos whose faces nobody finds; all others have one."""
    hidden: list[int] = []

    def embed(head):
        return None if int(head.sum()) in hidden else vector(head)

    monkeypatch.setattr(stacking, "face_embedding", lambda _source: embed)
    return hidden


def published(model, heads, faces=None):
    pixels = [clip_pixels(head, VISION.side) for head in heads]
    faces = faces or [None] * len(heads)
    made = [
        reference.id_embeds(model.state_dict(), one, None if face is None else torch.from_numpy(face))
        for one, face in zip(pixels, faces, strict=True)
    ]
    return torch.cat(made)


@pytest.mark.parametrize("photos", [1, 3])
def test_version_1_stacks_one_embedding_a_photo(photos):
    model, person = encoder(1), someone(photos)
    made = stack_identity(model, person)
    assert made.embeds.shape == (photos, 256)
    torch.testing.assert_close(made.embeds, published(model, person.heads), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("photos", [1, 3])
def test_version_2_stacks_two_with_the_recognition_embedding(faceless, photos):
    model, person = encoder(2), someone(photos)
    made = stack_identity(model, person)
    assert made.embeds.shape == (2 * photos, 256)
    expected = published(model, person.heads, [vector(head) for head in person.heads])
    torch.testing.assert_close(made.embeds, expected, rtol=1e-4, atol=1e-5)
    assert made.weights.tolist() == [1.0] * (2 * photos)


def test_a_photo_without_a_face_is_left_out_of_both_inputs(faceless):
    model, person = encoder(2), someone(3, weights=(1.0, 0.5, 0.25))
    faceless.append(int(person.heads[1].sum()))
    made = stack_identity(model, person)
    others = person.heads[[0, 2]]
    expected = published(model, others, [vector(head) for head in others])
    torch.testing.assert_close(made.embeds, expected, rtol=1e-4, atol=1e-5)
    assert made.weights.tolist() == [1.0, 1.0, 0.25, 0.25]
    assert made.notes == ("The photo 1.png is left out: PhotoMaker v2 finds no face in it.",)
    faceless += [int(head.sum()) for head in person.heads]
    with pytest.raises(InputError, match=r"No face is found in any photo.*version 1"):
        stack_identity(model, person)


def test_an_average_goes_smoothly_from_one_person_to_the_other():
    model = encoder(1)
    one, other = someone(seed=1), someone(seed=2)
    ends = [stack_identity(model, person).embeds for person in (one, other)]
    for share in (0.0, 0.3, 1.0):
        mixed = stack_identity(model, Identity.mix([(one, 1 - share), (other, share)]))
        torch.testing.assert_close(mixed.embeds, (1 - share) * ends[0] + share * ends[1], rtol=1e-4, atol=1e-5)


def test_a_stack_has_everybodys_photos_with_their_shares():
    model = encoder(1)
    one, other = someone(2, seed=1), someone(1, seed=2)
    mixed = stack_identity(model, Identity.mix([(one, 0.25), (other, 0.75)]), STACK)
    torch.testing.assert_close(mixed.embeds, published(model, [*one.heads, *other.heads]), rtol=1e-4, atol=1e-5)
    assert mixed.weights.tolist() == pytest.approx([1 / 6, 1 / 6, 1.0])
    alone = stack_identity(model, one, STACK)
    assert torch.equal(alone.embeds, stack_identity(model, one).embeds)


def test_a_mix_without_one_persons_faces_keeps_the_other(faceless):
    model, one, other = encoder(2), someone(seed=1), someone(seed=2)
    faceless.append(int(one.heads[0].sum()))
    mixed = stack_identity(model, Identity.mix([(one, 0.5), (other, 0.5)]))
    torch.testing.assert_close(mixed.embeds, stack_identity(model, other).embeds, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("lacking", ["network", "onnxruntime"])
def test_without_buffalo_l_version_2_says_what_it_needs(monkeypatch, tmp_path, lacking):
    there = None if lacking == "network" else tmp_path / "w600k_r50.onnx"
    monkeypatch.setattr(recognition, "find_buffalo_recogniser", lambda: there)
    monkeypatch.setattr(recognition, "is_installed", lambda _package: False)
    with pytest.raises(WeightsError, match=r"is PhotoMaker v2.*non-commercial research only.*version 1"):
        stack_identity(encoder(2), someone())


def test_the_embedding_is_that_of_the_unmasked_face_as_the_network_gives_it(monkeypatch):
    landmarks = np.array([(90, 80), (134, 80), (112, 105), (95, 130), (129, 130)], np.float32)
    found = [Face((70.0, 50.0, 154.0, 150.0), landmarks, 1.0)]
    detector = type("Detector", (), {"detect": lambda _self, pixels: found if pixels.any() else []})()
    monkeypatch.setattr(recognition.faces, "detector", lambda: detector)
    seen = []

    class Network:
        def features(self, aligned):
            seen.append(aligned)
            return np.full(512, 3.0, np.float32)  # of another length than 1, as buffalo_l's are

    head = np.full((224, 224, 3), 200, np.uint8)
    assert float(recognition._embed(Network(), head)[0]) == 3.0
    assert seen[0].shape == (112, 112, 3)
    assert seen[0].min() == 200  # nothing is blackened
    assert recognition._embed(Network(), np.zeros((224, 224, 3), np.uint8)) is None


def test_no_face_is_an_error_of_the_photo_elsewhere():
    with pytest.raises(PhotoError):
        recognition.faces.choose_face([], None)


def test_weights_of_photos_stay_with_their_embeddings():
    person = replace(someone(3), weights=(1.0, 0.0, 0.5))
    assert stack_identity(encoder(1), person).weights.tolist() == [1.0, 0.5]


@pytest.mark.parametrize("version", [1, 2])
def test_the_published_crop_is_the_photos_middle_and_a_card_says_that_it_has_none(version, faceless, tmp_path):
    person, model = someone(2), encoder(version)
    vectors = [vector(head) for head in person.heads] if version == 2 else None
    made = stacking.stack_identity(model, person, crop=MIDDLE)
    torch.testing.assert_close(made.embeds, published(model, person.middles, vectors), rtol=1e-4, atol=1e-5)
    assert made.notes == ()
    person.save(tmp_path / "card.safetensors")
    card = Identity.load(tmp_path / "card.safetensors")
    assert card.middles is None
    from_card = stacking.stack_identity(model, card, crop=MIDDLE)
    torch.testing.assert_close(from_card.embeds, stacking.stack_identity(model, person).embeds)
    assert "Give the photos" in " ".join(from_card.notes)


def test_a_picture_names_the_crop_that_was_taken(tmp_path):
    person, asked = someone(), {"photo_crop": MIDDLE}
    made = PreparedPhotoMaker(encoder(1), [Person(person)], asked)
    assert made.settings["photo_crop"] == MIDDLE
    person.save(tmp_path / "card.safetensors")
    from_card = PreparedPhotoMaker(encoder(1), [Person(Identity.load(tmp_path / "card.safetensors"))], asked)
    assert from_card.settings["photo_crop"] == ""
    assert "Give the photos" in " ".join(from_card.notes)
