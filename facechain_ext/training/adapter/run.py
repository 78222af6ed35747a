"""A whole training of the face adapter, from files to files."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from facechain_ext import faces, weights
from facechain_ext.errors import HostError
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.identity import TransFace
from facechain_ext.identity.projector import ProjectorSizes
from facechain_ext.methods.fact import load_adapter, new_adapter
from facechain_ext.training.adapter.batches import Batches
from facechain_ext.training.adapter.dataset import PreparedPhotos
from facechain_ext.training.adapter.journal import JOURNAL
from facechain_ext.training.adapter.prepare import PhotoRequirements, check_requirements, prepare
from facechain_ext.training.adapter.sampling import SamplingSettings, make_previewer
from facechain_ext.training.adapter.trainer import Trainer, find_earlier_training
from facechain_ext.training.processes import PROCESS_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from facechain_ext.faces import Detector, HeadMasker
    from facechain_ext.training.adapter.settings import Settings
    from facechain_ext.training.adapter.trainer import StepLosses

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainRequest:
    """What is trained on what: files, and what photos must be like (see PhotoRequirements).

    ``out`` gets ``data`` and ``run``; with ``photos`` that ``prepare`` filled already there is no ``data``.
    """

    checkpoint: Path
    photos: Path
    out: Path
    encoder: Path | None = None
    init: Path | None = None
    vae: Path | None = None
    size: int = 512
    quality: float = 0.1
    single: bool = False


def train(
    request: TrainRequest,
    settings: Settings,
    *,
    resume: bool = False,
    show: Callable[[str, int, int | None], None] = lambda _what, _done, _total: None,
    detector: Detector | None = None,
    masker: HeadMasker | None = None,
) -> Path:
    """Prepare the photos, train, and return the file of the trained adapter.

    ``show(what, done, total)`` reports progress. Raises PhotoError for photos that cannot be used, HostError for a
    checkpoint that is neither SD1.5 nor SDXL and for a folder that holds another training, WeightsError for files that
    cannot be read. Everything that can be refused is refused before the photos are touched.
    """
    from accelerate import Accelerator, InitProcessGroupKwargs

    if request.size % 64:
        raise HostError(f"The size is {request.size}; use a multiple of 64, which the U-Net can halve three times.")
    ready = (request.photos / JOURNAL).is_file()
    data, folder = request.photos if ready else request.out / "data", request.out / "run"
    find_earlier_training(folder, settings, resume=resume)
    waiting = InitProcessGroupKwargs(timeout=PROCESS_TIMEOUT)
    accelerator = Accelerator(mixed_precision=settings.precision, kwargs_handlers=[waiting])
    checkpoint = load_checkpoint(request.checkpoint, vae=request.vae, sdxl=True)
    checkpoint.noise.require_epsilon(request.checkpoint.name)
    encoder = TransFace.from_file(request.encoder or weights.require("transface"))
    if ready:
        check_requirements(data, PhotoRequirements(request.size, request.quality), only="size")
    elif accelerator.is_main_process:
        prepare(
            request.photos,
            data,
            detector=detector or faces.detector(),
            masker=masker or faces.head_masker(),
            requirements=PhotoRequirements(request.size, request.quality),
            progress=lambda done, name: show(f"preparing {name}", done, None),
        )
    accelerator.wait_for_everyone()
    dataset = PreparedPhotos(data, keep_single=request.single)
    if dataset.single_photo_persons and not request.single:
        log.warning("persons with one photo are left out: %s", ", ".join(dataset.single_photo_persons))
    torch.manual_seed(settings.seed)
    if request.init is not None:
        adapter = load_adapter(request.init)
    else:
        width = encoder.sizes.width
        sizes = ProjectorSizes(face_width=width, token_width=checkpoint.unet.config.cross_attention_dim)
        adapter = new_adapter(checkpoint.unet, projector=sizes, gate=settings.gate)
    batches = Batches(
        dataset,
        checkpoint.tokenizer,
        settings,
        process=accelerator.process_index,
        processes=accelerator.num_processes,
    )
    trainer = Trainer(
        checkpoint,
        encoder,
        adapter,
        batches,
        settings,
        folder,
        resume=resume,
        accelerator=accelerator,
        preview=make_previewer(checkpoint, encoder, dataset, folder, SamplingSettings(request.size)),
        metadata={
            "facechain.checkpoint": f"{checkpoint.name} [{checkpoint.digest}]",
            "facechain.encoder": encoder.digest,
            "facechain.photos": f"{len(dataset)} of {dataset.persons} persons",
        },
    )

    def report(losses: StepLosses) -> bool:
        show(f"step {losses.step}, loss {losses.loss:.4f}", losses.step, settings.steps)
        return True

    trainer.run(report)
    return trainer.adapter_file
