"""torch.save to safetensors: the same tensors, however they lay in memory."""

from __future__ import annotations

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from facechain_ext.errors import WeightsError
from facechain_ext.weights import convert as module
from facechain_ext.weights.convert import convert
from facechain_ext.weights.reading import read_metadata


def test_tensors_of_any_memory_layout_are_converted(tmp_path):
    whole = torch.arange(24.0).reshape(4, 6)
    content = {
        "whole": whole, "same": whole, "row": whole[1], "turned": whole.t(), "step": whole[::2], "alone": torch.ones(3),
        "half": torch.ones(2).half(), "scalar": torch.tensor(2), "nothing": torch.empty(0, 2), "none": torch.empty(0),
    }  # fmt: skip
    torch.save(content, tmp_path / "a.pt")
    convert(tmp_path / "a.pt", tmp_path / "a.safetensors", {"source": "here"})
    got = load_file(tmp_path / "a.safetensors")
    assert set(got) == set(content)
    for name, tensor in content.items():
        assert got[name].dtype == tensor.dtype
        assert torch.equal(got[name], tensor)
    assert read_metadata(tmp_path / "a.safetensors") == {"format": "pt", "source": "here"}


def test_a_file_that_cannot_be_read_gives_no_file(tmp_path):
    (tmp_path / "a.pt").write_bytes(b"\x80\x02no")
    with pytest.raises(WeightsError):
        convert(tmp_path / "a.pt", tmp_path / "a.safetensors")
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


def test_a_disk_that_refuses_gives_no_file(tmp_path, monkeypatch):
    def refuse(_, path, **__):
        path.write_bytes(b"half")
        raise SafetensorError("I/O error")

    torch.save({"a": torch.ones(2)}, tmp_path / "a.pt")
    monkeypatch.setattr(module, "save_file", refuse)
    with pytest.raises(WeightsError, match="disk"):
        convert(tmp_path / "a.pt", tmp_path / "a.safetensors")
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]
