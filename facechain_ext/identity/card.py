"""Cards: an Identity in a safetensors file, which holds no photo but the aligned face and a thumbnail."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

from facechain_ext.errors import PhotoError, WeightsError
from facechain_ext.identity.encode import PhotoFact
from facechain_ext.identity.identity import Identity
from facechain_ext.weights.layout import check_layout, require_key

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "facechain-identity"
VERSION = 1
"""Raised whenever an older reader could not understand a newer card."""
_KIND = "an identity card"
_MAX_BYTES = 256 << 20
"""A card of one photo has 0.5 MB; one this large is something else."""


def save_card(identity: Identity, path: Path, *, overwrite: bool = False) -> None:
    """Write ``identity`` to ``path``, which appears only when it is whole.

    Raises WeightsError when the file exists and ``overwrite`` is not set.
    """
    from safetensors.torch import save_file  # noqa: PLC0415

    if path.exists() and not overwrite:
        raise WeightsError(f"{path.name} exists already and is not overwritten; choose another name.")
    facts = {
        "name": identity.name,
        "encoder": identity.encoder,
        "weights": list(identity.weights),
        "photos": [asdict(photo) for photo in identity.photos],
        "notes": list(identity.notes),
    }
    part = path.with_name(f"{path.name}.part")
    save_file(
        {
            "face_tokens": identity.face_tokens.contiguous(),
            "embeddings": identity.embeddings.contiguous(),
            "aligned": torch.from_numpy(identity.aligned.copy()),
            "thumbnail": torch.from_numpy(identity.thumbnail.copy()),
        },
        part,
        metadata={"format": FORMAT, "version": str(VERSION), "facts": json.dumps(facts, ensure_ascii=False)},
    )
    part.replace(path)


def load_card(path: Path) -> Identity:
    """Read a card.

    Raises WeightsError when the file is missing, damaged, no card, or made by a newer version.
    """
    tensors, metadata = _read(path)
    if metadata.get("format") != FORMAT:
        check_layout(tensors, {"face_tokens": ()}, what=_KIND, source=path.name)
        raise WeightsError(f"{path.name} is not an identity card; choose a card that FaceChain saved.")
    if metadata.get("version") != str(VERSION):
        raise WeightsError(
            f"{path.name} is a card of version {metadata.get('version')}, this FaceChain reads version {VERSION}: "
            "update FaceChain, or make the card again from the photo."
        )
    tokens = require_key(tensors, "face_tokens", 3, what=_KIND, source=path.name)
    embeddings = require_key(tensors, "embeddings", 2, what=_KIND, source=path.name)
    aligned = require_key(tensors, "aligned", 4, what=_KIND, source=path.name)
    thumbnail = require_key(tensors, "thumbnail", 3, what=_KIND, source=path.name)
    try:
        facts = json.loads(metadata["facts"])
        return Identity(
            face_tokens=tokens.float(),
            embeddings=embeddings.float(),
            aligned=aligned.to(torch.uint8).numpy(),
            thumbnail=thumbnail.to(torch.uint8).numpy(),
            photos=tuple(_photo(fact) for fact in facts["photos"]),
            weights=tuple(float(weight) for weight in facts["weights"]),
            encoder=str(facts["encoder"]),
            name=str(facts["name"]),
            notes=tuple(str(note) for note in facts["notes"]),
        )
    except (KeyError, TypeError, ValueError, PhotoError) as error:
        raise WeightsError(f"The card {path.name} is damaged ({error}); make it again from the photo.") from error


def _photo(fact: dict[str, Any]) -> PhotoFact:
    left, top, right, bottom = (float(side) for side in fact["box"])
    return PhotoFact(
        name=str(fact["name"]),
        digest=str(fact["digest"]),
        face=int(fact["face"]),
        box=(left, top, right, bottom),
        detector=str(fact["detector"]),
        masker=str(fact["masker"]),
    )


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415

    try:
        size = path.stat().st_size
    except OSError as error:
        raise WeightsError(f"The card {path.name} cannot be read ({error.strerror}); choose another.") from error
    if size > _MAX_BYTES:
        raise WeightsError(f"{path.name} has {size >> 20} MB and is no identity card; choose a card of FaceChain's.")
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(
            f"{path.name} is not an identity card or is damaged ({error}); make it again from the photo."
        ) from error
