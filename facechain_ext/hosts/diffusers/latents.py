"""Conversions between pictures and latents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from facechain_ext.errors import HostError, InputError
from facechain_ext.hosts.diffusers.sampling.denoise import NOT_FINITE, Start

if TYPE_CHECKING:
    from diffusers import AutoencoderKL
    from torch import Tensor

    from facechain_ext.recipes.job import Inpaint

_UPSCALERS = {"latent": "bilinear", "latent (nearest)": "nearest-exact", "latent (bicubic)": "bicubic"}


@torch.no_grad()
def decode(vae: AutoencoderKL, sample: Tensor) -> Image.Image:
    """Decode latents [1, 4, h, w] to an RGB picture of eight times their size; raises HostError if it is not finite."""
    decoded = vae.decode(sample.to(vae.dtype) / vae.config.scaling_factor).sample[0]
    if not bool(decoded.isfinite().all()):
        raise HostError(NOT_FINITE)
    pixels = ((decoded.float() / 2 + 0.5).clamp(0, 1) * 255).round().byte()
    return Image.fromarray(pixels.permute(1, 2, 0).cpu().numpy())


@torch.no_grad()
def encode(vae: AutoencoderKL, picture: Image.Image) -> Tensor:
    """Encode a picture whose sides are multiples of 8 to scaled latents [1, 4, h, w], without sampling noise."""
    pixels = torch.from_numpy(np.asarray(picture.convert("RGB"), np.float32) / 127.5 - 1.0)
    batch = pixels.permute(2, 0, 1)[None].to(device=vae.device, dtype=vae.dtype)
    sample: Tensor = vae.encode(batch).latent_dist.mode() * vae.config.scaling_factor
    return sample.float()


def preview_image(vae: AutoencoderKL, sample: Tensor, cells: int = 24) -> Image.Image:
    """A small preview of unfinished latents, noise included; ``cells`` latent cells on its longer side."""
    scale = min(cells / max(sample.shape[-2:]), 1.0)
    size = [max(round(side * scale), 1) for side in sample.shape[-2:]]
    small = F.interpolate(sample.float(), size, mode="area")
    # sigma samplers scale the noise up; the decoder expects a standard deviation of about 1
    return decode(vae, small / max(float(small.std()), 1.0))


def prepare_start(vae: AutoencoderKL, inpaint: Inpaint, width: int, height: int) -> Start:
    """The sampler's start for a picture and mask at ``width`` x ``height``; raises InputError for a wrong strength."""
    if not 0.0 <= inpaint.denoise <= 1.0:
        raise InputError(f"The denoising strength is {inpaint.denoise:g}; use 0 to 1.")
    picture = inpaint.picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    sample = encode(vae, picture)
    mask = None
    if inpaint.mask is not None:
        shape = (width // 8, height // 8)
        small = inpaint.mask.convert("L").resize(shape, Image.Resampling.BOX)
        mask = torch.from_numpy(np.asarray(small, np.float32) / 255.0)[None, None].to(sample.device)
    return Start(sample, inpaint.denoise, mask)


def paste_masked(picture: Image.Image, inpaint: Inpaint) -> Image.Image:
    """Composite the generated picture inside the mask with the unchanged original where the mask is black."""
    if inpaint.mask is None:
        return picture
    original = inpaint.picture.convert("RGB").resize(picture.size, Image.Resampling.LANCZOS)
    mask = inpaint.mask.convert("L").resize(picture.size, Image.Resampling.LANCZOS)
    return Image.composite(picture, original, mask)


def upscale_latents(vae: AutoencoderKL, sample: Tensor, size: tuple[int, int], upscaler: str) -> Tensor:
    """Latents at another ``size`` [h, w]: interpolated ("Latent"), or via the decoded picture ("Lanczos").

    Raises InputError for another upscaler's name.
    """
    mode = _UPSCALERS.get(upscaler.lower())
    if mode is not None:
        return F.interpolate(sample, size, mode=mode)
    if upscaler.lower() != "lanczos":
        raise InputError(f"There is no upscaler {upscaler!r} here; choose Latent, Latent (bicubic) or Lanczos.")
    larger = decode(vae, sample).resize((size[1] * 8, size[0] * 8), Image.Resampling.LANCZOS)
    return encode(vae, larger)
