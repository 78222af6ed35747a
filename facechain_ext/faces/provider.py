"""A provider: one implementation of an ability, what it needs, and how it is created."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from facechain_ext import next_steps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

log = logging.getLogger(__name__)

_COMPILED_PACKAGES = {
    "mmcv": "It needs mmcv-full 1.x, which has to be compiled; a DamoFD as ONNX file needs only onnxruntime",
    "mmdet": "It needs mmdet 2.x; a DamoFD as ONNX file needs only onnxruntime",
}
"""Packages that pip cannot install from a wheel, and what to do instead."""


@dataclass(frozen=True)
class Provider(Generic[T]):
    """One implementation of an ability ``T``.

    ``packages`` are the packages that it imports. ``find_weights`` finds its weights on this disk (None when they come
    with the package) and ``weights_key`` names them in the manifest. ``create`` is called with the path that
    ``find_weights`` found, or None.
    """

    name: str
    detail: str
    packages: tuple[str, ...]
    create: Callable[[Path | None], T]
    weights_key: str = ""
    find_weights: Callable[[], Path | None] | None = None
    missing: Callable[[], str] | None = None
    """The step that would make it work, for one whose parts are neither packages nor files of the manifest."""
    _instance: Callable[[Path | None], T] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_instance", functools.lru_cache(maxsize=2)(self._create))

    def remedy(self) -> str:
        """The step that would make this provider work, "" when it can work."""
        for package in self.packages:
            if not next_steps.is_installed(package):
                return _COMPILED_PACKAGES.get(package) or next_steps.next_steps().install(package)
        if self.missing is not None:
            return self.missing()
        if self.find_weights is not None and self.find_weights() is None:
            from facechain_ext.weights.store import how_to_get

            return how_to_get(self.weights_key)
        return ""

    @property
    def lacks_weights_only(self) -> bool:
        """Whether its packages are here and a file of the manifest is all that it needs."""
        here = bool(self.packages) and all(map(next_steps.is_installed, self.packages))
        return here and bool(self.weights_key) and bool(self.remedy())

    def load(self) -> T:
        """The instance for the weights that are on this disk now, created once per file.

        Raises what the constructor of the implementation raises: WeightsError, ImportError.
        """
        return self._instance(self.find_weights() if self.find_weights is not None else None)

    def _create(self, path: Path | None) -> T:
        created = self.create(path)
        log.info("faces: using %s%s", self.detail, f" from {path}" if path else "")
        return created


def manifest_weights(key: str) -> Callable[[], Path | None]:
    """A function that finds the file or folder of the manifest entry ``key`` on this disk."""

    def find() -> Path | None:
        from facechain_ext import weights

        return weights.find(key)

    return find


def device_name() -> str:
    """The device on which networks for faces run, as torch names it."""
    from facechain_ext.devices import face_device

    return str(face_device())
