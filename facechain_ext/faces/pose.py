"""Head pose: yaw, pitch and roll in degrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from facechain_ext.faces.types import Points

# Eye centres, nose tip and corners of the mouth of a mean head, in units of the eye distance, x right, y down, z away:
# measured on MediaPipe's mesh (depth included) of a frontal photo and made symmetric.
MEAN_HEAD = np.array(
    [(-0.5, 0.0, 0.0), (0.5, 0.0, 0.0), (0.0, 0.68, -0.57), (-0.385, 1.05, -0.10), (0.385, 1.05, -0.10)]
)


def angles_from_axes(right: NDArray[np.floating], up: NDArray[np.floating]) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees of a head from two of its axes, in picture coordinates (x right, y down, z away).

    ``right`` points from the eye on the picture's left to the other one, ``up`` from the chin to the brow, float [3]
    of any length. Signs as in Face: positive when looking to the picture's right, up, leaning clockwise.
    """
    x = right / max(float(np.linalg.norm(right)), 1e-9)
    y = up - float(up @ x) * x
    y = y / max(float(np.linalg.norm(y)), 1e-9)
    forward = np.cross(x, y)  # towards the camera, z negative, when the face looks there
    # Roll is removed first, so that yaw and pitch mean the same for a head that lies on its side. It is measured on
    # both axes, because the horizontal one vanishes in profile.
    roll = np.arctan2(x[1] + y[0], x[0] - y[1])
    cos, sin = np.cos(roll), np.sin(roll)
    sideways = cos * forward[0] + sin * forward[1]
    upwards = sin * forward[0] - cos * forward[1]
    yaw = np.arctan2(sideways, -forward[2])
    pitch = np.arctan2(upwards, np.hypot(sideways, forward[2]))
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def angles_from_landmarks(landmarks: Points) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees from five landmarks [5, 2] alone, for detectors that give no more.

    The scaled orthographic view of MEAN_HEAD that fits best, in closed form. Good to about ten degrees: a long nose
    and a turned head look alike to five points.
    """
    points = landmarks.astype(np.float64)
    view = np.linalg.lstsq(MEAN_HEAD - MEAN_HEAD.mean(0), points - points.mean(0), rcond=None)[0].T  # [2, 3]
    u, _, v = np.linalg.svd(view, full_matrices=False)
    first, second = u @ v  # the nearest pair of orthonormal rows
    third = np.cross(first, second)
    axes = np.stack([first, second, third])  # picture axes by head axes
    return angles_from_axes(axes[:, 0], -axes[:, 1])
