"""Cards: an Identity in a safetensors file; of the photos it holds the aligned faces, heads and a thumbnail."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TypedDict, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.identity.card_lora import CardLora, parse_card_lora
from facechain_ext.identity.encode import PhotoFact
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.storage.paths import special_file
from facechain_ext.text_values import replace_surrogates
from facechain_ext.weights.model_type import CARD
from facechain_ext.weights.state_dict_spec import check_state_dict, check_values, is_finite, require_key

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from facechain_ext.faces.types import Pixels

FORMAT = "facechain-identity"
VERSION = 2
"""Incremented when older readers cannot read newer cards."""
_SINGLE_PERSON_VERSION = 1
"""The version of cards of one person, which every reader reads; cards of mixes have 2."""
_MAX_BYTES = 256 << 20
"""Largest file that is read as a card; a card of one photo has 0.7 MB."""
_MAX_THUMBNAIL = 1024
"""Largest side in pixels of a thumbnail that is read; cards are saved with 192."""


@dataclass(frozen=True, eq=False)
class IdentityData:
    """The data of an identity, as a card stores it.

    ``face_tokens`` float32 [n, 144, width] and ``embeddings`` float32 [n, 512] come from n photos; ``aligned`` uint8
    [n, 112, 112, 3] is the encoder's input for each, ``thumbnail`` a picture for the library. ``weights`` are the
    weights of the photos in 0..1. ``encoder`` is the encoder's digest. ``notes`` are warnings for the
    user. ``heads`` uint8 [n, side, side, 3] are the squares of head and shoulders; cards of earlier versions have none.
    ``middles`` uint8 [n, side, side, 3] are the middle squares of the photos while these are at hand; no card keeps
    them. ``lora`` is the LoRA that was learned of the person, if one was.

    A mix of people has a ``blend``: the shares of all n photos in each block of identity tokens; ``weights`` then
    belong to the blocks instead of the photos. Without a blend every photo has its own block.
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
    heads: Pixels | None = None
    middles: Pixels | None = None
    lora: CardLora | None = None

    def __post_init__(self) -> None:
        count = len(self.face_tokens)
        if not count or not any(weight > 0 for weight in self.weights):
            raise InputError("At least one photo has to count: set one of the weights above 0.")
        counts = {len(self.embeddings), len(self.aligned), len(self.photos), *map(len, self.blend)}
        counts |= {len(squares) for squares in (self.heads, self.middles) if squares is not None}
        blocks = len(self.blend) or count
        if counts != {count} or len(self.weights) != blocks or any(not 0.0 <= w <= 1.0 for w in self.weights):
            raise InputError(f"An identity of {count} photos needs as many facts, and {blocks} weights in 0..1.")
        if any(not 0 <= share < float("inf") for row in self.blend for share in row) or any(
            not sum(row) > 0 for row in self.blend
        ):
            raise InputError("The shares of a mix have to be 0 or more, and some above 0 for each block of tokens.")


D = TypeVar("D", bound=IdentityData)


def save_card(identity: IdentityData, path: Path, *, overwrite: bool = False) -> None:
    """Write ``identity`` to ``path`` atomically.

    Raises InputError when the file exists and ``overwrite`` is not set, WeightsError when it cannot be written.
    """
    exists_message = f"{path.name} exists already and is not overwritten; choose another name."
    if path.exists() and not overwrite:
        raise InputError(exists_message)
    if not is_finite(identity.face_tokens) or not is_finite(identity.embeddings):
        raise WeightsError(
            f"{path.name} is not written: some numbers of this person are not finite. Check the encoder's file."
        )
    facts: dict[str, object] = {
        "name": identity.name,
        "encoder": identity.encoder,
        "weights": list(identity.weights),
        "photos": [asdict(photo) for photo in identity.photos],
        "notes": list(identity.notes),
    }
    if identity.blend:
        facts["blend"] = identity.blend
    if identity.lora is not None:
        facts["lora"] = asdict(identity.lora)
    tensors = {
        "face_tokens": identity.face_tokens.contiguous(),
        "embeddings": identity.embeddings.contiguous(),
        "aligned": torch.from_numpy(identity.aligned.copy()),
        "thumbnail": torch.from_numpy(identity.thumbnail.copy()),
    }
    if identity.heads is not None:
        tensors["heads"] = torch.from_numpy(identity.heads.copy())
    metadata = {
        "format": FORMAT,
        "version": str(card_version(identity)),
        "facts": replace_surrogates(json.dumps(facts, ensure_ascii=False)),
    }
    try:
        with atomic_write(path, new=not overwrite) as temporary:
            save_file(tensors, temporary, metadata=metadata)
    except FileExistsError as error:
        raise InputError(exists_message) from error
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path.name} cannot be written ({error}); check the disk and the folder.") from error


