"""The preview engine: the portrait's own mesh moved by the voice, without any weights beside the face mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext import faces
from facechain_ext.faces.face_choice import check_face, choose_face
from facechain_ext.labels.label import SYNTHETIC
from facechain_ext.media.sound import frame_count, read_sound
from facechain_ext.recipes.moving_file import save_frames
from facechain_ext.recipes.talking.settings import PreviewSettings, check_settings
from facechain_ext.recipes.talking.speech_motion import speech_motion
from facechain_ext.retouch.animate import PortraitAnimator
from facechain_ext.retouch.photo_doubts import moving_doubts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from facechain_ext.faces.types import Detector, Pixels
    from facechain_ext.media.speech import Phoneme
    from facechain_ext.recipes.moving_file import Progress
    from facechain_ext.retouch.animate import FaceMotion


def make_preview(
    portrait: Pixels,
    voice: Path,
    path: Path,
    settings: PreviewSettings | None = None,
    *,
    phonemes: Sequence[Phoneme] = (),
    inherited: Sequence[str | bytes] = (),
    detector: Detector | None = None,
    progress: Progress | None = None,
) -> tuple[str, ...]:
    """Write the video of ``portrait``, RGB uint8 [h, w, 3], speaking ``voice``; returns notes about the face.

    ``phonemes`` shape the mouth where they are known; loudness opens it in any case. Raises PhotoError for no usable
    face, InputError for an unusable sound, HostError when a program or package is missing, Cancelled when stopped.
    """
    settings = settings or PreviewSettings()
    check_settings(settings)
    sound = read_sound(voice)
    pixels = _sized(portrait, settings.side)
    face = choose_face((detector or faces.detector()).detect(pixels), settings.face)
    picture = faces.read_picture(pixels)
    notes = moving_doubts(pixels, face, check_face(picture, face))
    animator = PortraitAnimator(pixels, face)
    motions = speech_motion(sound, settings.fps, phonemes=phonemes, liveliness=settings.liveliness, seed=settings.seed)
    save_frames(
        _frames(animator, motions), path, settings.fps, kind=SYNTHETIC, mark=settings.mark, sound=voice,
        inherited=inherited, progress=progress, total=frame_count(sound, settings.fps),
    )  # fmt: skip
    return notes


def _frames(animator: PortraitAnimator, motions: Sequence[FaceMotion]) -> Iterator[Pixels]:
    for motion in motions:
        yield animator.frame(motion)


def _sized(pixels: Pixels, side: int) -> Pixels:
    """``pixels`` of at most ``side``, with even sides, as video encoders want them."""
    scale = min(1.0, side / max(pixels.shape[:2]))
    width, height = (max(int(length * scale) // 2 * 2, 2) for length in pixels.shape[1::-1])
    if (height, width) == pixels.shape[:2]:
        return np.ascontiguousarray(pixels)
    if scale == 1.0:
        return np.ascontiguousarray(pixels[:height, :width])
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
