"""The fit of a face in each frame smoothed over time, so that the new face does not tremble."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facechain_ext.retouch.fuse.pose_fit import similarity_3d

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Mesh = NDArray[np.float64]

_POSE, _SHAPE = 0.7, 1.5
"""Standard deviations in frames of the Gaussians over place and turn, and over the shape of the face in its own axes.

The first is short because a moving head may not lag behind; the second removes most of the fit's trembling.
"""
_CUT = 0.25
"""Heights of the face by which the fit jumps between two frames where the clip is cut, which is not smoothed over."""


def smooth_meshes(meshes: Sequence[Mesh | None]) -> list[Mesh | None]:
    """The meshes float64 [468, 3] of consecutive frames, smoothed within each run of frames that have one."""
    smoothed: list[Mesh | None] = list(meshes)
    start = 0
    while start < len(meshes):
        if meshes[start] is None:
            start += 1
            continue
        run: list[Mesh] = []
        while start + len(run) < len(meshes) and (mesh := meshes[start + len(run)]) is not None:
            if run and _jumps(run[-1], mesh):
                break
            run.append(mesh)
        smoothed[start : start + len(run)] = _smooth_run(np.stack(run))
        start += len(run)
    return smoothed


def _smooth_run(run: NDArray[np.float64]) -> list[Mesh]:
    """Each mesh as a similarity of the run's mean shape and a rest: both are smoothed, and put together again."""
    if len(run) == 1:
        return [run[0]]
    mean = run[len(run) // 2]
    fits = [similarity_3d(mean, mesh) for mesh in run]
    poses = np.stack([np.concatenate([(scale * turn).ravel(), shift]) for turn, scale, shift in fits])
    rests = np.stack(
        [((mesh - shift) @ turn / scale - mean) for mesh, (turn, scale, shift) in zip(run, fits, strict=True)]
    )
    poses, rests = _gaussian(poses, _POSE), _gaussian(rests, _SHAPE)
    return [(mean + rest) @ pose[:9].reshape(3, 3).T + pose[9:] for pose, rest in zip(poses, rests, strict=True)]


def _gaussian(values: NDArray[np.float64], deviation: float) -> NDArray[np.float64]:
    """A Gaussian along the first axis; at the ends only the frames that there are count."""
    reach = int(np.ceil(3 * deviation))
    total, weights = np.zeros_like(values), np.zeros(len(values))
    for offset in range(-reach, reach + 1):
        weight = float(np.exp(-0.5 * (offset / deviation) ** 2))
        source = np.arange(len(values)) + offset
        inside = (source >= 0) & (source < len(values))
        total[inside] += weight * values[source[inside]]
        weights[inside] += weight
    return np.asarray(total / weights.reshape(-1, *[1] * (values.ndim - 1)))


def _jumps(before: Mesh, after: Mesh) -> bool:
    height = max(float(np.linalg.norm(before[10, :2] - before[152, :2])), 1e-6)
    return float(np.linalg.norm((after - before).mean(0)[:2])) > _CUT * height
