"""Workers that draw nothing: their pictures tell which order they were made for."""

from __future__ import annotations

import io
import json
import threading

from PIL import Image

from facechain_ext.errors import InputError
from facechain_ext.jobs.items import Item
from facechain_ext.jobs.job_request import parse_job_request
from facechain_ext.jobs.schedule import WorkerLostError
from facechain_ext.jobs.worker_types import MadePicture, RequestResult


def png(seed):
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (seed % 256, seed // 256 % 256, 7)).save(file, "PNG")
    return file.getvalue()


def job_request(seed, **further):
    return {"recipe": "portrait", "card": "Anna", "prompt": "a photo", "settings": {"seed": seed}, **further}


def item(seed):
    parsed = parse_job_request(job_request(seed))
    return Item(parsed.digest(lambda _reference: b"card"), parsed, f"seed {seed}")


def make(parsed, progress=lambda _step, _steps: True):
    """The picture of a request, in four steps."""
    for step in range(1, 5):
        if not progress(step, 4):
            return RequestResult((), stopped=True)
    seed = parsed.facts.settings.seed
    return RequestResult((MadePicture(png(seed), json.dumps({"seed": seed}), seed, 0.5),))


class Worker:
    """Makes items; ``failing`` names seeds and how often each fails, ``lost_after`` when it goes away for good."""

    def __init__(self, name="worker", failing=None, lost_after=None, back=False):
        self.name, self.failing, self.lost_after, self.back = name, dict(failing or {}), lost_after, back
        self.made = []
        self.lock = threading.Lock()

    def make(self, one):
        seed = one.job_request.facts.settings.seed
        with self.lock:
            if self.lost_after is not None and len(self.made) >= self.lost_after:
                raise WorkerLostError("it does not answer")
            if self.failing.get(seed, 0) > 0:
                self.failing[seed] -= 1
                raise InputError(f"seed {seed} fails")
            self.made.append(seed)
        return make(one.job_request)

    def is_back(self):
        if self.back:
            self.lost_after = None
        return self.back
