"""Pictures in batches, for previews and for measuring: many faces and prompts at once, by seed."""

from __future__ import annotations

import inspect
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image, ImageDraw

from facechain_ext.hosts.diffusers.sampling.prompts import encode
from facechain_ext.hosts.diffusers.sampling.samplers import find_sampler
from facechain_ext.training.adapter.step import attach_serial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor

    from facechain_ext.faces.types import Pixels
    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.identity import TransFace
    from facechain_ext.training.adapter.people import People
    from facechain_ext.training.adapter.step import Attach

SAMPLER = "DDIM"


@dataclass(frozen=True)
class Drawing:
    """How pictures are made: ``side`` in pixels, ``steps`` of the sampler, guidance ``cfg``, the sampler's name."""

    side: int
    steps: int = 20
    cfg: float = 5.0
    sampler: str = SAMPLER


@torch.no_grad()
def draw(
    checkpoint: Checkpoint,
    prompts: Sequence[str],
    seeds: Sequence[int],
    drawing: Drawing,
    *,
    adapter: Any = None,
    face_tokens: Tensor | None = None,
    tokens: tuple[Tensor, Tensor] | None = None,
    strength: float = 1.0,
    attach: Attach = attach_serial,
) -> Pixels:
    """One picture for each prompt and seed, uint8 [n, side, side, 3]; with ``face_tokens`` [n, t, w] of who is in it.

    Identity tokens that are ready can be given instead, as ``tokens``: those of unconditional rows and the others'.

    Without an adapter, or at strength 0, the model's own pictures; the same seed starts from the same noise then.
    """
    unet, vae = checkpoint.unet, checkpoint.vae
    text = torch.cat(
        [encode("", checkpoint.tokenizer, checkpoint.text_encoder)] * len(prompts)
        + [encode(prompt, checkpoint.tokenizer, checkpoint.text_encoder) for prompt in prompts]
    )
    shape = (1, unet.config.in_channels, drawing.side // 8, drawing.side // 8)
    noise = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    sample = torch.cat(noise).to(unet.device)
    scheduler = find_sampler(drawing.sampler).build()
    scheduler.set_timesteps(drawing.steps)
    sample = sample * scheduler.init_noise_sigma
    own: dict[str, Any] = {}
    if "generator" in inspect.signature(scheduler.step).parameters:
        own["generator"] = torch.Generator().manual_seed(seeds[0])
    acting: Any = nullcontext()
    seen = None if tokens is None else torch.cat(tokens)
    if adapter is not None and face_tokens is not None:
        face = face_tokens.to(unet.device)
        seen = adapter.project(torch.cat([torch.zeros_like(face), face]))
    if adapter is not None and seen is not None and strength:
        acting = attach(unet, adapter, seen, strength)
    with acting:
        for timestep in scheduler.timesteps:
            both = scheduler.scale_model_input(torch.cat([sample, sample]), timestep).to(unet.dtype)
            without, with_words = unet(both, timestep, encoder_hidden_states=text).sample.float().chunk(2)
            predicted = without + drawing.cfg * (with_words - without)
            sample = scheduler.step(predicted, timestep, sample, **own).prev_sample
    decoded = vae.decode(sample.to(vae.dtype) / vae.config.scaling_factor).sample.float()
    pixels = ((decoded / 2 + 0.5).clamp(0, 1) * 255).round().byte()
    out: Pixels = pixels.permute(0, 2, 3, 1).cpu().numpy()
    return out


def previewer(
    checkpoint: Checkpoint,
    encoder: TransFace,
    people: People,
    folder: Path,
    drawing: Drawing,
    *,
    count: int = 4,
) -> Callable[[int, Any], None]:
    """A trainer's ``preview``: ``previews/<step>.png`` with face photo, target, and pictures at 0, 0.5 and 1.

    The people are spread over the photos; the words are their captions; the seeds stay the same from step to step.
    """
    from facechain_ext.identity.encode import to_encoder_input

    numbers = np.linspace(0, len(people) - 1, min(count, len(people))).astype(int)
    photos = [people.photo(int(number)) for number in numbers]
    shown = [people.photo(others[0]) if (others := people.others(int(n))) else people.photo(int(n)) for n in numbers]

    def preview(step: int, adapter: Any) -> None:
        with torch.no_grad():
            faces = torch.stack([to_encoder_input(photo.aligned) for photo in shown]).to(encoder.pos_embed.device)
            tokens = encoder.tokens(faces)
        columns = [[photo.aligned for photo in shown], [photo.pixels for photo in photos]]
        words, seeds = [photo.caption for photo in photos], range(len(photos))
        columns += [
            list(draw(checkpoint, words, seeds, drawing, adapter=adapter, face_tokens=tokens, strength=strength))
            for strength in (0.0, 0.5, 1.0)
        ]
        path = folder / "previews" / f"{step:06d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet(columns, ["face", "target", "0", "0.5", "1"], drawing.side).save(path)

    return preview


def sheet(columns: Sequence[Sequence[Pixels]], titles: Sequence[str], side: int) -> Image.Image:
    """Pictures in columns under their titles."""
    page = Image.new("RGB", (side * len(columns), side * max(map(len, columns)) + 16), "white")
    pen = ImageDraw.Draw(page)
    for x, (column, title) in enumerate(zip(columns, titles, strict=True)):
        pen.text((x * side + 3, 2), title, fill="black")
        for y, pixels in enumerate(column):
            page.paste(Image.fromarray(pixels).resize((side, side)), (x * side, 16 + y * side))
    return page
