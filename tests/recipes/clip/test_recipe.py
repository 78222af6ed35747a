"""The clip template: one face becomes another in every frame, nothing else changes, sound and length stay."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("mediapipe", reason="mediapipe is not installed here")

from facechain_ext.errors import Cancelled, InputError, PhotoError
from facechain_ext.labels import describe, read_packet
from facechain_ext.media.clip import open_clip
from facechain_ext.media.sound import has_sound, read_sound
from facechain_ext.media.video import write_video
from facechain_ext.recipes.clip.recipe import follow_face, make_clip, replaced_frames
from facechain_ext.recipes.clip.settings import ClipSettings
from facechain_ext.retouch.animate import FaceMotion, PortraitAnimator
from facechain_ext.retouch.fuse.points import mesh_points
from tests.faces.conftest import astronaut, detector, face
from tests.media.conftest import bursts, ffmpeg

__all__ = ["astronaut", "bursts", "detector", "face", "ffmpeg"]

FRAMES = 6


@pytest.fixture(scope="module")
def view(astronaut):
    """Head and shoulders, 240 pixels."""
    return np.ascontiguousarray(astronaut[:240, 100:340])


@pytest.fixture(scope="module")
def clip(tmp_path_factory, view, detector, bursts):
    """The view, moved: it turns and opens its mouth; with sound."""
    path = tmp_path_factory.mktemp("clip") / "template.mp4"
    animator = PortraitAnimator(view, detector.detect(view)[0])
    motions = [FaceMotion(mouth=0.1 * k, yaw=1.0 * k) for k in range(FRAMES)]
    write_video((animator.frame(motion) for motion in motions), path, 5, suffix=".mp4", sound=bursts)
    return path


@pytest.fixture(scope="module")
def guest(astronaut):
    """Somebody else's photo: the same features, mirrored, darker and redder."""
    tinted = astronaut[:, ::-1].astype(np.float32) * (0.75, 0.5, 0.42)
    return np.ascontiguousarray(tinted.astype(np.uint8))


@pytest.fixture(scope="module")
def followed(clip, detector):
    return follow_face(open_clip(clip), detector=detector)


def test_every_frame_changes_inside_the_face_alone(clip, followed, guest, detector):
    points = mesh_points(guest, detector.detect(guest)[0])
    old = list(open_clip(clip).frames())
    new = list(replaced_frames(open_clip(clip), followed, guest, points, ClipSettings()))
    assert len(new) == len(old) == followed.seen == FRAMES
    for before, after, mesh in zip(old, new, followed.meshes, strict=True):
        changed = (before != after).any(-1)
        mask = np.zeros(changed.shape, np.uint8)
        cv2.fillConvexPoly(mask, cv2.convexHull(np.round(mesh[:, :2]).astype(np.int32)), 1)
        inside = cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0
        assert not changed[~inside].any()
        assert changed[mask > 0].mean() > 0.5
        nose = mesh[4, :2].astype(int)
        spot = np.s_[nose[1] - 4 : nose[1] + 5, nose[0] - 4 : nose[0] + 5]
        assert after[spot].mean() < before[spot].mean() - 8  # the guest's skin is darker


def test_no_more_flicker_than_the_clip_has(clip, followed, guest, detector):
    points = mesh_points(guest, detector.detect(guest)[0])
    old = list(open_clip(clip).frames())
    new = list(replaced_frames(open_clip(clip), followed, guest, points, ClipSettings()))
    left, top = np.min([mesh[:, :2].min(0) for mesh in followed.meshes], axis=0).astype(int)
    right, bottom = np.max([mesh[:, :2].max(0) for mesh in followed.meshes], axis=0).astype(int)

    def flicker(frames):
        part = np.stack([frame[top:bottom, left:right].astype(float) for frame in frames])
        return np.abs(part[:-2] - 2 * part[1:-1] + part[2:]).mean()

    assert flicker(new) < 1.1 * flicker(old)


def test_the_file_has_sound_label_and_notes(clip, guest, detector, tmp_path):
    shown = []
    notes = make_clip(
        clip, guest, tmp_path / "a.mp4", ClipSettings(clip_complexion=True), detector=detector,
        progress=lambda done, total: shown.append(done / total) or True,
    )  # fmt: skip
    assert notes == ()
    assert len(list(open_clip(tmp_path / "a.mp4").frames())) == FRAMES
    assert read_sound(tmp_path / "a.mp4").seconds == pytest.approx(1.2, abs=0.1)
    assert describe(read_packet((tmp_path / "a.mp4").read_bytes()))["source_type"] == "compositeCapture"
    assert shown == sorted(shown)
    assert 0.9 < shown[-1] <= 1


def test_what_is_before_the_face_stays_before_it(view, guest, detector, tmp_path):
    mouth = detector.detect(view)[0].landmarks[3:].mean(0)
    covered = view.copy()
    x, y = np.round(mouth).astype(int)
    covered[y - 16 : y + 18, x - 26 : x + 27] = (20, 60, 160)  # also where the detector then guesses the mouth
    write_video([covered] * 2, tmp_path / "one.mp4", 25, suffix=".mp4")
    clip = open_clip(tmp_path / "one.mp4")
    points = mesh_points(guest, detector.detect(guest)[0])
    new = next(replaced_frames(clip, follow_face(clip, detector=detector), guest, points, ClipSettings()))
    old = next(iter(clip.frames()))
    box = np.s_[y - 8 : y + 10, x - 16 : x + 17]
    assert np.array_equal(new[box], old[box])
    assert (new != old).any()


def test_a_dark_photo_is_said(clip, guest, detector, tmp_path):
    dark = (guest * 0.15).astype(np.uint8)
    assert any("dark" in note for note in make_clip(clip, dark, tmp_path / "a.gif", detector=detector))


def test_a_clip_of_one_silent_frame(view, guest, detector, tmp_path):
    write_video([view], tmp_path / "one.mp4", 25, suffix=".mp4")
    assert make_clip(tmp_path / "one.mp4", guest, tmp_path / "a.mp4", detector=detector) == ()
    assert len(list(open_clip(tmp_path / "a.mp4").frames())) == 1
    assert not has_sound(tmp_path / "a.mp4")


def test_what_cannot_be_done_is_said(clip, view, guest, detector, tmp_path, astronaut):
    grey = np.full((64, 64, 3), 127, np.uint8)
    write_video([grey] * 3, tmp_path / "empty.mp4", 5, suffix=".mp4")
    out = tmp_path / "a.mp4"
    with pytest.raises(PhotoError, match=r"No face was found in any frame of empty\.mp4"):
        make_clip(tmp_path / "empty.mp4", guest, out, detector=detector)
    with pytest.raises(PhotoError, match="The photo: No face"):
        make_clip(clip, grey, out, detector=detector)
    with pytest.raises(PhotoError, match="no face number 3"):
        make_clip(clip, guest, out, ClipSettings(face=3), detector=detector)
    with pytest.raises(InputError, match="Strength is 2"):
        make_clip(clip, guest, out, ClipSettings(strength=2), detector=detector)
    with pytest.raises(Cancelled):
        make_clip(clip, guest, out, detector=detector, progress=lambda done, total: done < 2)
    assert not out.exists()
    (tmp_path / "text.mp4").write_text("no clip")
    with pytest.raises(InputError, match="cannot be read as a video"):
        open_clip(tmp_path / "text.mp4")
    with pytest.raises(InputError, match="no clip"):
        open_clip(tmp_path / "missing.mp4")
    with pytest.raises(InputError, match="longer than 1 seconds"):
        open_clip(clip, max_seconds=1)
