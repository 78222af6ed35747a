"""The adapter stage: the users' adapter trainer, on stored latents of rendered pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.demo import layout
from facechain_ext.errors import Cancelled
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.identity import TransFace
from facechain_ext.methods.fact import load_adapter, save_adapter
from facechain_ext.training.adapter.batches import Batches
from facechain_ext.training.adapter.sampling import SamplingSettings, make_previewer
from facechain_ext.training.adapter.settings import Settings
from facechain_ext.training.adapter.trainer import Trainer
from facechain_ext.training.processes import Processes
from research.tiny_models.plan import FACE_WEIGHT, VELOCITY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np

    from facechain_ext.training.adapter.trainer import StepLosses
    from research.tiny_models.pictures import RenderedPictures
    from research.tiny_models.plan import Plan

INITIAL_ADAPTER = "first-adapter.safetensors"
"""File in the work folder: the adapter that was trained together with the U-Net."""


def train_adapter(
    plan: Plan,
    folder: Path,
    pictures: RenderedPictures,
    latents: np.ndarray,
    on_progress: Callable[[str, int, int, Mapping[str, float]], bool],
) -> None:
    """Train INITIAL_ADAPTER on the frozen checkpoint of ``folder`` and write ``adapter.safetensors`` there.

    Resumes the training in ``folder/adapter``. Raises Cancelled when ``on_progress`` returns False.
    """
    checkpoint = load_checkpoint(folder / "checkpoint.safetensors")
    encoder = TransFace.from_file(folder / "encoder.safetensors")
    adapter = load_adapter(folder / INITIAL_ADAPTER)
    schedule, adapter_folder, processes = plan.adapter, folder / "adapter", Processes()
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
        adapter_folder,
        resume=(adapter_folder / "state.safetensors").is_file(),
        preview=make_previewer(checkpoint, encoder, pictures, adapter_folder, SamplingSettings(plan.side, cfg=3.0)),
        metadata={"facechain.checkpoint": checkpoint.digest, "facechain.encoder": encoder.digest},
    )

    def report(losses: StepLosses) -> bool:
        parts = {"loss": losses.loss, "mse": losses.mse, "fair": losses.fair}
        return processes.all_agree(agreed=on_progress("adapter", losses.step, settings.steps, parts))

    trainer.run(report)
    if trainer.step < settings.steps:
        raise Cancelled("Stopped in adapter; the same command goes on there.")
    if not processes.first:
        return
    with trainer.averaged_weights():
        metadata = {"format": "pt", "facechain.encoder": encoder.digest}
        path = folder / "adapter.safetensors"
        path.unlink(missing_ok=True)  # an earlier call with the same plan wrote the same weights
        save_adapter(adapter, path, metadata)
