"""The U-Net that diffusers runs, behind the interface that methods attach to."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from facechain_ext.methods.fact.sites import detect_family

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import torch
    from torch import nn

    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.methods.protocol import ModelFamily

T = TypeVar("T")


class DiffusersModel:
    """A checkpoint's U-Net; it stays loaded, and methods attach to it by forward hooks."""

    program = "diffusers"
    streams_weights = False
    keeps_weights = True

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._cache: dict[str, tuple[Hashable, object]] = {}

    @property
    def family(self) -> ModelFamily:
        """The family of the U-Net, by its architecture."""
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
        """The result of ``make``, cached under ``kind`` and recomputed when ``key`` changes."""
        if kind not in self._cache or self._cache[kind][0] != key:
            self._cache[kind] = (key, make())
        return cast("T", self._cache[kind][1])

    def patched(self, extra_bytes: int) -> None:
        """Do nothing: a hooked U-Net has no model patcher to notify."""
        del extra_bytes
