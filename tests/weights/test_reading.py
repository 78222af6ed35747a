"""The safe reader: everything torch.save writes comes back, and nothing a file names is ever called."""

from __future__ import annotations

import contextlib
import os
import struct
from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from facechain_ext.errors import WeightsError
from facechain_ext.weights import read_state_dict
from facechain_ext.weights.reading import read_metadata

DTYPES = [
    torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int32, torch.int16, torch.int8,
    torch.uint8, torch.bool, torch.complex64,
]  # fmt: skip
if hasattr(torch, "uint16"):  # since torch 2.3; before, torch.save took no float8 either
    DTYPES += [torch.uint16, torch.float8_e4m3fn]


def bits(tensor):
    flat = torch.empty(tensor.numel(), dtype=tensor.dtype)
    flat.copy_(tensor.detach().reshape(-1))
    return flat.view(torch.uint8) if flat.numel() else flat.to(torch.uint8)


def assert_same(got, expected):
    assert set(got) == set(expected)
    for name, tensor in expected.items():
        assert got[name].dtype == tensor.dtype, name
        assert got[name].shape == tensor.shape, name
        assert torch.equal(bits(got[name]), bits(tensor)), name


@st.composite
def tensors(draw):
    """Tensors of every dtype and shape, many of them views: transposed, sliced, of a shared storage."""
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    size = int(np.prod(shape)) + draw(st.integers(0, 5))
    raw = torch.randint(0, 2 if dtype == torch.bool else 200, (size,), generator=generator).to(dtype)
    tensor = raw[size - int(np.prod(shape)) :].reshape(shape)
    if tensor.dim() >= 2 and draw(st.booleans()):
        tensor = tensor.transpose(0, 1)
    if tensor.dim() and tensor.shape[0] > 1 and draw(st.booleans()):
        tensor = tensor[1:]
    return tensor


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.dictionaries(st.text(min_size=1, max_size=8).filter(str.isprintable), tensors(), min_size=1, max_size=4),
    new=st.booleans(),
)
def test_what_torch_saves_comes_back_bit_for_bit(tmp_path, content, new):
    path = tmp_path / "weights.pt"
    torch.save(content, path, _use_new_zipfile_serialization=new)
    content = {f"{name}": tensor for name, tensor in content.items()}
    assert_same(read_state_dict(path), content)


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_views_of_one_storage_stay_views_of_one_storage(tmp_path, new):
    whole = torch.arange(12.0).reshape(3, 4)
    torch.save(
        {"whole": whole, "row": whole[1], "turned": whole.t()}, tmp_path / "w.pt", _use_new_zipfile_serialization=new
    )
    got = read_state_dict(tmp_path / "w.pt")
    assert got["row"].untyped_storage().data_ptr() == got["whole"].untyped_storage().data_ptr()
    assert got["turned"].stride() == (1, 4)


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("wrapper", ["state_dict", "params_ema", "model", None])
def test_wrappers_come_off_and_what_is_no_tensor_is_left_out(tmp_path, wrapper, new):
    inner = OrderedDict(weight=torch.ones(2), alpha=torch.tensor(0.5), scale=1.0)
    inner._metadata = {"": {"version": 1}}
    extra = {"epoch": 3, "loss": np.float64(0.5), "shape": torch.Size([1, 2]), "table": np.arange(3)}
    content = {wrapper: inner, **extra} if wrapper else inner
    torch.save(content, tmp_path / "w.ckpt", _use_new_zipfile_serialization=new)
    assert_same(read_state_dict(tmp_path / "w.ckpt"), {"weight": torch.ones(2), "alpha": torch.tensor(0.5)})


def test_what_old_trainers_file_under_a_class_is_left_out(tmp_path):
    content = {"callbacks": {OrderedDict: {"best": 1}, (1, 2): 3}, "state_dict": {"w": torch.ones(1)}}
    torch.save(content, tmp_path / "w.ckpt")
    assert_same(read_state_dict(tmp_path / "w.ckpt"), {"w": torch.ones(1)})


def test_a_part_of_a_network_that_is_called_like_a_wrapper_stays(tmp_path):
    torch.save({"weight": torch.ones(1), "net": {"bias": torch.zeros(1)}}, tmp_path / "a.pt")
    assert set(read_state_dict(tmp_path / "a.pt")) == {"weight", "net.bias"}
    torch.save({"step": torch.ones(()), "state_dict": {"bias": torch.zeros(1)}}, tmp_path / "b.pt")
    assert set(read_state_dict(tmp_path / "b.pt")) == {"bias"}


def test_a_module_with_parameters_and_buffers_reads_like_its_own_state_dict(tmp_path):
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    torch.save(module.state_dict(), tmp_path / "a.pt")
    torch.save(dict(module.named_parameters()), tmp_path / "b.pt")
    assert_same(read_state_dict(tmp_path / "a.pt"), module.state_dict())
    assert_same(read_state_dict(tmp_path / "b.pt"), dict(module.named_parameters()))


