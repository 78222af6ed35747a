"""Batched sampling for previews and evaluation: many faces and prompts at once, each with its own seed."""

from __future__ import annotations

import inspect
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image, ImageDraw

from facechain_ext.hosts.diffusers.sampling.conditions import guidance
from facechain_ext.hosts.diffusers.sampling.samplers import find_sampler
from facechain_ext.training.adapter.step import attach_serial
from facechain_ext.training.adapter.text import TextInputs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor

    from facechain_ext.faces.types import Pixels
    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.identity import TransFace
    from facechain_ext.training.adapter.dataset import PhotoDataset
    from facechain_ext.training.adapter.step import Attach, FaceModule

SAMPLER = "DDIM"


@dataclass(frozen=True)
class SamplingSettings:
    """Sampling settings: ``side`` in pixels, ``steps``, guidance scale ``cfg``, and the webui's name of the sampler."""

    side: int
    steps: int = 20
    cfg: float = 5.0
    sampler: str = SAMPLER


@torch.no_grad()
def generate_pictures(
    checkpoint: Checkpoint,
    prompts: Sequence[str],
    seeds: Sequence[int],
    sampling: SamplingSettings,
    *,
    adapter: FaceModule | None = None,
    face_tokens: Tensor | None = None,
    tokens: tuple[Tensor, Tensor] | None = None,
    strength: float = 1.0,
    attach: Attach = attach_serial,
) -> Pixels:
    """One picture for each prompt and seed, uint8 [n, side, side, 3].

    ``face_tokens`` [n, t, w] are the encoder's. Identity tokens can be given instead, as ``tokens``: (unconditional,
    conditional) [n, q, width] each. Without an adapter, or at strength 0, the plain model's pictures.
    """
    unet, vae = checkpoint.unet, checkpoint.vae
    text = _text(checkpoint, prompts, sampling.side)
    shape = (1, unet.config.in_channels, sampling.side // 8, sampling.side // 8)
    noise = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    sample = torch.cat(noise).to(unet.device)
    scheduler = find_sampler(sampling.sampler).build()
    scheduler.set_timesteps(sampling.steps)
    sample = sample * scheduler.init_noise_sigma
    step_options: dict[str, torch.Generator] = {}
    if "generator" in inspect.signature(scheduler.step).parameters:
        step_options["generator"] = torch.Generator().manual_seed(seeds[0])
    attachment_context: AbstractContextManager[object] = nullcontext()
    identity_tokens = None if tokens is None else torch.cat(tokens)
    if adapter is not None and face_tokens is not None:
        face = face_tokens.to(unet.device)
        identity_tokens = adapter.project(torch.cat([torch.zeros_like(face), face]))
    if adapter is not None and identity_tokens is not None and strength:
        attachment_context = attach(unet, adapter, identity_tokens, strength)
    with attachment_context:
        for timestep in scheduler.timesteps:
            both = scheduler.scale_model_input(torch.cat([sample, sample]), timestep).to(unet.dtype)
            unconditional, conditional = unet(both, timestep, **text).sample.float().chunk(2)
            predicted = unconditional + sampling.cfg * (conditional - unconditional)
            sample = scheduler.step(predicted, timestep, sample, **step_options).prev_sample
    decoded = vae.decode(sample.to(vae.dtype) / vae.config.scaling_factor).sample.float()
    pixels = ((decoded / 2 + 0.5).clamp(0, 1) * 255).round().byte()
    out: Pixels = pixels.permute(0, 2, 3, 1).cpu().numpy()
    return out


def _text(checkpoint: Checkpoint, prompts: Sequence[str], side: int) -> dict[str, object]:
    """The U-Net's arguments of the empty prompt, a row for each of ``prompts``, and of the prompts behind them."""
    words = [guidance(checkpoint, prompt, "", 1.0) for prompt in prompts]
    rows = [one.negative for one in words] + [one.positive for one in words]
    embeds = torch.cat([row.embeds for row in rows])
    pooled = [row.pooled for row in rows if row.pooled is not None]
    if not pooled:
        return TextInputs(embeds).unet_arguments(checkpoint.unet.dtype)
    sizes = torch.tensor([[side, side, 0, 0, side, side]], dtype=torch.float32, device=embeds.device)
    added = {"text_embeds": torch.cat(pooled), "time_ids": sizes.expand(len(rows), -1)}
    return TextInputs(embeds, added).unet_arguments(checkpoint.unet.dtype)


def make_previewer(
    checkpoint: Checkpoint,
    encoder: TransFace,
    dataset: PhotoDataset,
    folder: Path,
    sampling: SamplingSettings,
    *,
    count: int = 4,
) -> Callable[[int, FaceModule], None]:
    """A trainer's ``preview``: ``previews/<step>.png`` with face photo, target, and pictures at strength 0, 0.5 and 1.

    ``count`` photos spread over the dataset, with their captions as prompts; seeds are the same at every step.
    """
    from facechain_ext.identity.encode import to_encoder_input

    numbers = np.linspace(0, len(dataset) - 1, min(count, len(dataset))).astype(int)
    photos = [dataset.photo(int(number)) for number in numbers]
    shown = [
        dataset.photo(others[0]) if (others := dataset.other_photos(int(n))) else dataset.photo(int(n)) for n in numbers
    ]

    def preview(step: int, adapter: FaceModule) -> None:
        with torch.no_grad():
            faces = torch.stack([to_encoder_input(photo.aligned) for photo in shown]).to(encoder.pos_embed.device)
            tokens = encoder.tokens(faces)
        columns = [[photo.aligned for photo in shown], [photo.pixels for photo in photos]]
        prompts, seeds = [photo.caption for photo in photos], range(len(photos))
        columns += [
            list(
                generate_pictures(
                    checkpoint, prompts, seeds, sampling, adapter=adapter, face_tokens=tokens, strength=strength
                )
            )
            for strength in (0.0, 0.5, 1.0)
        ]
        path = folder / "previews" / f"{step:06d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture_grid(columns, ["face", "target", "0", "0.5", "1"], sampling.side).save(path)

    return preview


def picture_grid(columns: Sequence[Sequence[Pixels]], titles: Sequence[str], side: int) -> Image.Image:
    """Columns of pictures, scaled to ``side`` pixels, under their titles."""
    page = Image.new("RGB", (side * len(columns), side * max(map(len, columns)) + 16), "white")
    pen = ImageDraw.Draw(page)
    for x, (column, title) in enumerate(zip(columns, titles, strict=True)):
        pen.text((x * side + 3, 2), title, fill="black")
        for y, pixels in enumerate(column):
            page.paste(Image.fromarray(pixels).resize((side, side)), (x * side, 16 + y * side))
    return page
