"""Time of the parts of a portrait besides its steps, and on a GPU of a whole one, from photo to file."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from facechain_ext import faces
from facechain_ext.hosts.diffusers.checkpoint import Checkpoint, clip_tokenizer
from facechain_ext.hosts.diffusers.host import DiffusersHost
from facechain_ext.hosts.diffusers.output import save_portraits
from facechain_ext.identity import Identity, TransFace
from facechain_ext.identity.encode import clear_encoded_photos
from facechain_ext.identity.likeness_scorer import EncoderScorer
from facechain_ext.methods.fact import attach
from facechain_ext.methods.fact.sites import SITES
from facechain_ext.recipes.job import Job, Person, Portrait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from facechain_ext.bench.variants import Bench
    from facechain_ext.methods.fact import FaceAdapter

SIDE = 512
"""Side of the pictures, in pixels."""
STEPS = 25


@dataclass
class Clock:
    """Seconds by part, in order of first use."""

    device: torch.device
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add the time of the block to a part."""
        self._finish()
        start = time.perf_counter()
        yield
        self._finish()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def _finish(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def job_parts(bench: Bench, photo: bytes, *, encoder: TransFace | None = None) -> dict[str, dict[str, float]]:
    """Seconds of the parts before and after sampling: in a first run, a second run, and for each further picture.

    ``photo`` is a picture file with a face. It also stands for the picture that is scored, brought to 512 pixels,
    because random models generate no faces. The detector is loaded before; models are in memory.
    """
    encoder = encoder or TransFace().eval()
    detector, masker = faces.detector(), faces.head_masker()
    portrait = Image.fromarray(faces.read_picture(photo).pixels).resize((SIDE, SIDE))
    scorer = EncoderScorer(encoder, detector, masker)
    blank = np.zeros((SIDE, SIDE, 3), np.uint8)
    detector.detect(blank)  # loads what it needs
    scorer.likeness(portrait, Identity.from_photos(portrait, encoder, detector=detector, masker=masker))
    clear_encoded_photos()
    spent: dict[str, dict[str, float]] = {}
    for run in ("first run", "second run with the same photo"):
        clock = Clock(bench.device)
        with clock.part("photo to identity"):
            person = Identity.from_photos(photo, encoder, detector=detector, masker=masker)
        with clock.part("identity to tokens"):
            conditioning = person.conditioning(bench.adapter)
        with (
            clock.part("attach"),
            attach(bench.unet, bench.adapter, conditioning.tokens, null_tokens=conditioning.null_tokens),
        ):
            _prepare(
                bench.adapter,
                torch.stack([conditioning.tokens, conditioning.null_tokens]).to(bench.device, bench.dtype),
            )
        spent[run] = clock.seconds
    clock = Clock(bench.device)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(2):
            shifted = Image.fromarray(np.roll(np.asarray(portrait), 8 * number, axis=1))  # not cached
            if number:
                clock.seconds.clear()  # the first repeat is a warm-up
            with clock.part("score"):
                scorer.likeness(shifted, person)
            with clock.part("save"):
                save_portraits([Portrait(shifted, number, "settings")], Path(folder))
    spent["each picture"] = clock.seconds
    return spent


@torch.no_grad()
def _prepare(adapter: FaceAdapter, tokens: torch.Tensor) -> None:
    """Compute what is computed once per picture."""
    for site in SITES:
        block = adapter.block(site)
        block.face_keys(tokens)
        block.gates(0.5)


def whole_portrait(host: DiffusersHost, encoder: TransFace, photo: bytes, *, side: int = SIDE) -> dict[str, float]:
    """Seconds by part of one picture of 25 steps, from the photo to the file, and of its steps without a face."""
    clock = Clock(host.checkpoint.unet.device)
    job = Job("a portrait", steps=STEPS, width=side, height=side)
    host.generate(job)  # warm-up
    with clock.part("the same without a face: words, steps and decoding"):
        host.generate(job)
    clear_encoded_photos()
    with clock.part("photo to identity"):
        person = Identity.from_photos(photo, encoder)
    with clock.part("words, steps with the face, and decoding"):
        (made,) = host.generate(Job("a portrait", people=(Person(person),), steps=STEPS, width=side, height=side))
    with clock.part("score"):
        EncoderScorer(encoder).likeness(made.picture, person)
    with tempfile.TemporaryDirectory() as folder, clock.part("save"):
        save_portraits([made], Path(folder))
    return clock.seconds


def random_host(bench: Bench) -> DiffusersHost:
    """A host of Stable Diffusion 1.5's size with random weights around the U-Net of ``bench``."""
    from diffusers import AutoencoderKL
    from transformers import CLIPTextConfig, CLIPTextModel

    from facechain_ext.methods.fact import new_adapter

    vae = AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        layers_per_block=2,
        latent_channels=4,
    )
    words = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12
        )
    )
    for model in (vae, words):
        model.requires_grad_(requires_grad=False).eval().to(bench.device)
    adapter = new_adapter(bench.unet, gate=0.5).to(bench.dtype).eval().requires_grad_(requires_grad=False)
    checkpoint = Checkpoint(bench.unet, vae, words.to(bench.dtype), clip_tokenizer(), "random", "random")
    return DiffusersHost(checkpoint, adapter)