def card_version(identity: IdentityData) -> int:
    """The format version of the card of an identity."""
    return VERSION if identity.blend else _SINGLE_PERSON_VERSION


@dataclass(frozen=True, eq=False)
class CardFacts:
    """A card without its tokens and embeddings, for lists. ``thumbnail`` is uint8 [192, 192, 3]."""

    name: str
    encoder: str
    version: int
    photos: tuple[PhotoFact, ...]
    weights: tuple[float, ...]
    notes: tuple[str, ...]
    thumbnail: Pixels
    blend: tuple[tuple[float, ...], ...] = ()
    lora: CardLora | None = None


def load_card(path: Path, kind: type[D]) -> D:
    """Read a card as a ``kind`` of identity.

    Raises WeightsError when the file is missing, damaged, no card, or made by a newer version.
    """
    tensors, metadata = _read(path)
    if metadata.get("format") != FORMAT:
        check_state_dict(tensors, {"face_tokens": ()}, what=CARD, source=path.name)
    facts = _parse_facts(tensors, metadata, path)
    tokens = require_key(tensors, "face_tokens", 3, what=CARD, source=path.name)
    embeddings = require_key(tensors, "embeddings", 2, what=CARD, source=path.name)
    aligned = require_key(tensors, "aligned", 4, what=CARD, source=path.name)
    check_values({"face_tokens": tokens, "embeddings": embeddings}, what=CARD, source=path.name)
    if aligned.dtype != torch.uint8 or aligned.shape[-1] != 3:
        raise _damaged(path, f"its faces are {aligned.dtype} of shape {tuple(aligned.shape)}")
    heads = _heads(tensors, path)
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
            heads=heads,
            lora=facts.lora,
        )
    except (ValueError, InputError) as error:
        raise _damaged(path, error) from error


def _heads(tensors: dict[str, torch.Tensor], path: Path) -> Pixels | None:
    """The pictures of head and shoulders; None in a card of an earlier version."""
    heads = tensors.get("heads")
    if heads is None:
        return None
    if heads.dtype != torch.uint8 or heads.ndim != 4 or heads.shape[-1] != 3 or min(heads.shape[1:3]) < 1:
        raise _damaged(path, f"its heads are {heads.dtype} of shape {tuple(heads.shape)}")
    pixels: Pixels = heads.numpy()
    return pixels


def read_card_facts(path: Path) -> CardFacts:
    """The facts of a card; its tokens are not read. Raises WeightsError as ``load_card`` does."""
    tensors, metadata = _read(path, only="thumbnail")
    return _parse_facts(tensors, metadata, path)


def _parse_facts(tensors: dict[str, torch.Tensor], metadata: dict[str, str], path: Path) -> CardFacts:
    """The checked metadata and the thumbnail of a card."""
    if metadata.get("format") != FORMAT:
        raise WeightsError(f"{path.name} is not an identity card; choose a card that FaceChain saved.")
    if metadata.get("version") not in (str(_SINGLE_PERSON_VERSION), str(VERSION)):
        raise WeightsError(
            f"{path.name} is a card of version {metadata.get('version')}, this FaceChain reads version {VERSION}: "
            "update FaceChain, or make the card again from the photo."
        )
    thumbnail = require_key(tensors, "thumbnail", 3, what=CARD, source=path.name)
    if thumbnail.shape[2] != 3 or not 0 < max(thumbnail.shape[:2]) <= _MAX_THUMBNAIL:
        raise _damaged(path, f"its thumbnail has the shape {tuple(thumbnail.shape)}")
    try:
        facts = json.loads(metadata["facts"])
        return CardFacts(
            name=str(facts["name"]),
            encoder=str(facts["encoder"]),
            version=int(metadata["version"]),
            photos=tuple(_parse_photo(fact) for fact in facts["photos"]),
            weights=tuple(float(weight) for weight in facts["weights"]),
            notes=tuple(str(note) for note in facts["notes"]),
            thumbnail=thumbnail.to(torch.uint8).numpy(),
            blend=tuple(tuple(float(share) for share in row) for row in facts.get("blend", ())),
            lora=parse_card_lora(facts.get("lora")),
        )
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError, InputError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, reason: object) -> WeightsError:
    return WeightsError(f"The card {path.name} is damaged ({reason}); make it again from the photo.")


class _PhotoFactJson(TypedDict):
    """A PhotoFact in the metadata of a card."""

    name: str
    digest: str
    face: int
    box: tuple[float, float, float, float]
    detector: str
    masker: str


def _parse_photo(fact: _PhotoFactJson) -> PhotoFact:
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
    """The tensors of a file, or only the one called ``only`` where it exists, and the metadata."""
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
            keys = file.keys()
            names = [name for name in keys if only in ("", name)]
            return {name: file.get_tensor(name) for name in names}, dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(
            f"{path.name} is not an identity card or is damaged ({error}); make it again from the photo."
        ) from error
