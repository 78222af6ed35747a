"""The U-Net of a checkpoint that diffusers runs, as methods see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from facechain_ext.methods.fact.sites import detect_family

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import torch
    from torch import nn

    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.methods.protocol import ModelFamily

T = TypeVar("T")


class DiffusersModel:
    """A checkpoint's U-Net, which stays loaded and takes hooks."""

    streams_weights = False
    keeps_weights = True

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._cache: dict[str, tuple[Hashable, Any]] = {}

    @property
    def family(self) -> ModelFamily:
        """What kind of model it is."""
        return detect_family(self.unet)

    @property
    def unet(self) -> nn.Module:
        """The U-Net of diffusers' class."""
        unet: nn.Module = self._checkpoint.unet
        return unet

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the U-Net."""
        dtype: torch.dtype = self._checkpoint.unet.dtype
        return dtype

    def cached(self, kind: str, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gives, made again only when ``key`` changes."""
        if kind not in self._cache or self._cache[kind][0] != key:
            self._cache[kind] = (key, make())
        value: T = self._cache[kind][1]
        return value

    def patched(self, extra_bytes: int) -> None:
        """There is no patcher: the U-Net is hooked."""
        del extra_bytes
