"""Labels of likeness: every label occurs, in rising order, on the scale of each network."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.identity.likeness_scale import LIKENESS_LABELS, LIKENESS_THRESHOLDS, Likeness, likeness_label


@pytest.mark.parametrize("encoder", [*LIKENESS_THRESHOLDS, "an encoder without a scale"])
def test_likeness_rises_through_all_labels(encoder):
    labels = [likeness_label(cosine, encoder) for cosine in np.linspace(-1, 1, 201)]
    assert list(dict.fromkeys(labels)) == list(LIKENESS_LABELS)
    assert "by FaceNet" in str(Likeness(0.7, "FaceNet"))
    assert "also put the face in" in str(Likeness(0.7, "TransFace", independent=False))
