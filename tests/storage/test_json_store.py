"""Small JSON files: what cannot be read counts as empty and is logged, what cannot be written is an error."""

from __future__ import annotations

import json

import pytest

from facechain_ext.errors import WeightsError
from facechain_ext.storage.json_store import read_json, write_json


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True]}, [], "人像", 0])
def test_a_value_is_read_as_it_was_written(tmp_path, value):
    path = tmp_path / "folder" / "store.json"
    write_json(path, {"old": "value"})
    write_json(path, value)
    assert read_json(path) == value == json.loads(path.read_text(encoding="utf-8"))
    assert [one.name for one in path.parent.iterdir()] == ["store.json"]


def test_a_missing_file_is_empty_without_a_warning(tmp_path, caplog):
    assert read_json(tmp_path / "store.json") is None
    assert not caplog.records


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 100_000], ids=["empty", "cut off", "no UTF-8", "too deep"]
)
def test_a_damaged_file_counts_as_empty_and_is_logged(tmp_path, caplog, content):
    path = tmp_path / "store.json"
    path.write_bytes(content)
    assert read_json(path) is None
    assert str(path) in caplog.text


def test_a_value_that_json_has_not_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "store.json"
    write_json(path, ["before"])
    with pytest.raises(TypeError):
        write_json(path, {1j})
    assert read_json(path) == ["before"]
    assert [one.name for one in tmp_path.iterdir()] == ["store.json"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WeightsError, match=r"store\.json cannot be written"):
        write_json(tmp_path / "file" / "store.json", [])
