"""The face adapter as a module: a projector and one serial face block a site."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from facechain_ext.errors import WeightsError
from facechain_ext.identity.projector import Projector, ProjectorSizes
from facechain_ext.methods.fact.block import SerialFaceBlock
from facechain_ext.methods.fact.residency import WeightResidency
from facechain_ext.methods.fact.sites import SDXL_DEPTHS, SDXL_STACKS, SITES, family_of_sites, find_sites, site_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.methods.protocol import ModelFamily

_LEVELS = (320, 320, 640, 640, 1280, 1280, 1280, 1280, 1280, 1280, 640, 640, 640, 320, 320, 320)
SD15_CHANNELS: Mapping[str, int] = dict(zip(SITES, _LEVELS, strict=True))
"""Channels of each site in Stable Diffusion 1.5."""
SDXL_CHANNELS: Mapping[str, int] = {
    site: 640 if site.startswith(("down_blocks.1.", "up_blocks.1.")) else 1280
    for site in site_names(dict(zip(SDXL_STACKS, SDXL_DEPTHS, strict=True)))
}
"""Channels of each site in Stable Diffusion XL."""


@dataclass(frozen=True)
class AdapterSizes:
    """Sizes of an adapter: channels of each site in the order in which a U-Net runs them, and the projector's.

    The defaults are those of the published file.
    """

    channels: Mapping[str, int] = field(default_factory=lambda: dict(SD15_CHANNELS))
    projector: ProjectorSizes = field(default_factory=ProjectorSizes)


class FaceAdapter(nn.Module):
    """Projector and serial face blocks of one training.

    ``blocks`` maps each site's name, dots replaced by ``|`` because module names may not hold dots, to its block; use
    ``block(site)``. ``residency`` says where the blocks are and moves them. ``digest`` is a short hash of the weights,
    "untrained" for an adapter that was not read from a file; ``name`` is the file's stem. ``trained_steps`` is how many
    steps of training its file tells of, None where it tells nothing, as the published files do.
    """

    def __init__(self, sizes: AdapterSizes, *, gate: float = 0.0) -> None:
        super().__init__()
        self.sizes = sizes
        self.name = "untrained"
        self.digest = "untrained"
        self.trained_steps: int | None = None
        self.projector = Projector(sizes.projector)
        width = sizes.projector.token_width
        self.blocks = nn.ModuleDict(
            {_module_name(site): SerialFaceBlock(c, width, gate=gate) for site, c in sizes.channels.items()}
        )
        self.residency = WeightResidency(self.blocks)

    def block(self, site: str) -> SerialFaceBlock:
        """The block of a site, by its published name."""
        block = self.blocks[_module_name(site)]
        assert isinstance(block, SerialFaceBlock)
        return block

    @property
    def family(self) -> ModelFamily:
        """The kind of model that has its sites."""
        return family_of_sites(self.sizes.channels)

    @property
    def token_width(self) -> int:
        """Width of the identity tokens (768 in SD1.5, 2048 in SDXL)."""
        return self.sizes.projector.token_width

    @property
    def device(self) -> torch.device:
        """Where the blocks are."""
        return next(self.blocks.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """In what the blocks compute."""
        return next(self.blocks.parameters()).dtype

    def project(self, face_tokens: Tensor) -> Tensor:
        """Encoder tokens [n, 144, 512] -> identity tokens [n, 16, 768], on the adapter's device.

        Raises WeightsError for tokens of another width, which another encoder made.
        """
        given, taken = face_tokens.shape[-1], self.sizes.projector.face_width
        if given != taken:
            raise WeightsError(
                f"This person has face tokens of width {given}, and the adapter {self.name} takes {taken}: another "
                "encoder made them. Make the card again from the photo with the encoder that belongs to this adapter."
            )
        weight = self.projector.proj_in.weight
        out: Tensor = self.projector(face_tokens.to(device=weight.device, dtype=weight.dtype))
        return out

    def null_tokens(self, photos: int = 1, patches: int = 144) -> Tensor:
        """The tokens of no face for ``photos`` photos: projector(zeros), [16 * photos, 768] (published setting)."""
        zeros = torch.zeros(1, patches, self.sizes.projector.face_width)
        return self.project(zeros)[0].repeat(photos, 1)

    def summary(self) -> str:
        """A short hash of the weights, the same for the same training in any precision of float32 or below."""
        digest = hashlib.sha256()
        for site in self.sizes.channels:
            block = self.block(site)
            for value in (block.alpha_attn, block.alpha_dense, block.linear.bias):
                digest.update(value.detach().half().cpu().numpy().tobytes())
        return digest.hexdigest()[:12]


def new_adapter(
    unet: nn.Module | None = None, *, projector: ProjectorSizes | None = None, gate: float = 0.0
) -> FaceAdapter:
    """An untrained adapter for ``unet`` (SD1.5 when None), with random weights from torch's generator.

    ``gate`` is the first value of every alpha; 0, as in the published training, adds nothing until trained. Without
    ``projector`` the published sizes are used, with the U-Net's own cross-attention width for the tokens.
    Raises HostError when the U-Net is neither SD1.5's nor SDXL's.
    """
    if unet is None:
        return FaceAdapter(AdapterSizes(projector=projector or ProjectorSizes()), gate=gate)
    sites = find_sites(unet)
    channels = {site.name: site.channels for site in sites}
    if projector is None:
        projector = ProjectorSizes(token_width=sites[0].context)
    return FaceAdapter(AdapterSizes(channels, projector), gate=gate)


def _module_name(site: str) -> str:
    return site.replace(".", "|")
