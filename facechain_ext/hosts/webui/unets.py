"""The loaded U-Net of each host, and the way into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from facechain_ext.devices import free_memory
from facechain_ext.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from facechain_ext.identity.identity import Conditioning
    from facechain_ext.methods.fact import Attachment, FaceAdapter, PatchAttachment
    from facechain_ext.methods.fact.attach import RowSource


_ROOM = 4e9
"""Bytes of free video memory above which the adapter's 0.42 GB are left there between pictures: room for the decoder of
the largest pictures, chosen with care and not measured."""


class FaceInUnet(Protocol):
    """A face at work in a U-Net."""

    def set_progress(self, fraction: float) -> None:
        """Say how much of the steps is done, 0..1."""
        ...

    def remove(self) -> None:
        """Take it off; harmless when repeated."""
        ...


class HostUnet(Protocol):
    """A loaded U-Net."""

    def dtype(self) -> torch.dtype:
        """In what the face adapter should compute."""
        ...

    def keeps_weights(self) -> bool:
        """Whether there is room to leave the adapter's weights beside the U-Net while a picture is decoded."""
        ...

    def attach(
        self, adapter: FaceAdapter, faces: Sequence[Conditioning], rows: RowSource, **settings: Any
    ) -> FaceInUnet:
        """Let an adapter act until the result is removed; ``settings`` are those of ``adapter.attach``."""
        ...


def loaded_unet(p: Any) -> HostUnet:
    """The U-Net that a generation will run; raises HostError when no checkpoint is loaded."""
    model = p.sd_model
    if model is None:
        raise HostError("No checkpoint is loaded; choose a Stable Diffusion 1.5 checkpoint.")
    return ForgeUnet(model) if hasattr(model, "forge_objects") else WebuiUnet(model)


class WebuiUnet:
    """AUTOMATIC1111's U-Net, by hooks."""

    def __init__(self, model: Any) -> None:
        self._unet = model.model.diffusion_model

    def dtype(self) -> torch.dtype:
        """The precision of the U-Net's computation, which differs from its storage in fp8 mode."""
        from modules import devices

        dtype: torch.dtype = devices.dtype_unet
        return dtype

    def keeps_weights(self) -> bool:
        """Unless the user has asked for little video memory."""
        from modules import shared

        return not (shared.cmd_opts.lowvram or getattr(shared.cmd_opts, "medvram", False))

    def attach(
        self, adapter: FaceAdapter, faces: Sequence[Conditioning], rows: RowSource, **settings: Any
    ) -> Attachment:
        """Attach by hooks; low-VRAM modes lend the weights block by block, as they do with the U-Net's."""
        from modules import shared

        from facechain_ext.methods.fact import attach

        streamed = bool(shared.cmd_opts.lowvram)
        attachment = attach(self._unet, adapter, **_operands(faces), streamed=streamed, **settings)
        attachment.set_rows(rows)
        return attachment


class ForgeUnet:
    """Forge's and reForge's U-Net, by their patch door."""

    def __init__(self, model: Any) -> None:
        self._objects = model.forge_objects

    def dtype(self) -> torch.dtype:
        """The precision of the U-Net's computation."""
        import torch

        model = self._objects.unet.model
        dtype = getattr(model, "computation_dtype", None) or next(model.diffusion_model.parameters()).dtype
        return dtype if dtype in {torch.float32, torch.bfloat16} else torch.float16

    def keeps_weights(self) -> bool:
        """Where so much video memory is free that the host, which counts it, moves nothing out for the decoder."""
        free = free_memory(self._objects.unet.load_device)
        return free is None or free > _ROOM

    def attach(
        self, adapter: FaceAdapter, faces: Sequence[Conditioning], rows: RowSource, **settings: Any
    ) -> ForgeAttachment:
        """Attach to a clone of the host's patcher; it knows its own rows, so ``rows`` is not asked."""
        del rows
        from facechain_ext.methods.fact import attach_by_patch, conditions_of

        bare = self._objects.unet
        patcher = bare.clone()
        chosen = {name: settings.pop(name) for name in ("strength", "region") if name in settings}
        people = conditions_of(**_operands(faces), **chosen)
        patch = attach_by_patch(patcher, patcher.model.diffusion_model, adapter, people, **settings)
        reserve = getattr(patcher, "add_extra_preserved_memory_during_sampling", None)
        if reserve is not None:  # the host fills the card up to what is announced
            reserve(sum(weight.nbytes for weight in adapter.blocks.parameters()))
        self._objects.unet = patcher
        return ForgeAttachment(patch, self._objects, patcher, bare)


@dataclass(frozen=True)
class ForgeAttachment:
    """A patch at work, and what puts the host's own patcher back in the place of ours."""

    patch: PatchAttachment
    objects: Any
    patcher: Any
    bare: Any

    def set_progress(self, fraction: float) -> None:
        """Say how much of the steps is done, 0..1."""
        self.patch.set_progress(fraction)

    def remove(self) -> None:
        """Take the patch off; harmless when repeated, and when the host has put another patcher there."""
        self.patch.remove()
        if self.objects.unet is self.patcher:
            self.objects.unet = self.bare


def _operands(faces: Sequence[Conditioning]) -> dict[str, Any]:
    return {
        "tokens": [face.tokens for face in faces],
        "null_tokens": [face.null_tokens for face in faces],
        "bias": [face.bias for face in faces],
    }
