"""Enlarging pictures with upscaler models, and without one."""

from __future__ import annotations

import numpy as np
import pytest

from facechain_ext.errors import WeightsError
from facechain_ext.retouch.restore import SpandrelRestorer, enlarge, restorer_files


def test_restoring_with_a_small_upscaler(tmp_path, astronaut):
    """Real-ESRGAN's compact layout, written and computed here; tiles must not show."""
    pytest.importorskip("spandrel", reason="spandrel is not installed here")
    import torch
    from torch import nn

    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3, padding=1), nn.PReLU(8)]
    for _ in range(2):
        layers += [nn.Conv2d(8, 8, 3, padding=1), nn.PReLU(8)]
    body = nn.Sequential(*layers, nn.Conv2d(8, 12, 3, padding=1))
    torch.save({f"body.{key}": value for key, value in body.state_dict().items()}, tmp_path / "small.pth")
    restorer = SpandrelRestorer(tmp_path / "small.pth")
    assert (restorer.name, restorer.scale) == ("small", 2)
    part = astronaut[:300, :280]
    image = torch.from_numpy(part.copy()).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        whole = nn.functional.pixel_shuffle(body(image), 2) + nn.functional.interpolate(image, scale_factor=2)
    expected = whole[0].clamp(0, 1).permute(1, 2, 0).numpy() * 255
    assert np.abs(restorer.restore(part) - expected).max() < 0.51
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"other\.pth is no model"):
        SpandrelRestorer(tmp_path / "other.pth")


def test_restorer_files(tmp_path):
    for name in ("b.pth", "a.safetensors", "c.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in restorer_files(tmp_path)] == ["a.safetensors", "b.pth"]
    assert restorer_files(tmp_path / "gone") == ()
    assert enlarge(np.zeros((10, 20, 3), np.uint8), 1.5).shape == (15, 30, 3)
