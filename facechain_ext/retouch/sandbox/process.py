"""The sandbox process that runs the code of a repository: started once, and stopped with this process."""

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
from typing import TYPE_CHECKING

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
"""Time limits for the start and for one picture; the first start imports all of ModelScope."""
_INHERITED_VARIABLES = (
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
_DEAD_PROXY = "http://127.0.0.1:9"


class SandboxProcess:
    """ModelScope's ``task`` by the repository ``key`` of the manifest.

    It exchanges pictures only, inherits no access tokens from the environment, cannot install packages, and its proxy
    settings block the usual network access. This prevents accidents, not attacks, so consent is required. Raises
    HostError when there is no consent or the process does not start.
    """

    def __init__(self, key: str, task: str) -> None:
        remedy = consent.remedy(key)
        if remedy:
            raise HostError(f"{entry(key).title} does not run here. {remedy}")
        self._name = entry(key).title
        self._lock = threading.Lock()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        worker = ["facechain_ext.retouch.sandbox.worker", task, str(require(key)), str(face_device())]
        command = [sys.executable, "-m", *worker]
        self._process = subprocess.Popen(  # noqa: S603 - our own module, a task of ours, a checked folder
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, env=_environment()
        )
        atexit.register(self.close)
        try:
            self._receive(START_SECONDS)
        except HostError:
            self.close()
            raise
        log.info("faces: %s runs in process %d", self._name, self._process.pid)

    def __call__(self, **pictures: Pixels) -> Pixels:
        """The result for RGB pictures uint8 [h, w, 3] by input name; raises HostError when there is none."""
        with self._lock:
            assert self._process.stdin is not None
            try:
                send(self._process.stdin, pictures)
            except OSError as error:
                raise HostError(f"{self._name} has stopped. {self._last_log_line()}") from error
            results, _ = self._receive(PICTURE_SECONDS)
        if "picture" not in results:
            raise HostError(f"{self._name} gave no picture.")
        return results["picture"]

    @property
    def running(self) -> bool:
        """Whether the process is running."""
        return self._process.poll() is None

    def close(self) -> None:
        """Stop the process."""
        atexit.unregister(self.close)
        if self.running:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # unsent data is discarded
                    pipe.close()
        self._log.close()

    def _receive(self, seconds: float) -> tuple[dict[str, Pixels], dict[str, str]]:
        """The next message of the process, which is killed after ``seconds``."""
        assert self._process.stdout is not None
        timeout = threading.Timer(seconds, self._process.kill)
        timeout.start()
        try:
            pictures, header = receive(self._process.stdout)
        except (EOFError, ValueError) as error:
            timed_out = not timeout.is_alive()
            reason = f"took more than {seconds:.0f} seconds" if timed_out else f"stopped ({error})"
            log_line = self._last_log_line()
            self.close()
            raise HostError(f"{self._name} {reason}. {log_line}") from error
        finally:
            timeout.cancel()
        if "error" in header:
            raise HostError(f"{self._name} failed: {header['error']}")
        return pictures, header

    def _last_log_line(self) -> str:
        if self._log.closed:
            return ""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return f"Its last words: {lines[-1][:500]}" if lines else "It said nothing."


def _environment() -> dict[str, str]:
    environment = {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}
    root = str(Path(facechain_ext.__file__).parents[1])
    inherited = [path for path in sys.path if path and Path(path).is_dir() and path != root]
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), _DEAD_PROXY)
    return {
        **environment,
        **proxies,
        "PYTHONPATH": os.pathsep.join([root, *inherited]),
        "PIP_NO_INDEX": "1",
        "HF_HUB_OFFLINE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",  # bytecode files would change the digest of the folder
    }


_processes: dict[str, SandboxProcess] = {}
_start_lock = threading.Lock()


def sandbox_process(key: str, task: str) -> SandboxProcess:
    """The process for a repository, started at its first use and again after it has ended or consent has changed."""
    with _start_lock:
        process = _processes.get(key)
        if process is not None and not (process.running and consent.state(key) == "given"):
            _processes.pop(key).close()
            process = None
        if process is None:
            process = _processes[key] = SandboxProcess(key, task)
        return process
