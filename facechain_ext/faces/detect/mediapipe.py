"""MediaPipe: BlazeFace proposes, the face mesh refines. CPU only, its networks come inside the package."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from facechain_ext.faces.crop import upright_crop
from facechain_ext.faces.detect.boxes import downscale, intersection_over_union
from facechain_ext.faces.mesh import OUTLINE, fit_mesh, five_landmarks, mesh_angles, run, solutions
from facechain_ext.faces.types import Face

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Pixels

log = logging.getLogger(__name__)

_MIN_SCORE = 0.3
"""Low, because the mesh looks again at every proposal."""
_TILE = 420
"""Side in pixels of the parts in which small faces are searched: 24 pixels are 11 to the network, which is enough."""
_TURNS = (90, 180, 270)
_LEANING = 15.0
"""Degrees between the proposed lean and the mesh's from which the mesh is fitted again: it likes upright faces."""
_SURE, _BETTER = 0.86, 0.1
"""A score from which a face is not looked at in other turns, and what another must reach; and by how much higher.

An upside-down face gets 0.6 to 0.75 as it is and 0.9 to 0.95 the right way up (the one portrait, every 15 degrees).
"""


@dataclass(frozen=True)
class _Proposal:
    """A rough face: centre and height in pixels of the picture, lean in degrees clockwise, score 0..1."""

    centre: tuple[float, float]
    size: float
    roll: float
    score: float


