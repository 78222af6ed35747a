"""Gender and age group by FairFace: its file layouts, and one read per version of the file."""

from __future__ import annotations

import os

import pytest

from facechain_ext.errors import WeightsError
from facechain_ext.faces import attributes
from facechain_ext.faces.attributes import Attributes, FairFace
from facechain_ext.faces.types import Availability


def test_fairface_in_its_own_layout(tmp_path, astronaut, face):
    """Random ResNet-34 with a bias: the outputs 8 (female) and 9 + 3 (20-29) win."""
    torch = pytest.importorskip("torch")
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed here")
    torch.manual_seed(0)
    network = models.resnet34(num_classes=18)
    with torch.no_grad():
        network.fc.weight.zero_()
        network.fc.bias.zero_()
        network.fc.bias[[8, 12]] = 5
    torch.save({f"net.{key}": value for key, value in network.state_dict().items()}, tmp_path / "pytorch_model.pt")
    estimated = FairFace(tmp_path).estimate(astronaut, face)
    assert (estimated.gender, estimated.age) == ("female", "20-29")
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(WeightsError, match=r"other\.pt is not"):
        FairFace(tmp_path / "other.pt")


def test_fairface_is_read_once_and_again_when_its_file_changes(tmp_path, astronaut, face, monkeypatch):
    file, created = tmp_path / "fairface.pt", []

    class Network:
        def __init__(self, path):
            created.append(path)

        def estimate(self, pixels, face):
            return Attributes("female", "20-29")

    file.write_bytes(b"1")
    monkeypatch.setattr(attributes, "FairFace", Network)
    monkeypatch.setattr(attributes, "availability", lambda: (Availability("attributes", "fairface", True, "", ""),))
    monkeypatch.setattr("facechain_ext.weights.require", lambda _key: tmp_path)
    for _ in range(3):
        assert attributes.estimate_attributes(astronaut, face).gender == "female"
    assert created == [file]
    os.utime(file, ns=(1, 1))
    attributes.estimate_attributes(astronaut, face)
    assert created == [file, file]
