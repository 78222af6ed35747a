"""An Identity: who should be in the picture, from one photo or several, or mixed from several people."""

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
from facechain_ext.errors import PhotoError
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
    """A person as one adapter's U-Net sees it.

    ``tokens`` [16 n, 768] for conditional rows, ``null_tokens`` of the same shape for the others, and ``bias`` [16 n],
    the logarithms of the photos' weights, or None when all count the same: added to the logits of the tokens, it lets
    a photo fade smoothly from full weight to absence.
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

        ``face`` is the number of the face in each photo, left to right from 1, or None for the largest. Photos that
        cannot be used are left out and named in ``notes``. ``detector`` and ``masker`` are the best available by
        default. A photo that was encoded before is not encoded again.
        Raises PhotoError when no photo can be used; for a single photo it says what is wrong with it.
        """
        sources: list[PhotoSource] = (
            list(photos) if isinstance(photos, (list, tuple)) else [cast("PhotoSource", photos)]
        )
        if not sources:
            raise PhotoError("There is no photo; add one that shows the face from the front.")
        counts = list(weights) if weights is not None else [1.0] * len(sources)
        if len(counts) != len(sources):
            raise ValueError(f"There are {len(sources)} photos but {len(counts)} weights.")
        detector = detector or faces.detector()
        masker = masker or faces.head_masker()
        encoded, kept, notes = [], [], []
        refusals: list[PhotoError] = []
        for number, (source, weight) in enumerate(zip(sources, counts, strict=True), 1):
            label = f"Photo {number}: " if len(sources) > 1 else ""
            try:
                one = encode_photo(faces.read_picture(source), encoder, face, detector, masker)
            except PhotoError as refusal:
                refusals.append(refusal)
                notes.append(f"{label}{refusal}")
                log.warning("left out a photo: %s", refusal)
                continue
            encoded.append(one)
            kept.append(weight)
            notes += [f"{label}{note}" for note in one.notes]
        if not encoded:
            raise refusals[0] if len(refusals) == 1 else PhotoError("No photo can be used. " + " ".join(notes))
        return cls(
            face_tokens=torch.stack([one.tokens for one in encoded]),
            embeddings=torch.stack([one.embedding for one in encoded]),
            aligned=np.stack([one.aligned for one in encoded]),
            thumbnail=encoded[0].thumbnail,
            photos=tuple(one.fact for one in encoded),
            weights=tuple(kept),
            encoder=encoder.digest,
            name=name,
            notes=tuple(notes),
        )

    @classmethod
    def mix(cls, parts: Sequence[tuple[Identity, float]], *, name: str = "") -> Identity:
        """A person between others: their identity tokens and embeddings averaged with weights of 0 or more.

        Averaged is what the U-Net sees, after the projector: the k-th token of everybody comes from the same query, and
        on a straight line likeness falls to one person as it rises to the other. (Averages before the projector strayed
        from the line: half of one and half of the other was less like either than a quarter of them.) With all the
        weight on one person the result is that person. Photos are paired in turn when their numbers differ. Raises
        PhotoError when no weight is above 0 or the identities come from different encoders.
        """
        total = sum(max(weight, 0.0) for _, weight in parts)
        used = [(person, weight / total) for person, weight in parts if weight > 0] if total > 0 else []
        if not used:
            raise PhotoError("Mixing needs a weight above 0 for at least one person.")
        if len(used) == 1:
            return replace(used[0][0], name=name or used[0][0].name)
        if len({(person.encoder, person.face_tokens.shape[1:]) for person, _ in used}) > 1:
            raise PhotoError("The people to mix were encoded by different encoders; make their cards again with one.")
        count = max(len(person.weights) for person, _ in used)
        blend = tuple(
            tuple(w * share for p, w in used for share in p._shares(k % len(p.weights)))  # noqa: SLF001 - our own kind
            for k in range(count)
        )
        main = max(used, key=lambda part: part[1])[0]
        label = " + ".join(f"{person.name or person.digest} {round(100 * w)} %" for person, w in used)
        return cls(
            face_tokens=torch.cat([person.face_tokens for person, _ in used]),
            embeddings=torch.cat([person.embeddings for person, _ in used]),
            aligned=np.concatenate([person.aligned for person, _ in used]),
            thumbnail=main.thumbnail,
            photos=tuple(photo for person, _ in used for photo in person.photos),
            weights=tuple(main.weights[k % len(main.weights)] for k in range(count)),
            encoder=main.encoder,
            name=name or label,
            blend=blend,
        )

    @property
    def photo_shares(self) -> tuple[float, ...]:
        """How much each photo counts, 0..1: its weight, or its share in a mix, the mean over the blocks of tokens."""
        if not self.blend:
            return self.weights
        rows = [[w * share for share in row] for w, row in zip(self.weights, self.blend, strict=True)]
        return tuple(sum(column) / len(rows) for column in zip(*rows, strict=True))

    @property
    def embedding(self) -> Tensor:
        """The direction of the person in the encoder's space, for likeness: float32 [512] of unit length."""
        units = self._blended(torch.nn.functional.normalize(self.embeddings, dim=1))
        return _unit((torch.tensor(self.weights)[:, None] * units).sum(0))

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that tell this identity from others and from which no face can be had."""
        summary = hashlib.sha256(self.face_tokens.half().numpy().tobytes())
        summary.update(repr(self.weights + self.blend).encode())
        return summary.hexdigest()[:8]

    def conditioning(self, adapter: SupportsProject) -> Conditioning:
        """What ``attach`` needs of this person, for one adapter."""
        counting = [k for k, weight in enumerate(self.weights) if weight > 0]
        if self.blend:
            tokens = self._blended(project_cached(adapter, self.face_tokens))[counting]
        else:
            tokens = project_cached(adapter, self.face_tokens[counting])
        none = project_cached(adapter, torch.zeros_like(self.face_tokens[:1]))
        weights = torch.tensor([self.weights[k] for k in counting])
        bias = weights.log().repeat_interleave(tokens.shape[1]) if bool((weights != weights[0]).any()) else None
        return Conditioning(tokens.flatten(0, 1), none.expand_as(tokens).flatten(0, 1), bias)

    def _shares(self, block: int) -> tuple[float, ...]:
        """How much each photo gives to one block of tokens."""
        if self.blend:
            return self.blend[block]
        return tuple(float(photo == block) for photo in range(len(self.photos)))

    def _blended(self, rows: Tensor) -> Tensor:
        """What belongs to the photos [n, ...], mixed for the blocks of tokens [blocks, ...]."""
        if not self.blend:
            return rows
        shares = torch.tensor(self.blend, dtype=rows.dtype, device=rows.device)
        return torch.einsum("kn,n...->k...", shares, rows)

    def tokens(self, adapter: SupportsProject) -> Tensor:
        """What the U-Net sees: identity tokens of every photo that counts, one after the other, [16 n, 768]."""
        return self.conditioning(adapter).tokens

    def null_tokens(self, adapter: SupportsProject) -> Tensor:
        """What unconditional rows see: projector(zeros) once a photo, [16 n, 768] (published setting)."""
        return self.conditioning(adapter).null_tokens

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write a card; see facechain_ext.identity.card."""
        save_card(self, Path(path), overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> Identity:
        """Read a card; see facechain_ext.identity.card."""
        return load_card(Path(path), cls)


def likeness(a: Tensor, b: Tensor) -> float:
    """Cosine of two embeddings [512], -1..1; the length of either does not matter."""
    return float(_unit(a.float().cpu()) @ _unit(b.float().cpu()))


def _unit(vector: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vector, dim=0)
