"""A real webui for the tests: AUTOMATIC1111 1.10.x, Forge or reForge, in the folder that WEBUI_DIR names."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

START_SECONDS = 300


@dataclass(frozen=True)
class Picture:
    """A generated picture: a digest of its pixels, its size, the last line of its infotext, and our notes."""

    digest: str
    size: tuple[int, int]
    infotext: str
    notes: tuple[str, ...]


class RefusalError(Exception):
    """An answer with another status than 200."""


@dataclass
class Webui:
    """A running webui."""

    url: str
    is_forge: bool

    def call(self, path: str, body: dict | None = None) -> object:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=600) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RefusalError(f"{error.code}: {error.read().decode()[:400]}") from error

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            self.call("/sdapi/v1/options")
        except (OSError, RefusalError):
            return False
        return True

    def generate(self, face: dict | None = None, **settings):
        """One small picture, with the accordion's settings ``face``."""
        return self.generate_all(face, **settings)[0]

    def generate_all(self, face: dict | None = None, *, kind: str = "txt2img", scripts: dict | None = None, **settings):
        """All pictures of one small generation, with the accordion's settings ``face``."""
        body = {
            "prompt": "a woman", "negative_prompt": "blue", "steps": 4, "width": 128, "height": 128, "seed": 1,
            "sampler_name": "Euler", "cfg_scale": 5, "override_settings_restore_afterwards": True,
        } | settings  # fmt: skip
        always = dict(scripts or {})
        if face is not None:
            always["FaceChain"] = {"args": [face]}
        answer = self.call(f"/sdapi/v1/{kind}", body | {"alwayson_scripts": always})
        info = json.loads(answer["info"])
        texts, notes = info["infotexts"], tuple(info["extra_generation_params"].get("FaceChain notes", ()))
        made = []
        for number, encoded in enumerate(answer["images"]):
            picture = Image.open(io.BytesIO(base64.b64decode(encoded)))
            digest = hashlib.sha256(picture.convert("RGB").tobytes()).hexdigest()
            made.append(Picture(digest, picture.size, texts[min(number, len(texts) - 1)].splitlines()[-1], notes))
        return made


def python_of(folder: Path) -> str:
    """The Python of a webui: that of $WEBUI_PYTHON or of its own ``venv``."""
    own = folder / "venv" / "bin" / "python"
    return os.environ.get("WEBUI_PYTHON") or (str(own) if own.exists() else "python3")


def start(folder: Path, log: Path, *flags: str, page: bool = False) -> tuple[subprocess.Popen, Webui]:
    """Start the webui of ``folder`` on a free port, with or without its page."""
    is_forge, is_reforge = (folder / "backend").is_dir(), (folder / "ldm_patched").is_dir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    common = ["--skip-prepare-environment", "--skip-torch-cuda-test", "--api", "--port", str(port)]
    cpu = ["--always-cpu"] if is_forge else ["--use-cpu", "all", "--no-half", "--precision", "full"]
    cpu += ["--always-cpu", "--all-in-fp32"] if is_reforge else []
    others = ["--no-download-sd-model", "--no-hashing"] + ([] if is_forge else ["--do-not-download-clip"])
    others += [] if page else ["--nowebui"]
    command = [python_of(folder), "launch.py", *common, *cpu, *others, *flags]
    output = log.open("wb")
    process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    webui = Webui(f"http://127.0.0.1:{port}", is_forge)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        # a page that is opened before its API is added breaks, so wait for the log
        if "Startup time" in log.read_text(errors="replace") if page else webui.answers():
            return process, webui
        time.sleep(0.5)
    process.kill()
    raise RuntimeError(f"the webui did not start; the end of its log:\n{log.read_text(errors='replace')[-2000:]}")
