"""Hosts that paint in one colour."""

from __future__ import annotations

from PIL import Image

from facechain_ext.recipes.job import Portrait


class Painter:
    """A host that paints everything in one colour where it may, and remembers what it was asked for."""

    name = "painter"

    def __init__(self):
        self.jobs = []

    def generate(self, job, *, progress=None, ready=None):
        self.jobs.append(job)
        if job.inpaint is None:
            from tests.recipes.template.portraits import (  # the environment of a host's pins has no scikit-image
                HEAD,
                small,
            )

            return [Portrait(Image.fromarray(small(HEAD, job.width)), job.seed, "")]
        made = []
        for seed in range(job.seed, job.seed + job.count):
            painted = Image.new("RGB", (job.width, job.height), (200, 30, 40 + seed))
            made.append(Portrait(Image.composite(painted, job.inpaint.picture, job.inpaint.mask), seed, ""))
        return made


class Interrupted(Painter):
    """Ends in the middle of its generation number ``at`` and of every later one, as an interrupted webui does not."""

    def __init__(self, at, keeps=0):
        super().__init__()
        self.at, self.keeps = at, keeps

    def generate(self, job, *, progress=None, ready=None):
        made = super().generate(job)
        return made[: self.keeps] if len(self.jobs) == self.at else made


class Steps(Painter):
    """Tells of each step of each of its generations from the first to the last, and stops where it is told to."""

    def generate(self, job, *, progress=None, ready=None):
        total = job.count * job.steps
        for step in range(total + 1):
            if not progress(step, total):
                self.jobs.append(job)
                return []
        return super().generate(job)
