"""Identity: one person for conditioning, from one or several photos or mixed from several people."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor

from facechain_ext import faces
from facechain_ext.errors import InputError, PhotoError
from facechain_ext.identity.card import IdentityData, load_card, save_card
from facechain_ext.identity.encode import encode_photo
from facechain_ext.identity.projection_cache import project_cached

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray
    from PIL import Image

    from facechain_ext.faces.types import Detector, HeadMasker
    from facechain_ext.identity.projection_cache import SupportsProject
    from facechain_ext.identity.transface import TransFace

    PhotoSource: TypeAlias = "str | Path | bytes | Image.Image | NDArray[np.generic] | faces.Picture"

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Conditioning:
    """An identity as conditioning for one adapter.

    ``tokens`` [16 n, 768] are for conditional rows, ``null_tokens`` of the same shape for unconditional ones. ``bias``
    [16 n] holds the logarithms of the photos' weights, None when all weights are equal: added to the attention logits
    of the tokens, it fades a photo smoothly from full weight to absence.
    """

    tokens: Tensor
    null_tokens: Tensor
    bias: Tensor | None


class Identity(IdentityData):
    """One person, from one photo or several, or mixed from several people."""

    @classmethod
    def from_photos(
        cls,
        photos: PhotoSource | Sequence[PhotoSource],
        encoder: TransFace,
        *,
        face: int | None = None,
        weights: Sequence[float] | None = None,
        detector: Detector | None = None,
        masker: HeadMasker | None = None,
        name: str = "",
    ) -> Identity:
        """The person in ``photos`` (paths, bytes, PIL pictures, RGB arrays; one or several).

        ``face`` is the number of the face in each photo, left to right from 1, or None for the largest. Unusable
        photos are left out and named in ``notes``. ``detector`` and ``masker`` are the best available by default.
        Encodings are cached by the content of the photo. Raises PhotoError when no photo can be used, for a single
        photo with the reason; InputError when the numbers of photos and weights differ.
        """
        sources: list[PhotoSource] = (
            list(photos) if isinstance(photos, (list, tuple)) else [cast("PhotoSource", photos)]
        )
        if not sources:
            raise PhotoError("There is no photo; add one that shows the face from the front.")
        photo_weights = list(weights) if weights is not None else [1.0] * len(sources)
        if len(photo_weights) != len(sources):
            raise InputError(f"There are {len(sources)} photos but {len(photo_weights)} weights.")
        encoded, encoded_weights, notes = [], [], []
        errors: list[PhotoError] = []
        for number, (source, weight) in enumerate(zip(sources, photo_weights, strict=True), 1):
            label = f"Photo {number}: " if len(sources) > 1 else ""
            try:
                picture = faces.read_picture(source)  # before any network is asked for
                detector, masker = detector or faces.detector(), masker or faces.head_masker()
                encoded_face = encode_photo(picture, encoder, face, detector, masker)
            except PhotoError as error:
                errors.append(error)
                notes.append(f"{label}{error}")
                log.warning("left out a photo: %s", error)
                continue
            encoded.append(encoded_face)
            encoded_weights.append(weight)
            notes += [f"{label}{note}" for note in encoded_face.notes]
        if not encoded:
            raise errors[0] if len(errors) == 1 else PhotoError("No photo can be used. " + " ".join(notes))
        return cls(
            face_tokens=torch.stack([one.tokens for one in encoded]),
            embeddings=torch.stack([one.embedding for one in encoded]),
            aligned=np.stack([one.aligned for one in encoded]),
            heads=np.stack([one.head for one in encoded]),
            middles=np.stack([one.middle for one in encoded]),
            thumbnail=encoded[0].thumbnail,
            photos=tuple(one.fact for one in encoded),
            weights=tuple(encoded_weights),
            encoder=encoder.digest,
            name=name,
            notes=tuple(notes),
        )

    @classmethod
    def mix(cls, parts: Sequence[tuple[Identity, float]], *, name: str = "") -> Identity:
        """A mix of identities: their identity tokens and embeddings averaged with weights of 0 or more.

        Tokens are averaged after the projector, where the k-th tokens of all people come from the same query: along the
        interpolation the likeness to one person falls as that to the other rises. (Averages before the projector were
        less like both people at equal weights than at 1 to 3.) With all the weight on one person the result is that
        person. Photos are paired cyclically when their numbers differ. Raises InputError when no weight is above 0 or
        the identities come from different encoders.
        """
        total = sum(max(weight, 0.0) for _, weight in parts)
        used = [(person, weight / total) for person, weight in parts if weight > 0] if total > 0 else []
        if not used:
            raise InputError("Mixing needs a weight above 0 for at least one person.")
        if len(used) == 1:
            return replace(used[0][0], name=name or used[0][0].name)
        if len({(person.encoder, person.face_tokens.shape[1:]) for person, _ in used}) > 1:
            raise InputError("The people to mix were encoded by different encoders; make their cards again with one.")
        count = max(len(person.weights) for person, _ in used)
        blend = tuple(
            tuple(w * share for p, w in used for share in p.block_shares(k % len(p.weights))) for k in range(count)
        )
        dominant = max(used, key=lambda part: part[1])[0]
        heads = [person.heads for person, _ in used if person.heads is not None]
        middles = [person.middles for person, _ in used if person.middles is not None]
        label = " + ".join(f"{person.name or person.digest} {round(100 * w)} %" for person, w in used)
        return cls(
            face_tokens=torch.cat([person.face_tokens for person, _ in used]),
            embeddings=torch.cat([person.embeddings for person, _ in used]),
            aligned=np.concatenate([person.aligned for person, _ in used]),
            heads=np.concatenate(heads) if len(heads) == len(used) else None,
            middles=np.concatenate(middles) if len(middles) == len(used) else None,
            thumbnail=dominant.thumbnail,
            photos=tuple(photo for person, _ in used for photo in person.photos),
            weights=tuple(dominant.weights[k % len(dominant.weights)] for k in range(count)),
            encoder=dominant.encoder,
            name=name or label,
            blend=blend,
        )

    @property
    def photo_shares(self) -> tuple[float, ...]:
        """The weight of each photo, 0..1; in a mix its share, averaged over the blocks of identity tokens."""
        if not self.blend:
            return self.weights
        rows = [[w * share for share in row] for w, row in zip(self.weights, self.blend, strict=True)]
        return tuple(sum(column) / len(rows) for column in zip(*rows, strict=True))

    @property
    def embedding(self) -> Tensor:
        """The weighted mean of the embeddings, for likeness: float32 [512] of unit length."""
        units = self._mix_rows(torch.nn.functional.normalize(self.embeddings, dim=1))
        return _normalize((torch.tensor(self.weights)[:, None] * units).sum(0))

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that identify this identity and do not reveal the face."""
        hasher = hashlib.sha256(self.face_tokens.half().numpy().tobytes())
        hasher.update(repr(self.weights + self.blend).encode())
        return hasher.hexdigest()[:8]

    def conditioning(self, adapter: SupportsProject) -> Conditioning:
        """The conditioning that ``attach`` needs, for one adapter."""
        used_blocks = [k for k, weight in enumerate(self.weights) if weight > 0]
        if self.blend:
            tokens = self._mix_rows(project_cached(adapter, self.face_tokens))[used_blocks]
        else:
            tokens = project_cached(adapter, self.face_tokens[used_blocks])
        null_tokens = project_cached(adapter, torch.zeros_like(self.face_tokens[:1]))
        weights = torch.tensor([self.weights[k] for k in used_blocks])
        bias = weights.log().repeat_interleave(tokens.shape[1]) if bool((weights != weights[0]).any()) else None
        return Conditioning(tokens.flatten(0, 1), null_tokens.expand_as(tokens).flatten(0, 1), bias)

    def block_shares(self, block: int) -> tuple[float, ...]:
        """The shares of all photos in one block of identity tokens."""
        if self.blend:
            return self.blend[block]
        return tuple(float(photo == block) for photo in range(len(self.photos)))

    def _mix_rows(self, rows: Tensor) -> Tensor:
        """Rows of the photos [n, ...] mixed to rows of the blocks of tokens [blocks, ...]."""
        if not self.blend:
            return rows
        shares = torch.tensor(self.blend, dtype=rows.dtype, device=rows.device)
        return torch.einsum("kn,n...->k...", shares, rows)

    def tokens(self, adapter: SupportsProject) -> Tensor:
        """Identity tokens of every photo with a weight above 0, concatenated: [16 n, 768]."""
        return self.conditioning(adapter).tokens

    def null_tokens(self, adapter: SupportsProject) -> Tensor:
        """Tokens for unconditional rows: projector(zeros), one block per photo, [16 n, 768] (the published setting)."""
        return self.conditioning(adapter).null_tokens

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Save a card; see facechain_ext.identity.card.save_card."""
        save_card(self, Path(path), overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> Identity:
        """Load a card; see facechain_ext.identity.card.load_card."""
        return load_card(Path(path), cls)


def likeness(a: Tensor, b: Tensor) -> float:
    """Cosine of two embeddings [512] of any length, -1..1."""
    return float(_normalize(a.float().cpu()) @ _normalize(b.float().cpu()))


def _normalize(vector: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vector, dim=0)
