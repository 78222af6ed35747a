"""Encoding one face of a photo, with a cache keyed by the content of the photo."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from facechain_ext import faces
from facechain_ext.errors import PhotoError, WeightsError
from facechain_ext.faces.crop import head_and_shoulders, middle_square
from facechain_ext.faces.quality import further_reasons
from facechain_ext.identity.projection_cache import clear_projections
from facechain_ext.storage.lru_cache import LRUCache
from facechain_ext.weights.state_dict_spec import is_finite

if TYPE_CHECKING:
    from facechain_ext.faces import Picture
    from facechain_ext.faces.quality import Quality
    from facechain_ext.faces.types import Detector, Face, HeadMask, HeadMasker, Pixels, Points
    from facechain_ext.identity.transface import TransFace

log = logging.getLogger(__name__)

THUMBNAIL_SIZE = 192
"""Side of the thumbnail on a card, in pixels."""
_THUMBNAIL_SCALE = 1.9
"""Side of the thumbnail's crop, in sides of the face's box: head and a little shoulder."""
HEAD_SIZE = 224
"""Side of the picture of head and shoulders, in pixels: what CLIP's vision transformers take."""
_CACHE_CAPACITY = 128
"""Encoded photos in the cache: 0.6 MB each."""

_cache: LRUCache[EncodedFace] = LRUCache(_CACHE_CAPACITY)


@dataclass(frozen=True)
class PhotoFact:
    """The source of a face: name and sha256 of the photo, number of the face left to right, its box in pixels.

    ``detector`` and ``masker`` are the names of the providers that were used.
    """

    name: str
    digest: str
    face: int
    box: tuple[float, float, float, float]
    detector: str
    masker: str


@dataclass(frozen=True, eq=False)
class EncodedFace:
    """One face: tokens [144, width], embedding [512], aligned face uint8 [112, 112, 3], thumbnail, facts, warnings.

    ``head`` uint8 [224, 224, 3] is the square of head and shoulders, ``middle`` that of the whole photo.
    """

    tokens: torch.Tensor
    embedding: torch.Tensor
    aligned: Pixels
    thumbnail: Pixels
    head: Pixels
    middle: Pixels
    fact: PhotoFact
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class PreparedFace:
    """A face prepared for the encoder: the chosen face, its number left to right, head mask, and aligned picture.

    ``notes`` are warnings about the photo for the user; callers have to show them.
    """

    face: Face
    number: int
    head: HeadMask
    aligned: Pixels
    quality: Quality
    notes: tuple[str, ...]


def prepare_face(picture: Picture, number: int | None, detector: Detector, masker: HeadMasker) -> PreparedFace:
    """Find, mask and align one face, as FACT's published preparation does.

    ``number`` counts left to right from 1; None means the largest. The five landmarks are detected again on the masked
    picture, as in the training of the adapter; without a detection there, the first ones are used.
    Raises PhotoError when there is no usable face.
    """
    found = detector.detect(picture.pixels)
    face = faces.choose_face(found, number)
    several = []
    if number is None and len(found) > 1:
        several.append(f"There are {len(found)} faces; the largest is used. Give a number to choose another.")
    head = masker.mask(picture.pixels, face)
    landmarks = _masked_landmarks(picture.pixels, head, face, detector)
    aligned = faces.align(picture.pixels, landmarks, mask=head.head)
    quality = faces.assess_quality(picture.pixels, face, head)
    notes = (*picture.notes, *several, *face_notes(picture, face, quality))
    return PreparedFace(face, faces.number_faces(found).index(face) + 1, head, aligned, quality, notes)


def face_notes(picture: Picture, face: Face, quality: Quality) -> tuple[str, ...]:
    """Sentences about what makes a likeness of this face of the photo doubtful; none for a good one."""
    notes = faces.check_face(picture, face)
    reasons = further_reasons(quality, notes)
    return (*notes, *(f"The face is {reason}; a better photo gives a better likeness." for reason in reasons))


