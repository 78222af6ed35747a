"""The LoRA of a person on the person's card."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext import faces
from facechain_ext.errors import HostError
from facechain_ext.identity import Identity, TransFace
from facechain_ext.identity.card_lora import CardLora
from facechain_ext.identity.encode import THUMBNAIL_SIZE
from facechain_ext.methods.lora.files import tensors_digest
from facechain_ext.weights import read_state_dict
from facechain_ext.weights.reading import read_metadata
from facechain_ext.weights.store import how_to_get

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.training_runs.pictures import CaptionRow
    from facechain_ext.training_runs.settings import PersonRequest

WEIGHT = 1.0
"""Weight with which a person's LoRA is used alone (FaceChain v3 publishes 1.0, EasyPhoto 0.9)."""


def note_on_card(request: PersonRequest, lora: Path, rows: list[CaptionRow], best: Path | None = None) -> Path:
    """Write the LoRA's name, weight and words onto the card of the request; the card's path.

    ``best``, a picture of the person, becomes the thumbnail.
    A card that is there keeps its photos; a new one is made from the used pictures. Raises HostError where a new card
    would need an encoder that is not there.
    """
    assert request.card is not None
    card = request.card
    if card.is_file():
        person = Identity.load(card)
    else:
        if request.encoder is None:
            raise HostError(f"A card needs the face encoder. {how_to_get('transface')}")
        used = [request.pictures / row.file for row in rows if row.use]
        person = Identity.from_photos([*used], TransFace.from_file(request.encoder), name=request.name)
    noted = replace(person, name=person.name or request.name, lora=card_lora(lora, request.call))
    if best is not None:
        picture = faces.read_picture(best).pixels
        thumbnail = cv2.resize(picture, (THUMBNAIL_SIZE, THUMBNAIL_SIZE), interpolation=cv2.INTER_AREA)
        noted = replace(noted, thumbnail=np.asarray(thumbnail, np.uint8))
    noted.save(card, overwrite=True)
    return card


def card_lora(lora: Path, call: str, weight: float = WEIGHT) -> CardLora:
    """What a card notes of a LoRA's file."""
    base = read_metadata(lora).get("ss_base_model_version", "sd_v1")
    family = "SDXL" if base.startswith("sdxl") else "SD1.5"
    return CardLora(lora.name, weight, call, family, lora_digest(lora))


def lora_digest(lora: Path) -> str:
    """A short hash of a LoRA's weights, by which a card knows its file again."""
    return tensors_digest(read_state_dict(lora))
