"""A real webui for the tests, in the folder WEBUI_DIR: AUTOMATIC1111 1.10.x or one of the Forge line.

WEBUI_PYTHON names its Python, WEBUI_FLAGS further flags, such as ``--data-dir`` with the folder of its models, and
WEBUI_SIDE the pictures' side, 128 by default: 64 makes a checkpoint of full size bearable on a CPU.
"""

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
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_SECONDS = int(os.environ.get("WEBUI_START_SECONDS", "300"))
SIDE = int(os.environ.get("WEBUI_SIDE", "128"))


@dataclass(frozen=True)
class Picture:
    """A generated picture: a digest of its pixels, its size, the last line of its infotext, and our notes."""

    digest: str
    size: tuple[int, int]
    infotext: str
    notes: tuple[str, ...]
    image: Image.Image = field(compare=False, repr=False)

    def difference(self, other: Picture) -> int:
        """The largest difference of a value, 0 to 255."""
        pixels = (one.image.convert("RGB") for one in (self, other))
        return max(high for _low, high in ImageChops.difference(*pixels).getextrema())


class RefusalError(Exception):
    """An answer with another status than 200."""


@dataclass
class Webui:
    """A running webui."""

    url: str
    is_forge: bool
    """Whether it is Forge or Forge Neo, whose options and API differ from the others'."""
    program: str = "webui"

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

    def hires(self) -> dict[str, object]:
        """Settings of a request for a hires pass to twice the size, as this webui takes them."""
        usual = {"enable_hr": True, "hr_scale": 2, "denoising_strength": 0.5}
        usual["hr_upscaler"] = "Lanczos" if self.program == "neo" else "Latent"
        # without the last one, Forge's own API fails in the second pass
        return usual | ({"hr_additional_modules": ["Use same choices"]} if self.is_forge else {})

    def generate(self, face: dict | None = None, **settings):
        """One small picture, with the accordion's settings ``face``."""
        return self.generate_all(face, **settings)[0]

    def generate_all(self, face: dict | None = None, *, kind: str = "txt2img", scripts: dict | None = None, **settings):
        """All pictures of one small generation, with the accordion's settings ``face``."""
        body = {
            "prompt": "a woman", "negative_prompt": "blue", "steps": 4, "width": SIDE, "height": SIDE, "seed": 1,
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
            made.append(
                Picture(digest, picture.size, texts[min(number, len(texts) - 1)].splitlines()[-1], notes, picture)
            )
        return made


def kind_of(folder: Path) -> str:
    """Which webui lies in ``folder``: webui, forge, neo, reforge or classic."""
    old = (folder / "modules" / "hypernetworks").is_dir()
    if (folder / "backend").is_dir():
        return "forge" if old else "neo"
    if (folder / "ldm_patched").is_dir():
        return "reforge" if old else "classic"
    return "webui"


_CPU = {
    "webui": "--use-cpu all --no-half --precision full --do-not-download-clip --no-download-sd-model",
    "forge": "--always-cpu --no-download-sd-model",
    "neo": "--cpu --force-fp32 --skip-python-version-check",
    "reforge": "--use-cpu all --no-half --precision full --always-cpu --all-in-fp32 --no-download-sd-model",
    "classic": "--always-cpu --all-in-fp32 --no-download-sd-model",
}
"""What makes each of them compute on the CPU and download nothing."""


def flags_of(program: str) -> list[str]:
    """The flags with which a webui starts here."""
    return ["--skip-prepare-environment", "--skip-torch-cuda-test", "--no-hashing", *_CPU[program].split()]


def python_of(folder: Path) -> str:
    """The Python of a webui: that of $WEBUI_PYTHON or of its own ``venv``."""
    own = folder / "venv" / "bin" / "python"
    return os.environ.get("WEBUI_PYTHON") or (str(own) if own.exists() else "python3")


def start(folder: Path, log: Path, *flags: str, page: bool = False) -> tuple[subprocess.Popen, Webui]:
    """Start the webui of ``folder`` on a free port, with or without its page."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = kind_of(folder)
    own = [*os.environ.get("WEBUI_FLAGS", "").split(), *([] if page else ["--nowebui"]), *flags]
    command = [python_of(folder), "launch.py", *flags_of(program), "--api", "--port", str(port), *own]
    output = log.open("wb")
    process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    webui = Webui(f"http://127.0.0.1:{port}", program in ("forge", "neo"), program)
    deadline = time.monotonic() + START_SECONDS
    with _ended_on_error(process):
        _wait(process, webui, log, deadline, page=page)
    return process, webui


@contextmanager
def _ended_on_error(process: subprocess.Popen) -> Iterator[None]:
    """End ``process`` where the block fails, so that no webui is left running without its tests."""
    try:
        yield
    except BaseException:
        process.kill()
        process.wait()
        raise


def _wait(process: subprocess.Popen, webui: Webui, log: Path, deadline: float, *, page: bool) -> None:
    """Return when the webui answers; raises RuntimeError with the end of its log when it does not."""
    while time.monotonic() < deadline and process.poll() is None:
        # a page that is opened before its API is added breaks, so wait for the log
        if "Startup time" in log.read_text(errors="replace") if page else webui.answers():
            return
        time.sleep(0.5)
    raise RuntimeError(f"the webui did not start; the end of its log:\n{log.read_text(errors='replace')[-2000:]}")
