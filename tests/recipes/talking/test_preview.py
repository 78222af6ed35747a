"""The preview: a video as long as its voice, whose mouth follows it, labelled, marked, or refused with a sentence."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("mediapipe", reason="mediapipe is not installed here")

from facechain_ext.errors import Cancelled, InputError, PhotoError
from facechain_ext.faces.mesh import fit_mesh
from facechain_ext.labels import LabelSettings, describe, read_packet, use_label_settings
from facechain_ext.media.sound import frame_loudness, read_sound
from facechain_ext.recipes.talking.preview import make_preview
from facechain_ext.recipes.talking.settings import PreviewSettings
from tests.faces.conftest import astronaut, detector, face
from tests.media.conftest import bursts, ffmpeg

__all__ = ["astronaut", "bursts", "detector", "face", "ffmpeg"]

QUICK = PreviewSettings(fps=12.5, side=256)


def decoded(path):
    capture, found = cv2.VideoCapture(str(path)), []
    while True:
        more, frame = capture.read()
        if not more:
            return found
        found.append(np.ascontiguousarray(frame[..., ::-1]))


@pytest.fixture(scope="module")
def video(tmp_path_factory, astronaut, bursts, detector):
    path = tmp_path_factory.mktemp("video") / "a.mp4"
    make_preview(astronaut, bursts, path, QUICK, detector=detector)
    return path


def test_length_and_sound_are_those_of_the_voice(video, bursts):
    assert len(decoded(video)) == 15
    assert read_sound(video).seconds == pytest.approx(read_sound(bursts).seconds, abs=0.07)


def test_the_mouth_follows_the_loudness(video, bursts, detector):
    frames = decoded(video)
    face = detector.detect(frames[0])[0]
    centre = ((face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2)
    meshes = [fit_mesh(frame, centre, face.height, face.roll) for frame in frames]
    openings = [np.linalg.norm(mesh[13, :2] - mesh[14, :2]) for mesh in meshes]
    assert np.corrcoef(openings, frame_loudness(read_sound(bursts), 12.5))[0, 1] > 0.5


def test_the_file_is_labelled_and_marked(video, astronaut):
    facts = describe(read_packet(video.read_bytes()))
    assert facts["source_type"] == "compositeSynthetic"
    corner = decoded(video)[0][-12:, -12:].astype(int)
    small = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)[-12:, -12:]
    assert np.abs(corner - small).mean() > 20


def test_labels_can_be_switched_off_as_elsewhere(tmp_path, astronaut, bursts, detector):
    use_label_settings(lambda: LabelSettings(enabled=False))
    settings = PreviewSettings(fps=5, side=256, mark=False)
    make_preview(astronaut, bursts, tmp_path / "a.gif", settings, detector=detector)
    assert read_packet((tmp_path / "a.gif").read_bytes()) == ""


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (PreviewSettings(fps=2), "Frames a second is 2"),
        (PreviewSettings(side=64), "side is 64"),
        (PreviewSettings(liveliness=3), "Liveliness is 3"),
    ],
)
def test_settings_out_of_range_are_refused(tmp_path, astronaut, settings, reason):
    with pytest.raises(InputError, match=reason):
        make_preview(astronaut, tmp_path / "a.wav", tmp_path / "a.mp4", settings)


def test_no_face_and_a_stop_leave_no_file(tmp_path, astronaut, bursts, detector):
    with pytest.raises(PhotoError, match="No face"):
        make_preview(astronaut[300:], bursts, tmp_path / "a.mp4", QUICK, detector=detector)
    with pytest.raises(Cancelled):
        make_preview(
            astronaut, bursts, tmp_path / "a.mp4", QUICK, detector=detector, progress=lambda done, total: done < 3
        )
    assert not list(tmp_path.iterdir())
