"""The rendered training pictures, stored on disk as memory-mapped arrays."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

import numpy as np
import torch

from facechain_ext.errors import InputError
from facechain_ext.faces import align
from facechain_ext.training.adapter.dataset import Photo
from research.evaluate.rendered import HELD_OUT, other_pictures
from research.synthetic_world import EDITION, caption, nuisance, person, render, scene, traits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor

_FLUSH_EVERY = 500
"""Pictures between two writes of the progress file."""


class RenderedPictures:
    """``persons`` persons with ``each`` pictures, as memory-mapped arrays in ``folder``; a trainer's PhotoDataset.

    ``pixels`` uint8 [n, side, side, 3], ``masks`` uint8 [n, side, side] (255 on the face), ``aligned`` uint8
    [n, 112, 112, 3], ``landmarks`` float32 [n, 5, 2], ``numbers`` float32 [n, 28] (the parameters of the person),
    ``captions``, ``photos`` bool [n] (whether the style is a photo's), ``traits`` float32 [persons, 41]. Raises
    InputError for persons of the held-out range and for a folder of another plan.
    """

    def __init__(
        self,
        folder: Path,
        persons: int,
        each: int,
        side: int,
        *,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        if persons > HELD_OUT:
            raise InputError(f"{persons} persons would reach the held-out ones, which begin at {HELD_OUT}.")
        self.each, self.side = each, side
        count = persons * each
        shapes: dict[str, tuple[tuple[int, ...], type[np.generic]]] = {
            "pixels": ((count, side, side, 3), np.uint8),
            "masks": ((count, side, side), np.uint8),
            "aligned": ((count, 112, 112, 3), np.uint8),
            "landmarks": ((count, 5, 2), np.float32),
            "numbers": ((count, 28), np.float32),
        }
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {name: _open_array(folder / f"{name}.npy", *facts) for name, facts in shapes.items()}
        self.arrays: dict[str, np.ndarray] = {**arrays}
        progress_file = folder / f"rendered-{persons}-{each}-{side}-{EDITION}.json"
        done = int(json.loads(progress_file.read_text(encoding="utf-8"))) if progress_file.is_file() else 0
        for index in range(done, count):
            self._render(index)
            if (index + 1) % _FLUSH_EVERY == 0 or index + 1 == count:
                for array in arrays.values():
                    array.flush()
                progress_file.write_text(json.dumps(index + 1), encoding="utf-8")
                on_progress(index + 1, count)
        scenes = [scene(scene_seed(n, each)) for n in range(count)]
        self.captions = [caption(item) for item in scenes]
        self.photos = np.array([item.style == "photo" for item in scenes])
        self.traits = traits(np.asarray(self["numbers"][::each]))

    def __len__(self) -> int:
        return len(self.arrays["pixels"])

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def first(self, persons: int) -> RenderedPictures:
        """A view of the pictures of the first ``persons`` persons."""
        part = copy.copy(self)
        count = persons * self.each
        part.arrays = {name: array[:count] for name, array in self.arrays.items()}
        part.captions, part.photos, part.traits = self.captions[:count], self.photos[:count], self.traits[:persons]
        return part

    def traits_of(self, indices: np.ndarray) -> np.ndarray:
        """The traits of the persons in pictures ``indices`` [n], float32 [n, 41]."""
        found: np.ndarray = self.traits[indices // self.each]
        return found

    def photo(self, index: int) -> Photo:
        """One picture in the format of the adapter trainer."""
        row = {name: np.asarray(self.arrays[name][index]) for name in ("pixels", "masks", "aligned")}
        return Photo(row["pixels"], row["masks"], row["aligned"], self.captions[index])

    def other_photos(self, index: int) -> Sequence[int]:
        """Indices of the person's other pictures; only photos where there are any, since users give photos."""
        return other_pictures(index, self.each, lambda other_index: bool(self.photos[other_index]))

    def _render(self, index: int) -> None:
        rendered_person, seed = person(index // self.each), scene_seed(index, self.each)
        rendered = render(rendered_person, scene(seed), nuisance(seed), side=self.side)
        row = {
            "pixels": rendered.pixels,
            "masks": rendered.face.astype(np.uint8) * 255,
            "aligned": align(rendered.pixels, rendered.landmarks, mask=rendered.head),
            "landmarks": rendered.landmarks,
            "numbers": np.array(list(vars(rendered_person).values()), np.float32),
        }
        for name, value in row.items():
            self.arrays[name][index] = value


def scene_seed(index: int, each: int) -> int:
    """The seed of scene and nuisance of a picture; ``RenderedPeople`` derives the same seeds."""
    return 1 + index // each * each + index % each


def _open_array(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> np.memmap:
    if path.is_file():
        array: np.memmap = np.load(path, mmap_mode="r+")
        if array.shape == shape and array.dtype == dtype:
            return array
        raise InputError(f"{path} holds pictures of another plan; choose another folder.")
    return np.lib.format.open_memmap(path, "w+", dtype, shape)


def to_network_input(pixels: np.ndarray) -> Tensor:
    """Pictures uint8 [n, h, w, 3] as float32 [n, 3, h, w] in -1..1."""
    return torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1.0).permute(0, 3, 1, 2).contiguous()
