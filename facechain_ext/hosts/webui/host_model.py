"""The loaded diffusion model of each webui, behind the Protocol that methods use."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import torch

from facechain_ext.devices import free_memory
from facechain_ext.errors import HostError
from facechain_ext.hosts.webui import models
from facechain_ext.hosts.webui.host_facts import described, host
from facechain_ext.methods.fact.sites import detect_family

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from torch import nn

    from facechain_ext.hosts.webui.host_types import ForgeObjects, Processing
    from facechain_ext.methods.protocol import HostModel, ModelFamily, ModelPatcher

T = TypeVar("T")

_FREE_BYTES = 4e9
"""Bytes of free video memory above which a method's weights stay loaded between pictures in Forge: an estimate, not a
measurement, of what the decoder needs for the largest pictures."""


def loaded_model(p: Processing) -> HostModel:
    """The model that a generation runs.

    Raises HostError when no checkpoint is loaded, and one that names the host where its model is of no known kind.
    """
    checkpoint = p.sd_model
    if checkpoint is None:
        raise HostError("No checkpoint is loaded; choose one of Stable Diffusion 1.5 or SDXL.")
    if host().attachment == "middle_patch":
        objects: ForgeObjects | None = getattr(checkpoint, "forge_objects", None)
        if objects is not None and _has(objects.unet, "clone", "set_model_patch"):
            return ForgeModel(objects)
        raise HostError(_unknown_model(checkpoint, "no forge_objects with a patcher of the U-Net"))
    wrapper = getattr(checkpoint, "model", None)
    if host().attachment == "hooks" and _has(wrapper, "diffusion_model"):
        return WebuiModel(checkpoint.model.diffusion_model)
    raise HostError(_unknown_model(checkpoint, "no model.diffusion_model"))


def _has(found: object, *names: str) -> bool:
    return all(hasattr(found, name) for name in names)


def _unknown_model(checkpoint: object, seen: str) -> str:
    """That the model of this host is of no known kind, by what was ``seen`` of it."""
    return (
        f"FaceChain does not know how {described()} holds its model: {type(checkpoint).__name__} has {seen}. It stays "
        "off here until an update of FaceChain knows this version."
    )


class _CachedWeights:
    """Weights in the cache of this extension, which is filled only while the host itself loads no checkpoint."""

    @property
    def program(self) -> str:
        """Name and version of the webui."""
        return described()

    def cached(self, kind: str, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gives, made again only when ``key`` changes."""
        return models.cached(kind, key, make)


class WebuiModel(_CachedWeights):
    """AUTOMATIC1111's model, whose U-Net takes hooks."""

    def __init__(self, unet: nn.Module) -> None:
        self._unet = unet

    @property
    def unet(self) -> nn.Module:
        """The U-Net of the ldm or sgm classes."""
        return self._unet

    @property
    def family(self) -> ModelFamily:
        """The family of the model."""
        return detect_family(self._unet)

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the U-Net's computation, which differs from its storage in fp8 mode."""
        from modules import devices

        dtype: torch.dtype = devices.dtype_unet
        return dtype

    @property
    def streams_weights(self) -> bool:
        """Whether the host is in its low-VRAM mode, in which it streams the U-Net too."""
        from modules import shared

        return bool(shared.cmd_opts.lowvram)

    @property
    def keeps_weights(self) -> bool:
        """Whether the user has chosen neither the low-VRAM nor the medium-VRAM mode."""
        from modules import shared

        return not (shared.cmd_opts.lowvram or getattr(shared.cmd_opts, "medvram", False))

    def patched(self, extra_bytes: int) -> None:
        """None: this host has no patcher, and the U-Net takes hooks."""
        del extra_bytes


class ForgeModel(_CachedWeights):
    """The model of Forge and its relatives, whose patcher can insert the serial face block."""

    streams_weights = False

    def __init__(self, objects: ForgeObjects) -> None:
        self._objects = objects

    @property
    def unet(self) -> nn.Module:
        """The U-Net that the patcher wraps."""
        return self._objects.unet.model.diffusion_model

    @property
    def family(self) -> ModelFamily:
        """The family of the model."""
        return detect_family(self.unet)

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the U-Net's computation."""
        model = self._objects.unet.model
        dtype = getattr(model, "computation_dtype", None) or next(model.diffusion_model.parameters()).dtype
        return dtype if dtype in {torch.float32, torch.bfloat16} else torch.float16

    @property
    def keeps_weights(self) -> bool:
        """Whether enough video memory is free for the host to move nothing out of it for the decoder."""
        free = free_memory(self._objects.unet.load_device)
        return free is None or free > _FREE_BYTES

    @contextmanager
    def patched(self, extra_bytes: int) -> Iterator[ModelPatcher]:
        """Replace the host's patcher by a clone inside the block; the clone announces ``extra_bytes`` of memory."""
        original = self._objects.unet
        patcher = original.clone()
        reserve = getattr(patcher, "add_extra_preserved_memory_during_sampling", None)
        if reserve is not None:  # the host fills the video memory except for what is announced
            reserve(extra_bytes)
        self._objects.unet = patcher
        try:
            yield patcher
        finally:
            if self._objects.unet is patcher:  # else the host has put another in its place
                self._objects.unet = original
