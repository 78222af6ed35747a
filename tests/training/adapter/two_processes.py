"""Run by test_processes.py in each of several processes: three steps, then whether all hold the same weights."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from accelerate import Accelerator

from facechain_ext.demo import random_models
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.identity import TransFace
from facechain_ext.methods.fact import new_adapter
from facechain_ext.training.adapter.batches import Batches
from facechain_ext.training.adapter.settings import Settings
from facechain_ext.training.adapter.trainer import Trainer
from research.evaluate.rendered import RenderedPeople
from tests.training.conftest import PROJECTOR


def main() -> None:
    folder, precision = Path(sys.argv[1]), sys.argv[2]
    models = random_models(folder / "small")  # written before by the test
    settings = Settings(steps=3, batch=1, accumulate=2, save_every=3, warm_up=1, precision=precision)
    accelerator = Accelerator(mixed_precision=settings.precision, cpu=True)
    checkpoint = load_checkpoint(models.checkpoint)
    torch.manual_seed(0)
    adapter = new_adapter(checkpoint.unet, projector=PROJECTOR, gate=0.3)
    batches = Batches(
        RenderedPeople(2, 2),
        checkpoint.tokenizer,
        settings,
        process=accelerator.process_index,
        processes=accelerator.num_processes,
    )
    encoder = TransFace.from_file(models.encoder)
    trainer = Trainer(checkpoint, encoder, adapter, batches, settings, folder / "run", accelerator=accelerator)
    trainer.run()
    weights = torch.cat([parameter.detach().flatten() for parameter in adapter.parameters()])
    everywhere = accelerator.gather(weights[None])
    assert accelerator.num_processes == int(sys.argv[3])
    assert all(torch.equal(row, everywhere[0]) for row in everywhere)
    if accelerator.is_main_process:
        (folder / "same").write_text(str(float(weights.double().sum())))


main()
