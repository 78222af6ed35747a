"""Processes that tests start."""

from __future__ import annotations

import subprocess


def end(process: subprocess.Popen) -> None:
    """End a process; one that has not ended a minute after it was asked is killed.

    A server waits for connections, and a page that is still open holds one.
    """
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
