"""Where in the picture an identity acts: masks over the latent grid, brought to the grid of each block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from facechain_ext.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


@dataclass(frozen=True)
class TokenRegion:
    """The tokens [k] of one block that an identity acts on, and its weight there [1, k, 1] in 0..1."""

    index: Tensor
    weight: Tensor


def token_grid(latent_size: tuple[int, int], tokens: int) -> tuple[int, int]:
    """Height and width of the grid of a block that has ``tokens`` tokens, in a U-Net run on ``latent_size``.

    Each level halves both sides, odd ones rounded up, as the strided convolutions of SD1.5 do.
    Raises HostError when no level has that many tokens.
    """
    height, width = latent_size
    while height * width > tokens and height * width > 1:
        height, width = (height + 1) // 2, (width + 1) // 2
    if height * width != tokens:
        raise HostError(
            f"A block with {tokens} tokens fits no level of a {latent_size[1]}x{latent_size[0]} latent picture; "
            "switch off what changes the number of tokens, or use the face without a region."
        )
    return height, width


def normalise_masks(regions: Sequence[Tensor | None], size: tuple[int, int]) -> list[Tensor]:
    """The masks of all identities at one ``size`` [h, w], scaled down where they add up to more than 1.

    None stands for the whole picture. Values outside 0..1 are clipped; a single mask keeps its values.
    """
    masks = [torch.ones(size) if region is None else _resize_mask(region, size) for region in regions]
    total = torch.stack(masks).sum(0).clamp(min=1.0)
    return [mask / total for mask in masks]


def token_regions(
    regions: Sequence[Tensor | None], latent_size: tuple[int, int], tokens: int, device: torch.device
) -> list[TokenRegion | None]:
    """For each identity the tokens it acts on in a block of ``tokens`` tokens; None where it acts on all, fully."""
    if all(region is None for region in regions) and len(regions) == 1:
        return [None]
    found: list[TokenRegion | None] = []
    for mask in normalise_masks(regions, token_grid(latent_size, tokens)):
        flat = mask.flatten()
        index = flat.nonzero().flatten()
        is_complete = bool((flat == 1).all())
        found.append(None if is_complete else TokenRegion(index.to(device), flat[index][None, :, None].to(device)))
    return found


def _resize_mask(region: Tensor, size: tuple[int, int]) -> Tensor:
    """A mask [h, w] at another size, by the mean over each cell when it shrinks."""
    if region.dim() != 2 or not region.numel():
        raise ValueError(f"A region is a mask [h, w]; this one has shape {list(region.shape)}.")
    mask = region.detach().float().cpu().clamp(0, 1)[None, None]
    shrinks = size[0] <= mask.shape[-2] and size[1] <= mask.shape[-1]
    if shrinks:
        return F.interpolate(mask, size, mode="area")[0, 0]
    return F.interpolate(mask, size, mode="bilinear", align_corners=False)[0, 0]
