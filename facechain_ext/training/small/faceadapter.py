"""The adapter of the small models: the trainer that users have, on stored latents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from facechain_ext.adapter import new_adapter, save_adapter
from facechain_ext.adapter.sites import SITES
from facechain_ext.identity import TransFace
from facechain_ext.standalone.checkpoint import load_checkpoint
from facechain_ext.standalone.small import layout
from facechain_ext.training.fact.batches import Batches
from facechain_ext.training.fact.sampling import Drawing, previewer
from facechain_ext.training.fact.settings import Settings
from facechain_ext.training.fact.trainer import Trainer
from facechain_ext.training.small.diffusion import VELOCITY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np

    from facechain_ext.adapter import FaceAdapter
    from facechain_ext.training.fact.trainer import Report
    from facechain_ext.training.small.pictures import DrawnSet
    from facechain_ext.training.small.plan import Plan

_GATE = 1.0
"""First value of the gates: open, since a small training cannot wait for them; the published one has 0.

Instead the last layer of each branch begins at zero, so that the untrained adapter adds nothing either.
"""
_FACE_WEIGHT = 4.0
"""The face is a tenth of these pictures."""


def train(
    plan: Plan,
    folder: Path,
    pictures: DrawnSet,
    latents: np.ndarray,
    show: Callable[[str, int, int, Mapping[str, float]], bool],
) -> None:
    """Train beside ``checkpoint.safetensors`` and ``encoder.safetensors`` of ``folder``; gives ``adapter.safetensors``.

    Goes on where ``folder/adapter`` stopped. Raises HostError when ``show`` stops it.
    """
    checkpoint = load_checkpoint(folder / "checkpoint.safetensors")
    encoder = TransFace.from_file(folder / "encoder.safetensors")
    torch.manual_seed(plan.seed)
    adapter = new_adapter(checkpoint.unet, projector=layout.PROJECTOR, gate=_GATE)
    _silence(adapter)
    schedule, place = plan.adapter, folder / "adapter"
    settings = Settings(
        steps=schedule.steps,
        batch=schedule.batch,
        rate=schedule.rate,
        warm_up=schedule.warm_up,
        ema=schedule.ema,
        gate=_GATE,
        face_weight=_FACE_WEIGHT,
        velocity=VELOCITY,
        seed=plan.seed,
        save_every=plan.save_every,
        preview_every=1000,
    )
    trainer = Trainer(
        checkpoint,
        encoder,
        adapter,
        Batches(pictures, checkpoint.tokenizer, settings, latents=latents),
        settings,
        place,
        resume=(place / "state.safetensors").is_file(),
        preview=previewer(checkpoint, encoder, pictures, place, Drawing(plan.side, cfg=3.0)),
        metadata={"facechain.checkpoint": checkpoint.digest, "facechain.encoder": encoder.digest},
    )

    def report(losses: Report) -> bool:
        return show(
            "adapter", losses.step, settings.steps, {"loss": losses.loss, "mse": losses.mse, "fair": losses.fair}
        )

    trainer.run(report)
    with trainer.averaged():
        words: dict[str, Any] = {"format": "pt", "facechain.encoder": encoder.digest}
        path = folder / "adapter.safetensors"
        path.unlink(missing_ok=True)  # of an earlier call with the same plan, and so the same
        save_adapter(adapter, path, words)


def _silence(adapter: FaceAdapter) -> None:
    """Let both branches of every block begin at zero, as ControlNet's do."""
    for site in SITES:
        block = adapter.block(site)
        for layer in (block.attn.to_out[0], block.ff.net[2]):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)
