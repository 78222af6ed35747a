"""The triangles of MediaPipe's face mesh, its mirror, and how far each point lies from the outline."""

from __future__ import annotations

import functools
import json
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.faces.mediapipe_graph import load_solutions
from facechain_ext.faces.mediapipe_wheel import has_solutions, tesselation
from facechain_ext.faces.mesh import LEFT_EYE, OUTLINE, RIGHT_EYE
from facechain_ext.retouch.fuse.points import INNER_LIPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

POINTS = 468
"""Points of the mesh without the ten of the irises, which overlap the triangles of the eyelids."""

Triangle = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Topology:
    """``triangles`` int [m, 3], eyes and mouth filled; ``mirror`` int [468], the point on the other side of the face.

    ``rings`` int [468] counts the edges from each point to the outline, 0 on it.
    """

    triangles: NDArray[np.int64]
    mirror: NDArray[np.int64]
    rings: NDArray[np.int64]


@functools.cache
def topology() -> Topology:
    """The topology; raises WeightsError where neither mediapipe nor its wheel is here."""
    edges = {(min(a, b), max(a, b)) for a, b in _edges()}
    neighbours: dict[int, set[int]] = {}
    for a, b in edges:
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    triangles = _triangles(edges, neighbours)
    filled = [*triangles, *_fill(INNER_LIPS), *(part for eye in (LEFT_EYE, RIGHT_EYE) for part in _fill(eye))]
    return Topology(np.array(filled), _mirror(), _rings(neighbours))


def _edges() -> frozenset[tuple[int, int]]:
    """The edges of MediaPipe's mesh, of the package or of its wheel."""
    if not has_solutions():
        return tesselation()
    edges: frozenset[tuple[int, int]] = load_solutions().face_mesh.FACEMESH_TESSELATION
    return edges


def _triangles(edges: Iterable[tuple[int, int]], neighbours: dict[int, set[int]]) -> list[Triangle]:
    """Three points with three edges; not those three that only surround a wing of the nose."""
    found = {tuple(sorted((a, b, c))) for a, b in edges for c in neighbours[a] & neighbours[b]}
    uses = Counter(edge for triangle in found for edge in combinations(triangle, 2))
    return sorted((a, b, c) for a, b, c in found if any(uses[edge] < 3 for edge in combinations((a, b, c), 2)))


def _mirror() -> NDArray[np.int64]:
    """The point on the other side, by assignment of the mirrored mean of 40 fitted meshes to itself.

    The mesh's triangles are not symmetric everywhere, so this cannot be read from them.
    """
    path = Path(__file__).with_name("mesh_mirror.json")
    return np.array(json.loads(path.read_text(encoding="utf-8")))


def _fill(polygon: Sequence[int]) -> list[Triangle]:
    """Triangles of a closed polygon whose halves face each other, from one corner of an eye or mouth to the other."""
    half = len(polygon) // 2
    upper, lower = polygon[: half + 1], (polygon[0], *reversed(polygon[half:]))
    found = []
    for k in range(half):
        found += [(upper[k], upper[k + 1], lower[k]), (upper[k + 1], lower[k], lower[k + 1])]
    return [part for part in found if len(set(part)) == 3]


def _rings(neighbours: dict[int, set[int]]) -> NDArray[np.int64]:
    distance = dict.fromkeys(OUTLINE, 0)
    edge = list(OUTLINE)
    while edge:
        step = [(near, distance[point] + 1) for point in edge for near in neighbours[point] if near not in distance]
        distance.update(step)
        edge = [point for point, _ in step]
    return np.array([distance[point] for point in range(POINTS)])
