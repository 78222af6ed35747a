"""Alignment against scikit-image's own estimate of a similarity."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.transform import SimilarityTransform

from facechain_ext.errors import PhotoError
from facechain_ext.faces import align
from facechain_ext.faces.alignment import ARCFACE_POINTS, similarity_transform


def scikit_images(source):
    """Its similarity onto the ArcFace points, [2, 3]; from_estimate came with version 0.26."""
    if hasattr(SimilarityTransform, "from_estimate"):
        return SimilarityTransform.from_estimate(source, ARCFACE_POINTS).params[:2]
    transform = SimilarityTransform()
    assert transform.estimate(source, ARCFACE_POINTS)
    return transform.params[:2]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_similarity_equals_scikit_images(seed):
    random = np.random.default_rng(seed)
    source = random.uniform(0, 500, (5, 2)).astype(np.float32)
    reference = scikit_images(source)
    assert np.allclose(similarity_transform(source, ARCFACE_POINTS), reference, atol=1e-3)


def test_a_face_already_in_place_stays():
    picture = np.random.default_rng(1).integers(0, 255, (112, 112, 3), np.uint8)
    assert np.array_equal(align(picture, ARCFACE_POINTS), picture)


def test_the_published_warp_without_antialiasing(astronaut, face):
    """What the published code does: scikit-image's similarity, OpenCV's bilinear warp, black border."""
    reference = scikit_images(face.landmarks)
    expected = cv2.warpAffine(astronaut, reference, (112, 112), borderValue=0)
    mine = align(astronaut, face.landmarks, antialias=False)
    assert np.abs(mine.astype(int) - expected).max() <= 2  # OpenCV rounds positions to 1/32 pixel


def test_a_large_photo_gives_the_same_face(astronaut, face):
    large = cv2.resize(astronaut, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
    landmarks = (face.landmarks + 0.5) * 5 - 0.5
    first, second = align(astronaut, face.landmarks).astype(float), align(large, landmarks).astype(float)
    assert np.abs(first - second).mean() < 3


def test_outside_the_mask_and_the_picture_is_black(astronaut, face):
    mask = np.zeros(astronaut.shape[:2], np.bool_)
    assert not align(astronaut, face.landmarks, mask=mask).any()
    mask[:, :225] = True
    half = align(astronaut, face.landmarks, mask=mask)
    assert half[:, :45].any()
    assert not half[:, 80:].any()
    assert not align(astronaut[:, :200], face.landmarks)[:, 70:].any()


def test_landmarks_in_one_point_are_refused(astronaut):
    with pytest.raises(PhotoError, match="coincide"):
        align(astronaut, np.full((5, 2), 100, np.float32))
