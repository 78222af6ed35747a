"""One process at a time: a lock that another process holds is waited for, or given up."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager

import pytest

from facechain_ext.storage import file_lock as module
from facechain_ext.storage.file_lock import file_lock

HOLDER = """
import sys
from pathlib import Path
from facechain_ext.storage.file_lock import file_lock
with file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def another_process_holds(path):
    """A process that holds the lock of ``path`` until it reads a line or this block ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        yield holder
        if holder.poll() is None:
            holder.communicate("\n")
    assert holder.returncode == 0


def test_lock_is_free_again_after_the_block_also_after_an_error(tmp_path):
    path = tmp_path / "folder" / "one.lock"
    with pytest.raises(KeyError), file_lock(path):
        raise KeyError
    assert path.is_file()
    with another_process_holds(path):
        pass


def test_on_wait_is_called_until_the_other_process_lets_go(tmp_path):
    path, waits = tmp_path / "one.lock", []
    with another_process_holds(path) as holder:

        def let_go():
            waits.append(1)
            if len(waits) == 2:
                holder.communicate("\n")

        with file_lock(path, let_go):
            assert len(waits) >= 2


def test_on_wait_gives_up_by_raising(tmp_path):
    path = tmp_path / "one.lock"

    def stop():
        raise InterruptedError

    with another_process_holds(path), pytest.raises(InterruptedError), file_lock(path, stop):
        pytest.fail("the lock was held twice")


def test_without_on_wait_the_lock_is_given_up_in_the_end(tmp_path, monkeypatch):
    path = tmp_path / "one.lock"
    monkeypatch.setattr(module, "TIMEOUT", 0.05)
    with another_process_holds(path), pytest.raises(TimeoutError), file_lock(path):
        pytest.fail("the lock was held twice")
