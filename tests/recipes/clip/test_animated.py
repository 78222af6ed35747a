"""The frames that a clip from words starts from: which of another clip, and how large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from facechain_ext.recipes.clip.animated import ClipJob, check_clip_job, frames_at, start_from


@dataclass
class Numbered:
    """A clip whose frame i has the grey value i."""

    fps: float
    length: int

    def frames(self):
        return (np.full((90, 160, 3), shade, np.uint8) for shade in range(self.length))


@pytest.mark.parametrize(
    ("fps", "length", "wanted", "shades"),
    [
        (24.0, 100, 4, [0, 3, 6, 9]),
        (30000 / 1001, 100, 5, [0, 3, 7, 11, 14]),
        (8.0, 3, 16, [0, 1, 2]),
        (4.0, 3, 16, [0, 0, 1, 1, 2, 2]),
        (24.0, 7, 16, [0, 3, 6]),
    ],
)
def test_the_frames_are_those_shown_at_the_times_of_the_new_clip(fps, length, wanted, shades):
    assert [int(frame[0, 0, 0]) for frame in frames_at(Numbered(fps, length), 8.0, wanted)] == shades


@pytest.mark.parametrize(
    ("shape", "side", "size"),
    [
        ((90, 160), 64, (112, 64)),
        ((160, 90), 64, (64, 112)),
        ((512, 512), 512, (512, 512)),
        ((100, 999), 512, (1024, 104)),
    ],
)
def test_the_sides_keep_the_ratio_in_multiples_of_8(shape, side, size):
    job = start_from(ClipJob("x", width=side, height=side), [np.zeros((*shape, 3), np.uint8)] * 2)
    assert (job.width, job.height, job.frames, job.start[0].shape) == (*size, 2, (size[1], size[0], 3))
    check_clip_job(job, 16)


@pytest.mark.parametrize(("denoise", "drawn"), [(0.05, 1), (0.3, 8), (0.6, 15), (1.0, 25)])
def test_so_much_of_the_steps_is_drawn(denoise, drawn):
    frame = np.zeros((64, 64, 3), np.uint8)
    assert ClipJob("x", start=(frame,), steps=25, denoise=denoise).drawn_steps == drawn
    assert ClipJob("x", steps=25, denoise=denoise).drawn_steps == 25
