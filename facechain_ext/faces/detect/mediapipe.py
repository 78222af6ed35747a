"""MediaPipe's detector: BlazeFace proposes faces, the face mesh refines them; CPU only, weights inside the package."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from facechain_ext.faces.crop import upright_crop
from facechain_ext.faces.detect.boxes import downscale, intersection_over_union
from facechain_ext.faces.mediapipe_graph import load_solutions, run_graph
from facechain_ext.faces.mesh import OUTLINE, fit_mesh, five_landmarks, mesh_angles
from facechain_ext.faces.types import Face

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from facechain_ext.faces.mediapipe_graph import Graph
    from facechain_ext.faces.types import Pixels

log = logging.getLogger(__name__)

_MIN_SCORE = 0.3
"""Low, because the mesh verifies every proposal."""
_TILE = 420
"""Side in pixels of the tiles in which small faces are searched: the network sees 24 pixels as 11, which is enough."""
_ROTATIONS = (90, 180, 270)
"""Clockwise rotations in degrees of the picture that are searched when it shows no face as it is."""
_MAX_ROLL_ERROR = 15.0
"""Degrees between the proposed roll and the mesh's from which the mesh is fitted again: it expects upright faces."""
_CERTAIN_SCORE, _MIN_GAIN = 0.86, 0.1
"""Score from which no other roll is tried and that another roll must reach, and by how much it must be higher.

An upside-down face gets 0.6 to 0.75 and 0.9 to 0.95 when turned upright (measured on one portrait, every 15 degrees).
"""


class _Keypoint(Protocol):
    x: float
    y: float


class _RelativeBox(Protocol):
    xmin: float
    ymin: float
    width: float
    height: float


class _Location(Protocol):
    relative_bounding_box: _RelativeBox
    relative_keypoints: Sequence[_Keypoint]


class _Detection(Protocol):
    location_data: _Location
    score: Sequence[float]


class _DetectionOutput(Protocol):
    detections: Sequence[_Detection] | None


@dataclass(frozen=True)
class _Proposal:
    """An approximate face: centre and height in pixels of the picture, roll in degrees clockwise, score 0..1."""

    centre: tuple[float, float]
    size: float
    roll: float
    score: float


