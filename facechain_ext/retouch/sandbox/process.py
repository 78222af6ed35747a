"""A repository's Python in a process of its own, kept for the next picture, and stopped with this one."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import facechain_ext
from facechain_ext.devices import face_device
from facechain_ext.errors import HostError
from facechain_ext.retouch.sandbox import consent
from facechain_ext.retouch.sandbox.image_transport import receive, send
from facechain_ext.weights import require
from facechain_ext.weights.manifest import entry

if TYPE_CHECKING:
    from facechain_ext.faces.types import Pixels

log = logging.getLogger(__name__)

START_SECONDS, PICTURE_SECONDS = 180.0, 120.0
"""Longest waits for the network to be ready and for one picture; a first start reads all of ModelScope."""
_KEPT = (
    "PATH",
    "HOME",
    "SYSTEMROOT",
    "LANG",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "TMPDIR",
    "TEMP",
    "VIRTUAL_ENV",
)
_NOWHERE = "http://127.0.0.1:9"


class SandboxProcess:
    """ModelScope's ``task`` by the repository ``key`` of the manifest.

    The process gets pictures and gives pictures; it has no token of this one's environment, installs nothing, and its
    usual ways into the network lead nowhere. That holds off accidents, not malice, which is why consent comes first.
    Raises HostError when there is no consent or it does not start.
    """

    def __init__(self, key: str, task: str) -> None:
        remedy = consent.remedy(key)
        if remedy:
            raise HostError(f"{entry(key).title} does not run here. {remedy}")
        self._name = entry(key).title
        self._lock = threading.Lock()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        worker = ["facechain_ext.retouch.sandbox.worker", task, str(require(key)), str(face_device())]
        command = [sys.executable, "-m", *worker]
        self._process = subprocess.Popen(  # noqa: S603 - our own module, a task of ours, a checked folder
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, env=_environment()
        )
        atexit.register(self.close)
        try:
            self._answer(START_SECONDS)
        except HostError:
            self.close()
            raise
        log.info("faces: %s runs in process %d", self._name, self._process.pid)

    def __call__(self, **pictures: Pixels) -> Pixels:
        """RGB pictures uint8 [h, w, 3] by the names the repository knows; raises HostError when none comes back."""
        with self._lock:
            assert self._process.stdin is not None
            try:
                send(self._process.stdin, pictures)  # type: ignore[arg-type]
            except OSError as error:
                raise HostError(f"{self._name} has stopped. {self._last_words()}") from error
            made, _ = self._answer(PICTURE_SECONDS)
        if "picture" not in made:
            raise HostError(f"{self._name} gave no picture.")
        return made["picture"]

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def close(self) -> None:
        """Stop the process."""
        atexit.unregister(self.close)
        if self.running:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was still to be written is of no use any more
                    pipe.close()
        self._log.close()

    def _answer(self, seconds: float) -> tuple[dict[str, Pixels], dict[str, Any]]:
        """What the process says next; it is killed when that takes longer than ``seconds``."""
        assert self._process.stdout is not None
        late = threading.Timer(seconds, self._process.kill)
        late.start()
        try:
            pictures, words = receive(self._process.stdout)  # type: ignore[arg-type]
        except (EOFError, ValueError) as error:
            took = not late.is_alive()
            why = f"took more than {seconds:.0f} seconds" if took else f"stopped ({error})"
            last = self._last_words()
            self.close()
            raise HostError(f"{self._name} {why}. {last}") from error
        finally:
            late.cancel()
        if "error" in words:
            raise HostError(f"{self._name} failed: {words['error']}")
        return pictures, words

    def _last_words(self) -> str:
        if self._log.closed:
            return ""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return f"Its last words: {lines[-1][:500]}" if lines else "It said nothing."


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    root = str(Path(facechain_ext.__file__).parents[1])
    inherited = [path for path in sys.path if path and Path(path).is_dir() and path != root]
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), _NOWHERE)
    return {
        **kept,
        **nowhere,
        "PYTHONPATH": os.pathsep.join([root, *inherited]),
        "PIP_NO_INDEX": "1",
        "HF_HUB_OFFLINE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",  # a compiled file beside the Python would look like a change of it
    }


_running: dict[str, SandboxProcess] = {}
_starting = threading.Lock()


def sandbox_process(key: str, task: str) -> SandboxProcess:
    """The process for a repository, started at its first use and again when it has died or consent was taken back."""
    with _starting:
        known = _running.get(key)
        if known is not None and not (known.running and consent.state(key) == "given"):
            _running.pop(key).close()
            known = None
        if known is None:
            known = _running[key] = SandboxProcess(key, task)
        return known
