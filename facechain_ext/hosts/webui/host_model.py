"""The diffusion model that each webui has loaded, as methods see it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from facechain_ext.devices import free_memory
from facechain_ext.errors import HostError
from facechain_ext.hosts.webui import models
from facechain_ext.methods.fact.sites import detect_family

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from torch import nn

    from facechain_ext.methods.protocol import HostModel, ModelFamily, ModelPatcher

T = TypeVar("T")

_FREE_BYTES = 4e9
"""Bytes of free video memory above which a method's weights stay loaded between pictures in Forge: room for the decoder
of the largest pictures, chosen with care and not measured."""


def loaded_model(p: Any) -> HostModel:
    """The model that a generation will run; raises HostError when no checkpoint is loaded."""
    model = p.sd_model
    if model is None:
        raise HostError("No checkpoint is loaded; choose a Stable Diffusion 1.5 checkpoint.")
    return ForgeModel(model) if hasattr(model, "forge_objects") else WebuiModel(model)


class _CachedWeights:
    """Weights are kept by the glue, which waits while the host itself is loading."""

    def cached(self, kind: str, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gives, made again only when ``key`` changes."""
        return models.cached(kind, key, make)


class WebuiModel(_CachedWeights):
    """AUTOMATIC1111's model, whose U-Net takes hooks."""

    def __init__(self, model: Any) -> None:
        self._unet = model.model.diffusion_model

    @property
    def unet(self) -> nn.Module:
        """The U-Net of the ldm or sgm classes."""
        unet: nn.Module = self._unet
        return unet

    @property
    def family(self) -> ModelFamily:
        """What kind of model it is."""
        return detect_family(self._unet)

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the U-Net's computation, which differs from its storage in fp8 mode."""
        from modules import devices

        dtype: torch.dtype = devices.dtype_unet
        return dtype

    @property
    def streams_weights(self) -> bool:
        """In the low-VRAM mode, where the host does so with the U-Net."""
        from modules import shared

        return bool(shared.cmd_opts.lowvram)

    @property
    def keeps_weights(self) -> bool:
        """Unless the user has asked for little video memory."""
        from modules import shared

        return not (shared.cmd_opts.lowvram or getattr(shared.cmd_opts, "medvram", False))

    def patched(self, extra_bytes: int) -> None:
        """There is no patcher: the U-Net is hooked."""
        del extra_bytes


class ForgeModel(_CachedWeights):
    """The model of Forge and its relatives, whose patcher has a place for the serial face block."""

    streams_weights = False

    def __init__(self, model: Any) -> None:
        self._objects = model.forge_objects

    @property
    def unet(self) -> nn.Module:
        """The U-Net that the patcher wraps."""
        unet: nn.Module = self._objects.unet.model.diffusion_model
        return unet

    @property
    def family(self) -> ModelFamily:
        """What kind of model it is."""
        return detect_family(self.unet)

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the U-Net's computation."""
        model = self._objects.unet.model
        dtype = getattr(model, "computation_dtype", None) or next(model.diffusion_model.parameters()).dtype
        return dtype if dtype in {torch.float32, torch.bfloat16} else torch.float16

    @property
    def keeps_weights(self) -> bool:
        """Where so much video memory is free that the host, which counts it, moves nothing out for the decoder."""
        free = free_memory(self._objects.unet.load_device)
        return free is None or free > _FREE_BYTES

    @contextmanager
    def patched(self, extra_bytes: int) -> Iterator[ModelPatcher]:
        """A clone of the host's patcher takes its place inside the block, unless the host puts another there."""
        original = self._objects.unet
        patcher = original.clone()
        reserve = getattr(patcher, "add_extra_preserved_memory_during_sampling", None)
        if reserve is not None:  # the host fills the card up to what is announced
            reserve(extra_bytes)
        self._objects.unet = patcher
        try:
            yield patcher
        finally:
            if self._objects.unet is patcher:
                self._objects.unet = original
