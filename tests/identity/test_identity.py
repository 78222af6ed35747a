"""From the real photo to an Identity, its cards, and mixing."""

from __future__ import annotations

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from facechain_ext import faces
from facechain_ext.errors import InputError, PhotoError, WeightsError
from facechain_ext.identity import Identity, TransFace, clear_encoded_photos, encode_photo, likeness, prepare_face
from facechain_ext.identity.encode import to_encoder_input
from tests.encoders import small_encoder


class Average:
    """A projector that can be checked by hand: two tokens a photo, the means of the two halves of its patches."""

    def project(self, face_tokens):
        return torch.stack([face_tokens[:, :72].mean(1), face_tokens[:, 72:].mean(1)], dim=1)


class Cube:
    """A projector that is not linear, as the real ones."""

    def project(self, face_tokens):
        return face_tokens.unflatten(1, (2, -1)).mean(2) ** 3


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda pixels: pixels // 16, "too dark"),
        (lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 4), "blurred"),
        (lambda pixels: pixels, None),
    ],
)
def test_what_is_doubtful_about_a_photo_goes_with_the_identity(astronaut, encoder, spoil, word):
    identity = Identity.from_photos(np.ascontiguousarray(spoil(np.asarray(astronaut))), encoder)
    assert (word is None and identity.notes == ()) or any(word in note for note in identity.notes)


def test_one_photo(person, astronaut, encoder):
    assert person.face_tokens.shape == (1, 144, 128)
    assert person.embedding.shape == (32,)
    assert float(person.embedding.norm()) == pytest.approx(1, abs=1e-5)
    assert person.aligned.shape == (1, 112, 112, 3)
    (fact,) = person.photos
    left, top, right, bottom = fact.box
    assert 150 < left < right < 300
    assert 50 < top < bottom < 200
    assert fact.face == 1
    tokens, embedding = encoder(to_encoder_input(person.aligned[0])[None])
    assert torch.allclose(tokens, person.face_tokens)
    assert likeness(embedding[0], person.embedding) == pytest.approx(1, abs=1e-5)


def test_the_aligned_face_is_where_arcface_wants_it(person):
    bigger = np.asarray(Image.fromarray(person.aligned[0]).resize((448, 448)))
    (face,) = faces.detector().detect(np.pad(bigger, ((100, 100), (100, 100), (0, 0))))
    found = (face.landmarks - 100) / 4
    wanted = np.array([(38.29, 51.70), (73.53, 51.50), (56.03, 71.74), (41.55, 92.37), (70.73, 92.20)])
    # no face has the template's proportions, but no further turn, scale or shift may bring it closer: least squares
    rows = [[(x, -y, 1, 0), (y, x, 0, 1)] for x, y in found - 56]
    a, b, right, down = np.linalg.lstsq(np.array(rows).reshape(-1, 4), (wanted - 56).ravel(), rcond=None)[0]
    assert np.hypot(a, b) == pytest.approx(1, abs=0.05)
    assert abs(np.degrees(np.arctan2(b, a))) < 2
    assert np.hypot(right, down) < 2.5


def test_the_background_is_black(person):
    corner = person.aligned[0][-6:, :12]
    assert float((corner.max(-1) < 8).mean()) > 0.9


def test_a_photo_is_encoded_once(astronaut, encoder, monkeypatch):
    clear_encoded_photos()
    calls = []
    original = type(encoder).forward
    monkeypatch.setattr(type(encoder), "forward", lambda self, x: calls.append(1) or original(self, x))
    one = Identity.from_photos(astronaut, encoder)
    buffer = io.BytesIO()
    Image.fromarray(astronaut).save(buffer, "PNG")
    two = Identity.from_photos([buffer.getvalue()], encoder)
    assert len(calls) == 1
    assert torch.equal(one.face_tokens, two.face_tokens)


def test_faces_are_numbered_from_the_left(astronaut, encoder):
    face = astronaut[:256, 100:356]
    small = np.asarray(Image.fromarray(face).resize((160, 160)))
    both = np.full((256, 480, 3), 128, np.uint8)
    both[40:200, 10:170] = small
    both[:, 200:456] = face[:, ::-1]
    largest = Identity.from_photos(both, encoder)
    assert largest.photos[0].face == 2
    assert any("2 faces" in note for note in largest.notes)
    assert Identity.from_photos(both, encoder, face=1).photos[0].box[2] < 200
    with pytest.raises(PhotoError, match="no face number 3"):
        Identity.from_photos(both, encoder, face=3)


def test_bad_photos_are_left_out_and_named(astronaut, encoder):
    empty = np.full((200, 200, 3), 90, np.uint8)
    person = Identity.from_photos([empty, astronaut, b"no picture"], encoder)
    assert len(person.photos) == 1
    assert any(note.startswith("Photo 1: No face") for note in person.notes)
    assert any(note.startswith("Photo 3: ") for note in person.notes)
    with pytest.raises(PhotoError, match="No face"):
        Identity.from_photos(empty, encoder)
    with pytest.raises(PhotoError, match="no photo"):
        Identity.from_photos([], encoder)


def test_a_tiny_face_says_how_large_it_should_be(astronaut, encoder):
    tiny = np.asarray(Image.fromarray(astronaut).resize((170, 170), Image.Resampling.LANCZOS))
    with pytest.raises(PhotoError, match="pixels"):
        Identity.from_photos(tiny, encoder)


