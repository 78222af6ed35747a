"""The record of what was downloaded: changed files, damaged records, many writers."""

from __future__ import annotations

import hashlib
import threading

import pytest

from facechain_ext.errors import WeightsError
from facechain_ext.weights import download, lock_file, store
from tests.weights.served import CONTENT, final

# What is remembered ------------------------------------------------------------------------------------------------


def test_a_changed_file_is_noticed(server, use, caplog):
    download.pull("test")
    final().write_bytes(CONTENT[:-1] + b"x")
    assert store.require("test") == final()
    assert "verify" in caplog.text
    assert [f.state for f in store.verify()] == ["changed"]
    assert [str(f) for f in store.verify()] == ["test: file.data has changed since it was downloaded."]
    final().unlink()
    assert [f.state for f in store.verify()] == ["missing"]
    final().write_bytes(CONTENT)
    assert [f.state for f in store.verify()] == ["right"]
    lock_file.remove_records([final()])
    assert [f.state for f in store.verify()] == ["unknown"]


def test_a_damaged_lock_file_says_what_to_do(server, use):
    download.pull("test")
    (final().parents[1] / lock_file.LOCK_FILE).write_text("{", encoding="utf-8")
    with pytest.raises(WeightsError, match="Delete it"):
        store.verify()


def test_many_threads_add_records_without_losing_anything(server, tmp_path):
    root = final().parents[1]
    root.mkdir(parents=True)
    files = [root / f"{i}.data" for i in range(8)]
    for file in files:
        file.write_bytes(b"x")
    digest = hashlib.sha256(b"x").hexdigest()
    threads = [threading.Thread(target=lock_file.add_records, args=({file: digest}, "test")) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(lock_file.read_lock()) == {file.name for file in files}
