"""The adapter of the small models: the trainer that users have, on stored latents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from facechain_ext.demo import layout
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.identity import TransFace
from facechain_ext.methods.fact import load_adapter, save_adapter
from facechain_ext.training.adapter.batches import Batches
from facechain_ext.training.adapter.sampling import Drawing, previewer
from facechain_ext.training.adapter.settings import Settings
from facechain_ext.training.adapter.trainer import Trainer
from facechain_ext.training.processes import Processes
from research.tiny_models.plan import FACE_WEIGHT, VELOCITY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np

    from facechain_ext.training.adapter.trainer import Report
    from research.tiny_models.pictures import RenderedPictures
    from research.tiny_models.plan import Plan

FIRST = "first-adapter.safetensors"
"""The adapter that learned together with the U-Net, in the work folder."""


def train(
    plan: Plan,
    folder: Path,
    pictures: RenderedPictures,
    latents: np.ndarray,
    show: Callable[[str, int, int, Mapping[str, float]], bool],
) -> None:
    """Train beside ``checkpoint.safetensors`` and ``encoder.safetensors`` of ``folder``; gives ``adapter.safetensors``.

    It begins as FIRST, which learned together with the U-Net; the U-Net is frozen now.

    Goes on where ``folder/adapter`` stopped. Raises HostError when ``show`` stops it.
    """
    checkpoint = load_checkpoint(folder / "checkpoint.safetensors")
    encoder = TransFace.from_file(folder / "encoder.safetensors")
    adapter = load_adapter(folder / FIRST)
    schedule, place, processes = plan.adapter, folder / "adapter", Processes()
    settings = Settings(
        steps=schedule.steps,
        batch=processes.rows(schedule.batch),
        rate=schedule.rate,
        warm_up=schedule.warm_up,
        ema=schedule.ema,
        gate=layout.GATE,
        face_weight=FACE_WEIGHT,
        velocity=VELOCITY,
        seed=plan.seed,
        save_every=plan.save_every,
        preview_every=1000,
    )
    trainer = Trainer(
        checkpoint,
        encoder,
        adapter,
        Batches(
            pictures,
            checkpoint.tokenizer,
            settings,
            latents=latents,
            process=processes.index,
            processes=processes.count,
        ),
        settings,
        place,
        resume=(place / "state.safetensors").is_file(),
        preview=previewer(checkpoint, encoder, pictures, place, Drawing(plan.side, cfg=3.0)),
        metadata={"facechain.checkpoint": checkpoint.digest, "facechain.encoder": encoder.digest},
    )

    def report(losses: Report) -> bool:
        parts = {"loss": losses.loss, "mse": losses.mse, "fair": losses.fair}
        return processes.all_agree(show("adapter", losses.step, settings.steps, parts))

    trainer.run(report)
    if not processes.first:
        return
    with trainer.averaged():
        words: dict[str, Any] = {"format": "pt", "facechain.encoder": encoder.digest}
        path = folder / "adapter.safetensors"
        path.unlink(missing_ok=True)  # of an earlier call with the same plan, and so the same
        save_adapter(adapter, path, words)