class MediapipeDetector:
    """Finds faces of 24 pixels and more, at any lean.

    Raises ImportError when made where mediapipe is not installed.
    """

    name = "mediapipe"

    def __init__(self) -> None:
        detection = solutions().face_detection.FaceDetection
        # Two ranges of the same network: "full" sees faces of a tenth of the picture, "short" large and lying ones.
        self._far = detection(model_selection=1, min_detection_confidence=_MIN_SCORE)
        self._near = detection(model_selection=0, min_detection_confidence=_MIN_SCORE)

    def detect(self, pixels: Pixels) -> list[Face]:
        """Every face in an RGB picture, largest first; an empty list when there is none."""
        faces: list[Face] = []
        for proposal in _distinct(self._proposals(pixels)):
            face = _refine(pixels, self._righted(pixels, proposal))
            if face is not None and not any(intersection_over_union(face.box, other.box) > 0.3 for other in faces):
                faces.append(face)
        return sorted(faces, key=lambda face: -face.area)

    def _righted(self, pixels: Pixels, proposal: _Proposal) -> _Proposal:
        """The proposal at the lean where the network is surest: it takes a chin for a forehead, but not gladly."""
        if proposal.score >= _SURE:
            return proposal
        looks: list[tuple[float, float]] = []
        for turn in range(0, 360, 60):
            crop, _ = upright_crop(pixels, proposal.centre, 2.2 * proposal.size, proposal.roll + turn, 192)
            best = max(_read(run(self._near, crop), crop, (0, 0), np.ones(2)), key=lambda one: one.score, default=None)
            looks.append((best.score, turn + best.roll) if best is not None else (0.0, float(turn)))
        score, lean = max(looks)
        if score < max(looks[0][0] + _BETTER, _SURE):
            return proposal
        return replace(proposal, roll=proposal.roll + lean, score=score)

    def _proposals(self, pixels: Pixels) -> list[_Proposal]:
        """Whole picture, then its quarters for small faces, then turned pictures when nothing was found."""
        small, ratio = downscale(pixels)

        found: list[_Proposal] = []
        for left, top, tile in _tiles(small):
            for graph in (self._far, self._near) if tile is small else (self._far,):
                found += _read(run(graph, tile), tile, (left, top), ratio)
        if not found:
            for turn in _TURNS:
                turned = np.rot90(small, -turn // 90)  # clockwise
                for proposal in _read(run(self._near, turned), turned, (0, 0), np.ones(2)):
                    found.append(_turn_back(proposal, turn, small.shape, ratio))
        return found


def _tiles(pixels: Pixels) -> Iterator[tuple[int, int, Pixels]]:
    """The picture, and overlapping squares of it when faces may be too small for the network's 192 pixels."""
    yield 0, 0, pixels
    height, width = pixels.shape[:2]
    if max(height, width) <= _TILE:
        return
    for top in _starts(height):
        for left in _starts(width):
            yield left, top, np.ascontiguousarray(pixels[top : top + _TILE, left : left + _TILE])


def _starts(length: int) -> list[int]:
    """Where tiles begin so that they cover ``length`` and overlap by a seventh at least."""
    count = 1 if length <= _TILE else -(-(length - _TILE) // (_TILE * 6 // 7)) + 1
    return [round(start) for start in np.linspace(0, max(length - _TILE, 0), count)]


def _read(answer: Any, tile: Pixels, corner: tuple[int, int], ratio: NDArray[np.float64]) -> list[_Proposal]:
    """BlazeFace's answer as proposals in the coordinates of the picture."""
    size = np.array([tile.shape[1], tile.shape[0]])
    proposals = []
    for detection in answer.detections or ():
        data = detection.location_data
        box = data.relative_bounding_box
        eyes = np.array([(point.x, point.y) for point in data.relative_keypoints[:2]]) * size
        middle = (np.array([box.xmin + box.width / 2, box.ymin + box.height / 2]) * size + corner) * ratio
        across = (eyes[1] - eyes[0]) * ratio
        proposals.append(
            _Proposal(
                (float(middle[0]), float(middle[1])),
                float(max(box.width * size[0] * ratio[0], box.height * size[1] * ratio[1])),
                float(np.degrees(np.arctan2(across[1], across[0]))),
                float(detection.score[0]),
            )
        )
    return proposals


def _turn_back(proposal: _Proposal, turn: int, shape: tuple[int, ...], ratio: NDArray[np.float64]) -> _Proposal:
    """A proposal found in the picture turned clockwise by ``turn`` degrees, in the upright picture."""
    height, width = shape[:2]
    x, y = proposal.centre
    upright = {90: (y, height - 1 - x), 180: (width - 1 - x, height - 1 - y), 270: (width - 1 - y, x)}[turn]
    return _Proposal(
        (upright[0] * ratio[0], upright[1] * ratio[1]),
        proposal.size * ratio.mean(),
        proposal.roll - turn,
        proposal.score,
    )


def _distinct(proposals: list[_Proposal]) -> list[_Proposal]:
    """The best-scored proposal of each face: others with a centre inside it and a similar size are the same face."""
    kept: list[_Proposal] = []
    for one in sorted(proposals, key=lambda proposal: -proposal.score):
        same = (
            np.hypot(one.centre[0] - other.centre[0], one.centre[1] - other.centre[1]) < 0.5 * max(one.size, other.size)
            for other in kept
        )
        if not any(same):
            kept.append(one)
    return kept


def _refine(pixels: Pixels, proposal: _Proposal) -> Face | None:
    """Landmarks, box and angles by the mesh; None when the mesh sees no face, which unmasks false proposals."""
    mesh = fit_mesh(pixels, proposal.centre, proposal.size, proposal.roll)
    if mesh is None:
        log.debug("no mesh at %s, score %.2f: not a face", proposal.centre, proposal.score)
        return None
    lean = mesh_angles(mesh)[2]
    if abs((lean - proposal.roll + 180) % 360 - 180) > _LEANING:
        again = fit_mesh(pixels, proposal.centre, proposal.size, lean)
        mesh = mesh if again is None else again
    outline = mesh[list(OUTLINE), :2]
    (left, top), (right, bottom) = outline.min(0), outline.max(0)
    yaw, pitch, roll = mesh_angles(mesh)
    box = (float(left), float(top), float(right), float(bottom))
    return Face(box, five_landmarks(mesh), proposal.score, yaw, pitch, roll)
