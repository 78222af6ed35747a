"""Cards: an Identity in a safetensors file, which holds no photo but the aligned face and a thumbnail."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from facechain_ext.errors import PhotoError, WeightsError
from facechain_ext.identity.encode import PhotoFact
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.storage.paths import special_file
from facechain_ext.text_values import replace_surrogates
from facechain_ext.weights.state_dict_spec import check_state_dict, check_values, is_finite, require_key

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from facechain_ext.faces.types import Pixels

FORMAT = "facechain-identity"
VERSION = 2
"""Raised whenever an older reader could not understand a newer card."""
_UNMIXED = 1
"""The version of cards of one person, which every reader understands; mixed ones have 2."""
_KIND = "an identity card"
_MAX_BYTES = 256 << 20
"""A card of one photo has 0.5 MB; one this large is something else."""
_MAX_THUMBNAIL = 1024
"""Ours have 192 pixels a side; a far larger one would only stall the library."""


@dataclass(frozen=True, eq=False)
class IdentityData:
    """What an identity consists of and a card holds.

    ``face_tokens`` float32 [n, 144, width] and ``embeddings`` float32 [n, 512] come from n photos; ``aligned`` uint8
    [n, 112, 112, 3] is what the encoder saw of each, ``thumbnail`` a picture for the library. ``weights`` say how much
    each photo counts (1 = fully, 0 = not at all). ``encoder`` is the encoder's digest. ``notes`` are warnings for the
    user, in words.

    A mix of people has a ``blend``: for each block of identity tokens the shares of all n photos, and a weight for each
    block instead of each photo. Without one every photo has a block of its own.
    """

    face_tokens: Tensor
    embeddings: Tensor
    aligned: Pixels
    thumbnail: Pixels
    photos: tuple[PhotoFact, ...]
    weights: tuple[float, ...]
    encoder: str
    name: str = ""
    notes: tuple[str, ...] = ()
    blend: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        count = len(self.face_tokens)
        if not count or not any(weight > 0 for weight in self.weights):
            raise PhotoError("At least one photo has to count: set one of the weights above 0.")
        lengths = {len(self.embeddings), len(self.aligned), len(self.photos), *map(len, self.blend)}
        blocks = len(self.blend) or count
        if lengths != {count} or len(self.weights) != blocks or any(not 0.0 <= w <= 1.0 for w in self.weights):
            raise ValueError(f"An identity of {count} photos needs as many facts, and {blocks} weights in 0..1.")
        if any(not 0 <= share < float("inf") for row in self.blend for share in row) or any(
            not sum(row) > 0 for row in self.blend
        ):
            raise ValueError("The shares of a mix have to be 0 or more, and some above 0 for each block of tokens.")


D = TypeVar("D", bound=IdentityData)


def save_card(identity: IdentityData, path: Path, *, overwrite: bool = False) -> None:
    """Write ``identity`` to ``path``, which appears only when it is whole.

    Raises WeightsError when the file exists and ``overwrite`` is not set, or when it cannot be written.
    """
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.torch import save_file  # noqa: PLC0415

    taken = f"{path.name} exists already and is not overwritten; choose another name."
    if path.exists() and not overwrite:
        raise WeightsError(taken)
    if not is_finite(identity.face_tokens) or not is_finite(identity.embeddings):
        raise WeightsError(
            f"{path.name} is not written: some numbers of this person are not finite. Check the encoder's file."
        )
    facts = {
        "name": identity.name,
        "encoder": identity.encoder,
        "weights": list(identity.weights),
        "photos": [asdict(photo) for photo in identity.photos],
        "notes": list(identity.notes),
    }
    if identity.blend:
        facts["blend"] = identity.blend
    tensors = {
        "face_tokens": identity.face_tokens.contiguous(),
        "embeddings": identity.embeddings.contiguous(),
        "aligned": torch.from_numpy(identity.aligned.copy()),
        "thumbnail": torch.from_numpy(identity.thumbnail.copy()),
    }
    words = {
        "format": FORMAT,
        "version": str(card_version(identity)),
        "facts": replace_surrogates(json.dumps(facts, ensure_ascii=False)),
    }
    try:
        with atomic_write(path, new=not overwrite) as part:
            save_file(tensors, part, metadata=words)
    except FileExistsError as error:
        raise WeightsError(taken) from error
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path.name} cannot be written ({error}); check the disk and the folder.") from error


def card_version(identity: IdentityData) -> int:
    """The version of the card that an identity is written to."""
    return VERSION if identity.blend else _UNMIXED


@dataclass(frozen=True, eq=False)
class CardFacts:
    """What a card says without its tokens: enough for a library to show it. ``thumbnail`` is uint8 [192, 192, 3]."""

    name: str
    encoder: str
    version: int
    photos: tuple[PhotoFact, ...]
    weights: tuple[float, ...]
    notes: tuple[str, ...]
    thumbnail: Pixels
    blend: tuple[tuple[float, ...], ...] = ()


def load_card(path: Path, kind: type[D]) -> D:
    """Read a card as a ``kind`` of identity.

    Raises WeightsError when the file is missing, damaged, no card, or made by a newer version.
    """
    tensors, metadata = _read(path)
    if metadata.get("format") != FORMAT:
        check_state_dict(tensors, {"face_tokens": ()}, what=_KIND, source=path.name)
    facts = _facts(tensors, metadata, path)
    tokens = require_key(tensors, "face_tokens", 3, what=_KIND, source=path.name)
    embeddings = require_key(tensors, "embeddings", 2, what=_KIND, source=path.name)
    aligned = require_key(tensors, "aligned", 4, what=_KIND, source=path.name)
    check_values({"face_tokens": tokens, "embeddings": embeddings}, what=_KIND, source=path.name)
    if aligned.dtype != torch.uint8 or aligned.shape[-1] != 3:
        raise _damaged(path, f"its faces are {aligned.dtype} of shape {tuple(aligned.shape)}")
    try:
        return kind(
            face_tokens=tokens.float(),
            embeddings=embeddings.float(),
            aligned=aligned.to(torch.uint8).numpy(),
            thumbnail=facts.thumbnail,
            photos=facts.photos,
            weights=facts.weights,
            encoder=facts.encoder,
            name=facts.name,
            notes=facts.notes,
            blend=facts.blend,
        )
    except (ValueError, PhotoError) as error:
        raise _damaged(path, error) from error


def card_facts(path: Path) -> CardFacts:
    """What a card says of itself; its tokens are not read. Raises WeightsError as ``load_card`` does."""
    tensors, metadata = _read(path, only="thumbnail")
    return _facts(tensors, metadata, path)


def _facts(tensors: dict[str, torch.Tensor], metadata: dict[str, str], path: Path) -> CardFacts:
    """The checked words and the thumbnail of a card."""
    if metadata.get("format") != FORMAT:
        raise WeightsError(f"{path.name} is not an identity card; choose a card that FaceChain saved.")
    if metadata.get("version") not in (str(_UNMIXED), str(VERSION)):
        raise WeightsError(
            f"{path.name} is a card of version {metadata.get('version')}, this FaceChain reads version {VERSION}: "
            "update FaceChain, or make the card again from the photo."
        )
    thumbnail = require_key(tensors, "thumbnail", 3, what=_KIND, source=path.name)
    if thumbnail.shape[2] != 3 or not 0 < max(thumbnail.shape[:2]) <= _MAX_THUMBNAIL:
        raise _damaged(path, f"its thumbnail has the shape {tuple(thumbnail.shape)}")
    try:
        facts = json.loads(metadata["facts"])
        return CardFacts(
            name=str(facts["name"]),
            encoder=str(facts["encoder"]),
            version=int(metadata["version"]),
            photos=tuple(_photo(fact) for fact in facts["photos"]),
            weights=tuple(float(weight) for weight in facts["weights"]),
            notes=tuple(str(note) for note in facts["notes"]),
            thumbnail=thumbnail.to(torch.uint8).numpy(),
            blend=tuple(tuple(float(share) for share in row) for row in facts.get("blend", ())),
        )
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, why: object) -> WeightsError:
    return WeightsError(f"The card {path.name} is damaged ({why}); make it again from the photo.")


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


def _read(path: Path, only: str = "") -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors of a file, or the one called ``only`` if it is there, and its words."""
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415

    try:
        special = special_file(path)
        if special:
            raise WeightsError(f"{path} is {special}, not a file; save the card as a file and name that.")
        size = path.stat().st_size
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or error
        raise WeightsError(f"The card {path.name} cannot be read ({reason}); choose another.") from error
    if size > _MAX_BYTES:
        raise WeightsError(f"{path.name} has {size >> 20} MB and is no identity card; choose a card of FaceChain's.")
    try:
        with safe_open(path, framework="pt") as file:
            names = [name for name in file.keys() if only in ("", name)]  # noqa: SIM118 - not a dict
            return {name: file.get_tensor(name) for name in names}, dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(
            f"{path.name} is not an identity card or is damaged ({error}); make it again from the photo."
        ) from error