def test_tokens_of_several_photos_follow_one_another(astronaut, encoder):
    mirrored = np.ascontiguousarray(astronaut[:, ::-1])
    person = Identity.from_photos([astronaut, mirrored], encoder)
    tokens = person.tokens(Average())
    assert tokens.shape == (4, 128)
    assert torch.allclose(tokens[:2], Average().project(person.face_tokens[:1])[0])
    assert torch.allclose(tokens[2:], Average().project(person.face_tokens[1:])[0])
    assert not person.null_tokens(Average()).any()
    assert person.null_tokens(Average()).shape == tokens.shape


@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.3, 0.3), (1.0, 0.25), (1.0, 0.0)])
def test_photo_weights(astronaut, encoder, weights):
    mirrored = np.ascontiguousarray(astronaut[:, ::-1])
    person = Identity.from_photos([astronaut, mirrored], encoder, weights=weights)
    seen = person.conditioning(Average())
    counting = [weight for weight in weights if weight > 0]
    assert len(seen.tokens) == 2 * len(counting)
    if len(set(counting)) == 1:
        assert seen.bias is None
    else:
        assert torch.allclose(seen.bias, torch.tensor([1.0, 1.0, 0.25, 0.25]).log())


def test_mixing_goes_smoothly_from_one_to_the_other(person, astronaut, encoder):
    other = Identity.from_photos([astronaut[:, ::-1], np.rot90(astronaut, 0)[::1] // 2 + 20], encoder)
    to_first, to_second = [], []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        mixed = Identity.mix([(person, 1 - share), (other, share)])
        to_first.append(likeness(mixed.embedding, person.embedding))
        to_second.append(likeness(mixed.embedding, other.embedding))
    assert to_first == sorted(to_first, reverse=True)
    assert to_second == sorted(to_second)
    assert torch.equal(Identity.mix([(person, 2.0), (other, 0.0)]).face_tokens, person.face_tokens)


def test_a_mix_is_the_average_of_what_the_unet_sees(person, astronaut, encoder, tmp_path):
    """Of identity tokens, whatever the projector makes of a face; a mix of a mix is one; a card gives it back."""
    other = Identity.from_photos([astronaut[:, ::-1], np.rot90(astronaut, 0)[::1] // 2 + 20], encoder)
    mixed = Identity.mix([(person, 3.0), (other, 1.0)])
    photos = [Cube().project(one)[0] for one in (person.face_tokens[:1], other.face_tokens[:1], other.face_tokens[1:])]
    expected = [0.75 * photos[0] + 0.25 * photos[1], 0.75 * photos[0] + 0.25 * photos[2]]
    torch.testing.assert_close(mixed.tokens(Cube()), torch.cat(expected))
    assert mixed.null_tokens(Cube()).shape == mixed.tokens(Cube()).shape
    assert mixed.photo_shares == pytest.approx((0.75, 0.125, 0.125))
    again = Identity.mix([(mixed, 1.0), (person, 1.0)])
    torch.testing.assert_close(again.tokens(Cube())[:2], 0.5 * expected[0] + 0.5 * photos[0])
    mixed.save(tmp_path / "mixed.safetensors")
    back = Identity.load(tmp_path / "mixed.safetensors")
    assert torch.equal(back.tokens(Cube()), mixed.tokens(Cube()))
    assert torch.equal(back.embedding, mixed.embedding)
    assert (back.digest, back.blend, back.weights) == (mixed.digest, mixed.blend, mixed.weights)
    assert len({person.digest, mixed.digest, Identity.mix([(person, 1.0), (other, 3.0)]).digest}) == 3


@pytest.mark.parametrize("blend", [((0.5, 0.5),), ((-1.0,),), ((0.0,),), ((1.0,), (1.0,))])
def test_a_blend_that_does_not_fit_is_refused(person, blend):
    with pytest.raises(InputError, match=r"photos needs|shares"):
        replace(person, blend=blend)


def test_mixing_nobody_is_refused(person):
    with pytest.raises(InputError, match="above 0"):
        Identity.mix([(person, 0.0)])


def test_preparing_shows_what_the_encoder_sees(astronaut, encoder):
    picture = faces.read_picture(astronaut)
    prepared = prepare_face(picture, None, faces.detector(), faces.head_masker())
    assert prepared.number == 1
    assert prepared.head.head[prepared.head.face].all()
    assert prepared.head.face.sum() < prepared.head.head.sum() < 0.2 * prepared.head.head.size
    encoded = encode_photo(picture, encoder, None, faces.detector(), faces.head_masker())
    assert np.array_equal(encoded.aligned, prepared.aligned)


def test_an_encoder_of_wrong_contents_is_one_sentence(tmp_path):
    state = small_encoder().state_dict()
    for change, message in ((lambda v: v * torch.nan, "not finite"), (lambda v: v.to(torch.int8), "int8")):
        save_file(state | {"norm.weight": change(state["norm.weight"])}, tmp_path / "encoder.safetensors")
        with pytest.raises(WeightsError, match=rf"^encoder\.safetensors .*{message}"):
            TransFace.from_file(tmp_path / "encoder.safetensors")