def encode_photo(
    picture: Picture, encoder: TransFace, number: int | None, detector: Detector, masker: HeadMasker
) -> EncodedFace:
    """Prepare and encode one face of a photo; the same photo with the same models is encoded once.

    Raises PhotoError as prepare_face does.
    """
    key = (picture.digest, str(number), encoder.digest, str(id(encoder)), detector.name, masker.name)
    cached = _cache.get(key)
    if cached is not None:
        return cached
    prepared = prepare_face(picture, number, detector, masker)
    with torch.no_grad():
        device = encoder.pos_embed.device
        tokens, embedding = encoder(to_encoder_input(prepared.aligned)[None].to(device))
    if not is_finite(tokens) or not is_finite(embedding):
        raise WeightsError(f"The face encoder gives numbers that are not finite for {picture.name}; check its file.")
    fact = PhotoFact(picture.name, picture.digest, prepared.number, prepared.face.box, detector.name, masker.name)
    encoded = EncodedFace(
        tokens[0].float().cpu(),
        embedding[0].float().cpu(),
        prepared.aligned,
        _thumbnail(picture.pixels, prepared.face),
        cv2.resize(
            head_and_shoulders(picture.pixels, prepared.face.box),
            (HEAD_SIZE, HEAD_SIZE),
            interpolation=cv2.INTER_AREA,
        ),
        middle_square(picture.pixels, HEAD_SIZE),
        fact,
        prepared.notes,
    )
    _cache.put(key, encoded)
    return encoded


def clear_encoded_photos() -> None:
    """Empty the caches of encoded faces, projections, pictures and detections; deleting a card calls this."""
    _cache.clear()
    clear_projections()
    faces.clear_detections()


def to_encoder_input(aligned: Pixels) -> torch.Tensor:
    """The encoder's input for an aligned RGB face uint8 [112, 112, 3]: float32 [3, 112, 112], (x / 255 - 0.5) / 0.5."""
    scaled = (aligned.astype(np.float32) / 255.0 - 0.5) / 0.5
    return torch.from_numpy(np.ascontiguousarray(scaled.transpose(2, 0, 1)))


def embed_aligned(encoder: TransFace, aligned: Pixels) -> torch.Tensor:
    """The encoder's embedding of an aligned RGB face uint8 [112, 112, 3]: float32 [512] on the CPU, of any length."""
    with torch.no_grad():
        embedding: torch.Tensor = encoder(to_encoder_input(aligned)[None].to(encoder.pos_embed.device))[1]
    return embedding[0].float().cpu()


def _masked_landmarks(pixels: Pixels, head: HeadMask, face: Face, detector: Detector) -> Points:
    """The landmarks of ``face`` [5, 2], detected again on the picture masked to the head."""
    rows, columns = np.where(head.head.any(1))[0], np.where(head.head.any(0))[0]
    if not len(rows):
        raise PhotoError("No head was found around the face; use a photo in which the whole head is seen.")
    # the crop makes the cost independent of the size of the photo; the black margin is that of FACT's preparation
    margin = int(max(face.width, face.height) / 2)
    top, left = max(rows[0] - margin, 0), max(columns[0] - margin, 0)
    crop = np.s_[top : rows[-1] + margin + 1, left : columns[-1] + margin + 1]
    detected = detector.detect(pixels[crop] * head.head[crop][..., None])
    shift = np.array([left, top], dtype=np.float32)
    max_shift = 0.25 * max(face.width, face.height)
    for candidate in detected:
        landmarks = candidate.landmarks + shift
        if np.abs(landmarks - face.landmarks).max() < max_shift:
            return landmarks
    log.info("no face was found on the masked picture; the landmarks of the whole picture are used")
    return face.landmarks


def _thumbnail(pixels: Pixels, face: Face) -> Pixels:
    """A square crop around the face, uint8 [192, 192, 3]; white beyond the picture."""
    side = max(face.width, face.height) * _THUMBNAIL_SCALE
    x, y = face.centre
    scale = THUMBNAIL_SIZE / side
    warp = np.array([[scale, 0, THUMBNAIL_SIZE / 2 - x * scale], [0, scale, THUMBNAIL_SIZE / 2 - y * scale]])
    thumbnail: Pixels = cv2.warpAffine(
        pixels, warp, (THUMBNAIL_SIZE, THUMBNAIL_SIZE), flags=cv2.INTER_AREA, borderValue=(255, 255, 255)
    )
    return thumbnail
