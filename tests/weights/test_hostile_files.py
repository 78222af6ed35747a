"""Files that would run something, exhaust the reader, or are damaged: each is one sentence, and nothing runs."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import struct
import subprocess
import zipfile
from collections import OrderedDict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from facechain_ext.errors import WeightsError
from facechain_ext.weights import read_state_dict, safe_unpickler

# Files that would run something ------------------------------------------------------------------------------------


class Reduce:
    def __init__(self, function, *arguments):
        self.recipe = (function, arguments)

    def __reduce__(self):
        return self.recipe


def canary(tmp_path):
    return tmp_path / "ran"


def touch(tmp_path):
    return f"touch {canary(tmp_path)}"


def as_zip(path, data, entries=()):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/version", "3\n")
        for name, content in entries:
            archive.writestr(f"archive/{name}", content)


def as_legacy(path, data):
    head = b"".join(pickle.dumps(x, 2) for x in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
    path.write_bytes(head + data + pickle.dumps([], 2))


def hostile(tmp_path):
    """Pickles in every dialect that reach for a command; each would make the canary file if anything ran."""
    command = touch(tmp_path).encode()
    yield "os.system", pickle.dumps(Reduce(os.system, touch(tmp_path)), 2)
    yield "protocol 0", pickle.dumps(Reduce(os.system, touch(tmp_path)), 0)
    yield "protocol 5", pickle.dumps(Reduce(os.system, touch(tmp_path)), 5)
    yield "eval", pickle.dumps(Reduce(eval, f"__import__('os').system({touch(tmp_path)!r})"), 2)
    yield "exec", pickle.dumps(Reduce(exec, f"open({str(canary(tmp_path))!r}, 'w')"), 4)
    yield "subprocess", pickle.dumps(Reduce(subprocess.check_call, ["sh", "-c", touch(tmp_path)]), 4)
    yield "in a value", pickle.dumps({"state_dict": {"w": [(Reduce(os.system, touch(tmp_path)),)]}}, 2)
    yield "getattr", pickle.dumps(Reduce(getattr, "x", "upper"), 2)
    yield "INST", b"(S'" + command + b"'\nios\nsystem\n."
    yield "OBJ", b"(cos\nsystem\nS'" + command + b"'\no."
    yield "NEWOBJ", b"\x80\x02cos\nsystem\nU" + bytes([len(command)]) + command + b"\x85\x81."
    yield "NEWOBJ_EX", b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c" + bytes([len(command)]) + command + b"\x85}\x92."
    yield "STACK_GLOBAL", b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c" + bytes([len(command)]) + command + b"\x85R."
    yield "EXT1", b"\x80\x02\x82\x01."
    yield "torch.load through a name", b"ctorch\nload\n(S'" + command + b"'\ntR."
    yield "torch.hub", b"ctorch.hub\nload\n(S'" + command + b"'\ntR."
    yield "dotted name", b"\x80\x04\x8c\x05torch\x8c\x09os.system\x93\x8c" + bytes([len(command)]) + command + b"\x85R."
    yield "call of a string", b"(S'" + command + b"'\nS'x'\n\x85R."
    yield "BUILD on a name", b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}U\x08__code__K\x01sb."
    yield "BUILD on a class", b"\x80\x02ccollections\nOrderedDict\n}U\x06updatecos\nsystem\nsb."
    yield "memo", b"\x80\x02cos\nsystem\nq\x000h\x00U" + bytes([len(command)]) + command + b"\x85R."
    yield "persistent id that is a call", b"\x80\x02cos\nsystem\nU" + bytes([len(command)]) + command + b"\x85RQ."
    yield "persistent id that is text", b"Pstorage\n."
    yield "persistent id of another kind", pickle.dumps(("module", "x", "0", "cpu", 1), 2)[:-1] + b"Q."
    yield "subclass rebuild", (
        b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nctorch\nTensor\nU"
        + bytes([len(command)]) + command + b"\x85}tR."
    )  # fmt: skip
    yield "OrderedDict of a generator", b"ccollections\nOrderedDict\n(cbuiltins\nmap\ntR."
    yield "codecs", b"\x80\x02c_codecs\ndecode\nU\x01xU\x05rot13\x86R."


def hostile_names():
    from pathlib import Path

    return [name for name, _ in hostile(Path("/tmp"))]


@pytest.mark.parametrize("case", hostile_names())
def test_a_file_that_would_run_something_is_refused_and_nothing_runs(tmp_path, case):
    data = dict(hostile(tmp_path))[case]
    as_zip(tmp_path / "zip.pt", data)
    as_legacy(tmp_path / "legacy.pt", data)
    for name in ("zip.pt", "legacy.pt"):
        with pytest.raises(WeightsError) as caught:
            read_state_dict(tmp_path / name)
        assert "not loaded" in str(caught.value)
        assert "get the file" in str(caught.value)
    assert not canary(tmp_path).exists()


def test_a_pickle_that_acts_does_act_when_loaded_unsafely(tmp_path):
    """The same bytes do run under Python's own pickle, so the test above tests something."""
    pickle.loads(dict(hostile(tmp_path))["os.system"])
    assert canary(tmp_path).exists()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_never_do_more_than_raise_their_two_errors(data):
    reader = safe_unpickler.SafeUnpickler({}, {}, lambda _: None)
    with contextlib.suppress(safe_unpickler.DamagedPickleError, safe_unpickler.UnsafePickleError):
        reader.load(io.BytesIO(b"\x80\x02" + data))