def test_tables_in_tables_become_dotted_names(tmp_path):
    torch.save(
        {"image_proj": {"norm": {"weight": torch.ones(1)}}, "ip_adapter": {"1": torch.zeros(1)}}, tmp_path / "ip.bin"
    )
    assert set(read_state_dict(tmp_path / "ip.bin")) == {"image_proj.norm.weight", "ip_adapter.1"}


def test_safetensors_whatever_the_name(tmp_path):
    content = {"a": torch.randn(2, 3).half(), "b": torch.ones(()).bfloat16()}
    save_file(content, tmp_path / "a.safetensors", metadata={"kind": "test"})
    (tmp_path / "renamed.ckpt").write_bytes((tmp_path / "a.safetensors").read_bytes())
    assert_same(read_state_dict(tmp_path / "a.safetensors"), content)
    assert_same(read_state_dict(tmp_path / "renamed.ckpt"), content)
    assert read_metadata(tmp_path / "a.safetensors") == {"kind": "test"}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.floats(0, 1), value=st.integers(0, 255), new=st.booleans())
def test_a_file_with_one_wrong_byte_loads_or_says_so(tmp_path, position, value, new):
    path = tmp_path / "w.pt"
    torch.save({"a": torch.ones(3, 2), "b": torch.zeros(2).half()}, path, _use_new_zipfile_serialization=new)
    data = bytearray(path.read_bytes())
    data[int(position * (len(data) - 1))] = value
    path.write_bytes(data)
    with contextlib.suppress(WeightsError):
        read_state_dict(path)


def good(tmp_path, kind):
    path = tmp_path / f"good.{kind}"
    content = {"a": torch.randn(30, 40), "b": torch.ones(5)}
    if kind == "safetensors":
        save_file(content, path)
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == "zip")
    return path


@pytest.mark.parametrize("kind", ["safetensors", "zip", "legacy"])
@pytest.mark.parametrize("fraction", [0.0, 0.001, 0.02, 0.5, 0.98, 0.9999])
def test_a_file_cut_off_anywhere(tmp_path, kind, fraction):
    path = good(tmp_path, kind)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * fraction)])
    with pytest.raises(WeightsError, match="good") as caught:
        read_state_dict(path)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"Hello, these are not weights.", "neither"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "Git LFS"),
        (struct.pack("<Q", 2**60) + b'{"a": 1}', "header"),
        (struct.pack("<Q", 8) + b"{]]]]]]]", "header"),
        (struct.pack("<Q", 2) + b"{}", "no tensors|damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "neither"),
        (b"\x80\x04K\x01.", "damaged"),
        (b"PK\x03\x04" + bytes(100), "damaged"),
    ],
)
def test_files_of_another_kind(tmp_path, content, message):
    (tmp_path / "some.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        read_state_dict(tmp_path / "some.safetensors")


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(WeightsError, match="no file"):
        read_state_dict(tmp_path / "none.pt")
    with pytest.raises(WeightsError, match="folder"):
        read_state_dict(tmp_path)


def test_a_patched_torch_load_changes_nothing(tmp_path, monkeypatch):
    """The webui replaces torch.load by one that returns None for what it rejects."""
    path = good(tmp_path, "zip")
    monkeypatch.setattr(torch, "load", lambda *_, **__: None)
    assert read_state_dict(path)["a"].shape == (30, 40)


def test_a_safetensors_header_may_begin_with_the_byte_of_a_pickle(tmp_path):
    path = tmp_path / "weights.safetensors"
    for length in range(400):
        save_file({"a": torch.ones(2)}, path, metadata={"note": "x" * length})
        if path.read_bytes()[0] == 0x80:
            break
    assert path.read_bytes()[0] == 0x80
    assert torch.equal(read_state_dict(path)["a"], torch.ones(2))


def padded_safetensors(path, first_byte: int):
    """A safetensors file whose header is as long as its first byte says, modulo 256."""
    save_file({"a": torch.arange(3.0)}, path)
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header, rest = content[8 : 8 + length].rstrip(b" "), content[8 + length :]
    wanted = len(header) + (first_byte - len(header)) % 256
    path.write_bytes(wanted.to_bytes(8, "little") + header.ljust(wanted) + rest)


@pytest.mark.parametrize("first_byte", range(256))
def test_a_safetensors_file_is_read_whatever_its_length_looks_like(tmp_path, first_byte):
    path = tmp_path / "a.safetensors"
    padded_safetensors(path, first_byte)
    assert path.read_bytes()[0] == first_byte
    assert read_state_dict(path)["a"].tolist() == [0, 1, 2]
    assert read_metadata(path) == {}
    path.write_bytes(path.read_bytes()[:38])
    with pytest.raises(WeightsError, match=r"announces a header|damaged or cut off"):
        read_state_dict(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_refused_without_waiting(tmp_path):
    pipe = tmp_path / "model.safetensors"
    os.mkfifo(pipe)
    for read in (read_state_dict, read_metadata):
        with pytest.raises(WeightsError, match="is a named pipe"):
            read(pipe)


def test_a_header_that_nests_without_end_is_one_sentence(tmp_path):
    path = tmp_path / "deep.safetensors"
    header = b'{"a":' * 20_000 + b"1" + b"}" * 20_000
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(WeightsError, match=r"^deep\.safetensors"):
        read_state_dict(path)
