"""A page's host that draws a real face at once; how a diffusion model answers is tested with the hosts."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

from PIL import Image, ImageFilter
from skimage import data

from facechain_ext.doctor import Check
from facechain_ext.hosts.diffusers.infotext import infotext
from facechain_ext.hosts.diffusers.sampling.samplers import SAMPLERS
from facechain_ext.identity.likeness_scale import Likeness
from facechain_ext.recipes.job import Portrait
from facechain_ext.recipes.talking.engine_settings import EngineSettings
from facechain_ext.ui.host import HostCapabilities

FACE = Image.fromarray(data.astronaut())
CHECKPOINT = SimpleNamespace(name="model", digest="0123456789")
PREPARED = SimpleNamespace(method="FACT", settings={"adapter": "majic"})


class FakeScorer:
    """Finds pictures the less like the higher their seed is; a grey one has no face."""

    def likeness(self, picture, identity):
        seed = picture.info["seed"]
        return None if seed is None else Likeness(0.9 - seed / 10, "ArcFace")


class FakeHost:
    """Draws the astronaut, blurred, for every picture of a job; ``empty`` seeds give no face."""

    name = "easel"

    def __init__(self, folder, *, capabilities=None, empty=()):
        self.folder, self.empty = folder, empty
        self.jobs, self.saved = [], []
        self._capabilities = capabilities or HostCapabilities(
            samplers=tuple(SAMPLERS),
            adapters=("auto", "majic"),
            upscalers=("Latent", "Lanczos"),
            loras=("ink",),
            controls={"openpose": "", "openpose_face": "", "depth": "No depth here."},
        )

    def generate(self, job, *, progress=None, ready=None):
        self.jobs.append(job)
        made = []
        for number, seed in enumerate(range(job.seed, job.seed + job.count)):
            if progress is not None and not progress(number * job.steps, job.count * job.steps):
                break
            picture = FACE.filter(ImageFilter.GaussianBlur(1)).resize((64, 64))
            picture.info["seed"] = None if seed in self.empty else seed
            made.append(Portrait(picture, seed, infotext(job, seed, CHECKPOINT, PREPARED)))
        return made

    def capabilities(self):
        return self._capabilities

    def checks(self):
        return [Check("Webui", "a fake", "ready", "tried")]

    def offering(self, **changes):
        self._capabilities = replace(self._capabilities, **changes)

    def likeness_scorer(self, judge=""):
        return FakeScorer()

    def engines(self):
        return EngineSettings()

    def lora_folders(self):
        return (self.folder,)

    def reload_loras(self):
        pass

    def save(self, portrait, *, stem="portrait", exact=None):
        self.saved.append(portrait)
        return self.folder / f"{len(self.saved)}.png"

    def queued(self, work):
        return work
