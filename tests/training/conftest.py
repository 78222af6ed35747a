"""Tiny random models and people of the synthetic world."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from facechain_ext.demo.layout import ENCODER, WIDTH
from facechain_ext.faces.types import Face, HeadMask
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.identity import TransFace
from facechain_ext.identity.projector import ProjectorSizes
from facechain_ext.methods.fact import new_adapter
from research.evaluate.rendered import RenderedPeople

PROJECTOR = ProjectorSizes(ENCODER.width, width=64, inner=64, depth=1, queries=4, hidden=128, token_width=WIDTH)


@pytest.fixture
def checkpoint(models):
    return load_checkpoint(models.checkpoint)


@pytest.fixture(scope="session")
def encoder(models):
    return TransFace.from_file(models.encoder)


@pytest.fixture
def adapter_of():
    def make(checkpoint, gate=0.3):
        torch.manual_seed(7)
        return new_adapter(checkpoint.unet, projector=PROJECTOR, gate=gate)

    return make


@pytest.fixture(scope="session")
def rendered_people():
    return RenderedPeople(2, 2)


class MarkDetector:
    """Takes every red patch for a face: a stand-in for a network, whose choices are tested elsewhere."""

    name = "marks"

    def detect(self, pixels):
        found = []
        red = (pixels[..., 0] > 200) & (pixels[..., 1] < 60) & (pixels[..., 2] < 60)
        count, _, stats, _ = cv2.connectedComponentsWithStats(red.astype(np.uint8))
        for left, top, width, height, area in stats[1:count]:
            if area < 20:
                continue
            points = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)], np.float32)
            box = (float(left), float(top), float(left + width), float(top + height))
            found.append(Face(box, points * (width, height) + (left, top), 1.0))
        return sorted(found, key=lambda face: -face.area)


class BoxMasker:
    """The box of the face as its mask."""

    name = "box"

    def mask(self, pixels, face):
        inside = np.zeros(pixels.shape[:2], bool)
        left, top, right, bottom = (int(edge) for edge in face.box)
        inside[top:bottom, left:right] = True
        return HeadMask(inside, inside)