# Files that are something else -------------------------------------------------------------------------------------


def storage_pickle(count, size, stride, offset=0):
    class Id:
        pass

    class Pickler(pickle.Pickler):
        def persistent_id(self, item):
            return ("storage", torch.FloatStorage, "0", "cpu", count) if isinstance(item, Id) else None

    stream = io.BytesIO()
    rebuilt = Reduce(torch._utils._rebuild_tensor_v2, Id(), offset, size, stride, False, OrderedDict())
    Pickler(stream, 2).dump({"w": rebuilt})
    return stream.getvalue()


def test_the_made_pickle_is_a_good_one(tmp_path):
    as_zip(tmp_path / "w.pt", storage_pickle(4, (2, 2), (2, 1)), [("data/0", struct.pack("<4f", 1, 2, 3, 4))])
    assert read_state_dict(tmp_path / "w.pt")["w"].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("count", "size", "stride", "offset"),
    [
        (4, (2, 3), (3, 1), 0),
        (4, (4,), (1,), 1),
        (4, (2,), (-1,), 0),
        (4, (-2,), (1,), 0),
        (4, (2**40, 2**40), (0, 0), 0),
        (4, (2,), (2**62,), 0),
        (2**40, (2**40,), (1,), 0),
        (8, (8,), (1,), 0),
        (4, (2, 2), (1,), 0),
        (4, "big", (1,), 0),
        ("4", (2,), (1,), 0),
        (True, (1,), (1,), 0),
    ],
)
def test_absurd_sizes_are_refused(tmp_path, count, size, stride, offset):
    as_zip(tmp_path / "w.pt", storage_pickle(count, size, stride, offset), [("data/0", bytes(16))])
    with pytest.raises(WeightsError, match=r"w\.pt"):
        read_state_dict(tmp_path / "w.pt")


def test_a_compressed_zip_is_a_bomb_not_weights(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", storage_pickle(2**24, (2**24,), (1,)))
        archive.writestr("archive/data/0", bytes(2**26))
    assert (tmp_path / "bomb.pt").stat().st_size < 2**20
    with pytest.raises(WeightsError, match="compressed"):
        read_state_dict(tmp_path / "bomb.pt")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x80\x02]" + b"h" * 10, "damaged"),
        (b"\x80\x02" + b"]0" * (safe_unpickler.MAX_OPCODES // 2 + 5) + b".", "instructions"),
        (b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"x.", "single item"),
        (b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.", "single item"),
        (b"I" + b"9" * 10_000 + b"\n.", "text line"),
        (b"\x80\x02}" + b")" + b"\x85" * 100_000 + b"K\x01s.", "no tensors"),
        (b"\x80\x02}q\x00" + b"U\x01ah\x00s.", "end"),
        (b"\x80\x02}.", "no tensors"),
        (b"\x80\x02K\x01.", "no state dict"),
    ],
    ids=["bad memo", "endless", "long4", "bytes8", "decimal", "deep key", "cycle", "empty", "number"],
)
def test_pickles_made_to_exhaust_the_reader(tmp_path, data, message):
    as_zip(tmp_path / "w.pt", data)
    with pytest.raises(WeightsError, match=message):
        read_state_dict(tmp_path / "w.pt")
