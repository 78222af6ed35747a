"""Detections remembered by the content of the picture, so that nobody pays twice for the same one."""

from __future__ import annotations

import hashlib
import weakref
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.faces.picture import clear_decoded_pictures
from facechain_ext.storage.lru_cache import LRUCache

if TYPE_CHECKING:
    from facechain_ext.faces.types import Detector, Face, Pixels

_REMEMBERED = 256
"""Pictures of which the faces are kept, by one detector: some hundred bytes for each face."""

_digests: dict[int, tuple[weakref.ref[Pixels], bytes]] = {}
_detectors: weakref.WeakSet[CachedDetector] = weakref.WeakSet()


class CachedDetector:
    """A detector that looks at a picture once; what it found is kept by the picture's content, the latest 256.

    The landmarks it gives are read-only, because equal pictures share them.
    """

    def __init__(self, detector: Detector) -> None:
        self.name = detector.name
        self._detector = detector
        self._known: LRUCache[tuple[Face, ...]] = LRUCache(_REMEMBERED)
        _detectors.add(self)

    def detect(self, pixels: Pixels) -> list[Face]:
        """Every face in an RGB picture, largest first; an empty list when there is none."""
        key = content(pixels)
        known = self._known.get(key)
        if known is not None:
            return list(known)
        found = tuple(self._detector.detect(pixels))
        for face in found:
            face.landmarks.flags.writeable = False
        self._known.put(key, found)
        return list(found)

    def forget(self) -> None:
        """Drop what was found."""
        self._known.clear()


def content(pixels: Pixels) -> bytes:
    """The sha256 of a picture's size and pixels.

    Taken once of an array that owns its pixels and is read-only, as those of a Picture are: 12 megapixels take 30 ms.
    """
    frozen = pixels.base is None and not pixels.flags.writeable
    if frozen:
        known = _digests.get(id(pixels))
        if known is not None and known[0]() is pixels:
            return known[1]
    summary = hashlib.sha256(repr((pixels.shape, pixels.dtype.str)).encode())
    summary.update(np.ascontiguousarray(pixels).data)
    digest = summary.digest()
    if frozen:
        number = id(pixels)
        _digests[number] = weakref.ref(pixels, lambda _: _digests.pop(number, None)), digest
    return digest


def clear_detections() -> None:
    """Drop every decoded picture and every detection that is kept."""
    clear_decoded_pictures()
    for detector in list(_detectors):
        detector.forget()
