"""The motion follows the sound: loudness opens, lip sounds close, and the same seed gives the same head."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.media.sound import RATE, Sound
from facechain_ext.media.speech import Phoneme
from facechain_ext.recipes.talking.speech_motion import speech_motion


@pytest.fixture(scope="module")
def voice():
    """Ten seconds of tone, loud and soft by turns of half a second."""
    time = np.arange(10 * RATE) / RATE
    loud = np.where((time * 2).astype(int) % 2, 0.7, 0.01)
    return Sound((loud * np.sin(2 * np.pi * 150 * time)).astype(np.float32))


def test_the_mouth_follows_loudness(voice):
    motions = speech_motion(voice, 25)
    assert len(motions) == 250
    mouth = np.array([motion.mouth for motion in motions])
    loud = ((np.arange(250) + 0.5) / 12.5).astype(int) % 2
    assert np.corrcoef(mouth, loud)[0, 1] > 0.9
    assert mouth.min() >= 0
    assert mouth.max() <= 1


def test_phonemes_shape_the_mouth(voice):
    told = [Phoneme(0.5, "ɑː"), Phoneme(0.66, "m"), Phoneme(0.82, "uː"), Phoneme(1.0, "")]
    motions = speech_motion(voice, 25, phonemes=told)
    opened, closed, rounded = motions[14], motions[18], motions[22]
    assert opened.mouth > 0.6
    assert closed.mouth < 0.25
    assert closed.press > 0.7
    assert rounded.spread < -0.6
    assert rounded.mouth < opened.mouth


@pytest.mark.parametrize("fps", [12.5, 25, 50])
def test_the_head_starts_as_in_the_portrait_and_moves_slowly(voice, fps):
    motions = speech_motion(voice, fps, seed=3)
    angles = np.array([(motion.yaw, motion.roll) for motion in motions])
    assert np.abs(angles[0]).max() == 0
    assert 0.5 < np.abs(angles).max() < 12
    assert np.abs(np.diff(angles, axis=0)).max() * fps < 25  # degrees a second


def test_blinks_and_seeds(voice):
    blinks = np.array([motion.blink for motion in speech_motion(voice, 25, seed=1)])
    starts = int(((blinks[1:] > 0) & (blinks[:-1] == 0)).sum())
    assert 2 <= starts <= 6
    assert speech_motion(voice, 25, seed=1) == speech_motion(voice, 25, seed=1)
    assert speech_motion(voice, 25, seed=1) != speech_motion(voice, 25, seed=2)
    still = speech_motion(voice, 25, liveliness=0)
    assert all(motion.yaw == motion.pitch == motion.roll == 0 for motion in still)
