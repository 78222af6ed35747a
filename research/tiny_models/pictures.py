"""The drawn pictures of a training, made once and kept on the disk."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facechain_ext.faces import align
from facechain_ext.training.adapter.people import Photo
from research.evaluate.rendered import HELD_OUT, other_pictures
from research.synthetic_world import EDITION, caption, nuisance, person, render, scene, traits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor

_PART = 500
"""Pictures that are drawn between two notes of how far it is."""


class RenderedPictures:
    """``persons`` people with ``each`` pictures as arrays in ``folder``, readable as the trainer's People.

    ``pixels`` uint8 [n, side, side, 3], ``masks`` uint8 [n, side, side] (255 on the face), ``aligned`` uint8
    [n, 112, 112, 3], ``landmarks`` float32 [n, 5, 2], ``numbers`` float32 [n, 28] (who), ``captions``, and ``photos``
    bool [n], whether the style is a photo's. ``traits`` float32 [persons, 41] are what is to be known of each person.
    """

    def __init__(
        self,
        folder: Path,
        persons: int,
        each: int,
        side: int,
        *,
        say: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        if persons > HELD_OUT:
            raise ValueError(f"{persons} persons would reach the held-out ones, which begin at {HELD_OUT}.")
        self.each, self.side = each, side
        count = persons * each
        shapes: dict[str, tuple[tuple[int, ...], Any]] = {
            "pixels": ((count, side, side, 3), np.uint8),
            "masks": ((count, side, side), np.uint8),
            "aligned": ((count, 112, 112, 3), np.uint8),
            "landmarks": ((count, 5, 2), np.float32),
            "numbers": ((count, 28), np.float32),
        }
        folder.mkdir(parents=True, exist_ok=True)
        self._arrays = {name: _open(folder / f"{name}.npy", *facts) for name, facts in shapes.items()}
        note = folder / f"drawn-{persons}-{each}-{side}-{EDITION}.json"
        done = int(json.loads(note.read_text(encoding="utf-8"))) if note.is_file() else 0
        for number in range(done, count):
            self._draw(number)
            if (number + 1) % _PART == 0 or number + 1 == count:
                for array in self._arrays.values():
                    array.flush()
                note.write_text(json.dumps(number + 1), encoding="utf-8")
                say(number + 1, count)
        scenes = [scene(circumstances(n, each)) for n in range(count)]
        self.captions = [caption(one) for one in scenes]
        self.photos = np.array([one.style == "photo" for one in scenes])
        self.traits = traits(np.asarray(self["numbers"][::each]))

    def __len__(self) -> int:
        return len(self._arrays["pixels"])

    def __getitem__(self, name: str) -> Any:
        return self._arrays[name]

    def first(self, persons: int) -> RenderedPictures:
        """The pictures of the first ``persons`` people, sharing this set's arrays."""
        part = copy.copy(self)
        count = persons * self.each
        part._arrays = {name: array[:count] for name, array in self._arrays.items()}  # noqa: SLF001 - of this class
        part.captions, part.photos, part.traits = self.captions[:count], self.photos[:count], self.traits[:persons]
        return part

    def traits_of(self, numbers: np.ndarray) -> np.ndarray:
        """What is to be known of the people in pictures ``numbers`` [n], float32 [n, 41]."""
        found: np.ndarray = self.traits[numbers // self.each]
        return found

    def photo(self, number: int) -> Photo:
        """One picture as the trainer of the adapter takes it."""
        row = {name: np.asarray(self._arrays[name][number]) for name in ("pixels", "masks", "aligned")}
        return Photo(row["pixels"], row["masks"], row["aligned"], self.captions[number])

    def others(self, number: int) -> Sequence[int]:
        """The other pictures of the same person; photos alone where there are some, since users give photos."""
        return other_pictures(number, self.each, lambda other: bool(self.photos[other]))

    def _draw(self, number: int) -> None:
        who, around = person(number // self.each), circumstances(number, self.each)
        drawn = render(who, scene(around), nuisance(around), side=self.side)
        row = {
            "pixels": drawn.pixels,
            "masks": drawn.face.astype(np.uint8) * 255,
            "aligned": align(drawn.pixels, drawn.landmarks, mask=drawn.head),
            "landmarks": drawn.landmarks,
            "numbers": np.array(list(vars(who).values()), np.float32),
        }
        for name, value in row.items():
            self._arrays[name][number] = value


def circumstances(number: int, each: int) -> int:
    """The seed of scene and nuisance of a picture: the same as for drawn people elsewhere, so that sets are alike."""
    return 1 + number // each * each + number % each


def _open(path: Path, shape: tuple[int, ...], kind: Any) -> Any:
    if path.is_file():
        array = np.load(path, mmap_mode="r+")
        if array.shape == shape and array.dtype == kind:
            return array
        raise ValueError(f"{path} holds pictures of another plan; choose another folder.")
    return np.lib.format.open_memmap(path, "w+", kind, shape)


def to_model(pixels: np.ndarray) -> Tensor:
    """Pictures uint8 [n, h, w, 3] as [n, 3, h, w] in -1..1."""
    return torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1.0).permute(0, 3, 1, 2).contiguous()