class MediapipeDetector:
    """Finds faces of 24 pixels and more, at any roll.

    The constructor raises ImportError where neither mediapipe nor its wheel is here.
    """

    name = "mediapipe"

    def __init__(self) -> None:
        solutions = load_solutions()
        detection = solutions.face_detection.FaceDetection
        self._tile = int(getattr(solutions, "TILE", _TILE))
        least = float(getattr(solutions, "MIN_SCORE", _MIN_SCORE))
        # The full-range network finds faces of a tenth of the picture, the short-range one large and lying faces.
        self._full_range: Graph[_DetectionOutput] = detection(model_selection=1, min_detection_confidence=least)
        self._short_range: Graph[_DetectionOutput] = detection(model_selection=0, min_detection_confidence=least)

    def detect(self, pixels: Pixels) -> list[Face]:
        """Every face in an RGB picture, largest first; an empty list when there is none."""
        faces, rejected = self._verified(pixels, self._proposals(pixels))
        if rejected:  # the networks see some profiles in one direction only
            mirrored, _ = self._verified(flipped := np.ascontiguousarray(pixels[:, ::-1]), self._proposals(flipped))
            faces += [
                face for face in (_mirror_back(one, pixels.shape[1]) for one in mirrored) if not _is_among(face, faces)
            ]
        return sorted(faces, key=lambda face: -face.area)

    def _verified(self, pixels: Pixels, proposals: list[_Proposal]) -> tuple[list[Face], bool]:
        """The faces that the mesh confirms, and whether it rejected a proposal."""
        faces: list[Face] = []
        rejected = False
        for proposal in _distinct(proposals):
            face = _refine(pixels, self._correct_roll(pixels, proposal))
            if face is None:
                rejected = True
            elif not _is_among(face, faces):
                faces.append(face)
        return faces, rejected

    def _correct_roll(self, pixels: Pixels, proposal: _Proposal) -> _Proposal:
        """The proposal at the roll with the highest score: upside-down faces are found too, with lower scores."""
        if proposal.score >= _CERTAIN_SCORE:
            return proposal
        scores: list[tuple[float, float]] = []
        for rotation in range(0, 360, 60):
            crop, _ = upright_crop(pixels, proposal.centre, 2.2 * proposal.size, proposal.roll + rotation, 192)
            best = max(
                _parse_detections(run_graph(self._short_range, crop), crop, (0, 0), np.ones(2)),
                key=lambda one: one.score,
                default=None,
            )
            scores.append((best.score, rotation + best.roll) if best is not None else (0.0, float(rotation)))
        score, roll = max(scores)
        if score < max(scores[0][0] + _MIN_GAIN, _CERTAIN_SCORE):
            return proposal
        return replace(proposal, roll=proposal.roll + roll, score=score)

    def _proposals(self, pixels: Pixels) -> list[_Proposal]:
        """Faces of the whole picture and, for small ones, of its tiles; of the rotated picture when there are none."""
        small, ratio = downscale(pixels)

        found: list[_Proposal] = []
        for left, top, tile in _tiles(small, self._tile):
            for graph in (self._full_range, self._short_range) if tile is small else (self._full_range,):
                found += _parse_detections(run_graph(graph, tile), tile, (left, top), ratio)
        if not found:
            for rotation in _ROTATIONS:
                rotated = np.rot90(small, -rotation // 90)  # clockwise
                for proposal in _parse_detections(run_graph(self._short_range, rotated), rotated, (0, 0), np.ones(2)):
                    found.append(_rotate_back(proposal, rotation, small.shape, ratio))
        return found


def _tiles(pixels: Pixels, side: int) -> Iterator[tuple[int, int, Pixels]]:
    """The picture, and overlapping squares of it when faces may be too small for the network's 192 pixels."""
    yield 0, 0, pixels
    height, width = pixels.shape[:2]
    if max(height, width) <= side:
        return
    for top in _tile_starts(height, side):
        for left in _tile_starts(width, side):
            yield left, top, np.ascontiguousarray(pixels[top : top + side, left : left + side])


def _tile_starts(length: int, side: int) -> list[int]:
    """Where tiles begin so that they cover ``length`` and overlap by a seventh at least."""
    count = 1 if length <= side else -(-(length - side) // (side * 6 // 7)) + 1
    return [round(start) for start in np.linspace(0, max(length - side, 0), count)]


def _parse_detections(
    output: _DetectionOutput, tile: Pixels, corner: tuple[int, int], ratio: NDArray[np.float64]
) -> list[_Proposal]:
    """BlazeFace's detections in a tile at ``corner`` as proposals in the coordinates of the picture."""
    size = np.array([tile.shape[1], tile.shape[0]])
    proposals = []
    for detection in output.detections or ():
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


def _rotate_back(proposal: _Proposal, rotation: int, shape: tuple[int, ...], ratio: NDArray[np.float64]) -> _Proposal:
    """A proposal in the picture rotated clockwise by ``rotation`` degrees, in the coordinates of the original."""
    height, width = shape[:2]
    x, y = proposal.centre
    upright = {90: (y, height - 1 - x), 180: (width - 1 - x, height - 1 - y), 270: (width - 1 - y, x)}[rotation]
    return _Proposal(
        (upright[0] * ratio[0], upright[1] * ratio[1]),
        proposal.size * ratio.mean(),
        proposal.roll - rotation,
        proposal.score,
    )


def _distinct(proposals: list[_Proposal]) -> list[_Proposal]:
    """The best-scored proposal of each face: others with a centre inside it and a similar size are the same face."""
    distinct: list[_Proposal] = []
    for one in sorted(proposals, key=lambda proposal: -proposal.score):
        same = (
            np.hypot(one.centre[0] - other.centre[0], one.centre[1] - other.centre[1]) < 0.5 * max(one.size, other.size)
            for other in distinct
        )
        if not any(same):
            distinct.append(one)
    return distinct


def _refine(pixels: Pixels, proposal: _Proposal) -> Face | None:
    """Landmarks, box and angles by the mesh; None when the mesh finds no face, which rejects false proposals."""
    mesh = fit_mesh(pixels, proposal.centre, proposal.size, proposal.roll)
    if mesh is None:
        log.debug("no mesh at %s, score %.2f: not a face", proposal.centre, proposal.score)
        return None
    mesh_roll = mesh_angles(mesh)[2]
    if abs((mesh_roll - proposal.roll + 180) % 360 - 180) > _MAX_ROLL_ERROR:
        refitted = fit_mesh(pixels, proposal.centre, proposal.size, mesh_roll)
        mesh = mesh if refitted is None else refitted
    outline = mesh[list(OUTLINE), :2]
    (left, top), (right, bottom) = outline.min(0), outline.max(0)
    yaw, pitch, roll = mesh_angles(mesh)
    box = (float(left), float(top), float(right), float(bottom))
    return Face(box, five_landmarks(mesh), proposal.score, yaw, pitch, roll)


def _is_among(face: Face, faces: Sequence[Face]) -> bool:
    return any(intersection_over_union(face.box, other.box) > 0.3 for other in faces)


def _mirror_back(face: Face, width: int) -> Face:
    """A face of the mirror image of a picture ``width`` wide, in the picture itself."""
    left, top, right, bottom = face.box
    last = width - 1
    landmarks = face.landmarks[[1, 0, 2, 4, 3]] * np.array([-1, 1], np.float32) + np.array([last, 0], np.float32)
    return replace(
        face, box=(last - right, top, last - left, bottom), landmarks=landmarks, yaw=-face.yaw, roll=-face.roll
    )
