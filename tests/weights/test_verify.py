"""Verifying says how far it is, can be stopped, and changes nothing."""

from __future__ import annotations

import pytest

from facechain_ext.errors import Cancelled
from facechain_ext.weights import lock_file, store
from facechain_ext.weights.transfer import CHUNK

CONTENT = bytes(CHUNK) + b"the rest"


@pytest.fixture
def downloaded(models_folder):
    """Two files that were downloaded, and one that was put there by hand."""
    files = [models_folder / name for name in ("transface.safetensors", "adapter-majic.safetensors")]
    for file in files:
        file.write_bytes(CONTENT)
    lock_file.add_records({file: lock_file.sha256_of(file) for file in files}, "test")
    (models_folder / "adapter-film.safetensors").write_bytes(b"by hand")
    return files


def test_every_byte_that_is_read_is_reported(downloaded):
    reports = []
    findings = store.verify(report=lambda done, total: reports.append((done, total)) or True)
    assert sorted(one.state for one in findings) == ["right", "right", "unknown"]
    total = 2 * len(CONTENT)
    assert reports[-1] == (total, total)
    assert reports == sorted(reports)
    assert len(reports) == 4


def test_a_report_can_cancel_and_the_next_run_is_complete(downloaded):
    with pytest.raises(Cancelled, match="nothing was changed"):
        store.verify(report=lambda done, _total: done < len(CONTENT))
    assert [one.state for one in store.verify(["transface"])] == ["right"]
