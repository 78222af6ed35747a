"""The whole training of the tiny models, stage by stage; a stopped run resumes with the same call."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from facechain_ext.demo import layout
from facechain_ext.demo.models import models_in
from facechain_ext.errors import Cancelled, HostError
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.identity import TransFace
from facechain_ext.methods.fact import load_adapter
from facechain_ext.methods.fact.checkpoint import published_state
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.training.processes import Processes
from research.synthetic_world import EDITION
from research.tiny_models import adapter, loras
from research.tiny_models.autoencoder import AutoencoderStage, encode_latents, normalise_latents
from research.tiny_models.control_hints import control_hints
from research.tiny_models.diffusion import BaseStage, ControlStage, NoisedSampler
from research.tiny_models.encoded_faces import EncodedFaces, encode_faces
from research.tiny_models.identity_losses import FaceReconstructionLoss, IdentityLoss, person_embeddings
from research.tiny_models.pictures import RenderedPictures
from research.tiny_models.recognition import RecognitionStage
from research.tiny_models.report import plot_curves, write_report
from research.tiny_models.stage import train_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from diffusers import AutoencoderKL, ControlNetModel

    from facechain_ext.identity.projector import Projector
    from research.tiny_models.plan import Plan, Schedule
    from research.tiny_models.stage import Stage

    ProgressCallback = Callable[[str, int, int, Mapping[str, float]], bool]

log = logging.getLogger(__name__)

STAGES = ("encoder", "vae", "base", "adapter", "control", "loras")
"""The stages, in order. Each of the first three needs those before it, the others need these three."""
_PLAN = "plan.json"


@dataclass(frozen=True, eq=False)
class _Context:
    """What all stages share."""

    plan: Plan
    folder: Path
    pictures: RenderedPictures
    on_progress: ProgressCallback
    initial_models: Path | None
    processes: Processes
    seed: int

    def train(self, stage: Stage, name: str) -> None:
        """Train one stage to its end; raises Cancelled when ``on_progress`` returns False."""
        schedule: Schedule = getattr(self.plan, name)
        finished = train_stage(
            stage,
            schedule,
            self.folder / name,
            seed=self.seed,
            save_every=self.plan.save_every,
            report=lambda step, steps, losses: self.on_progress(name, step, steps, losses),
        )
        if not finished:
            raise Cancelled(f"Stopped in {name}; the same command goes on there.")

    def write(self, state: Mapping[str, torch.Tensor], name: str) -> None:
        """Write weights into the work folder, in the first process only."""
        with self.processes.main_process_first():
            if self.processes.first:
                _write(state, self.folder / name)


def train_tiny_models(
    plan: Plan,
    folder: Path,
    out: Path,
    *,
    only: str | None = None,
    initial_models: Path | None = None,
    on_progress: ProgressCallback = lambda _name, _step, _steps, _losses: True,
) -> None:
    """Train the tiny models by ``plan``, working in ``folder``, and write them into ``out``.

    ``only`` trains one stage of STAGES (and those it needs) and exports nothing. ``initial_models`` is a folder of
    trained tiny models to start from: their face encoder is kept, their autoencoder is trained further with an anchor
    on its latents, and the rest starts from their weights, with other batches than theirs. Processes that ``torchrun``
    started train together; ``on_progress(stage, step, steps, losses)`` is called in the first one only. Raises
    HostError when the folder holds the work of another plan or of other initial models, Cancelled when ``on_progress``
    returns False, WeightsError when ``initial_models`` lacks a file.
    """
    processes = Processes()
    if not processes.first:
        on_progress = _ignore_progress
    folder.mkdir(parents=True, exist_ok=True)
    initial_digest = (
        None
        if initial_models is None
        else hashlib.sha256(models_in(initial_models).checkpoint.read_bytes()).hexdigest()
    )
    with processes.main_process_first():
        _check_plan(folder / _PLAN, plan, initial_digest)
        pictures = RenderedPictures(
            folder / "pictures",
            plan.persons,
            plan.each,
            plan.side,
            on_progress=_without_losses(on_progress, "pictures"),
        )
    seed = plan.seed if initial_digest is None else plan.seed + int(initial_digest[:8], 16)
    context = _Context(plan, folder, pictures, on_progress, initial_models, processes, seed)
    encoder, projector = _encoder(context)
    context.write(encoder.state_dict(), "encoder.safetensors")
    if only == "encoder":
        return
    face_loss = FaceReconstructionLoss(encoder, pictures)
    vae = _vae(context, face_loss)
    if only == "vae":
        return
    unet_pictures = pictures.first(plan.painted)
    latents = _cached_array(context, "latents", lambda on_progress: encode_latents(vae, unet_pictures, on_progress))
    tokens = _cached_array(context, "tokens", lambda on_progress: encode_faces(encoder, unet_pictures, on_progress))
    noised_sampler = NoisedSampler(latents, unet_pictures.captions, vae.config.scaling_factor)
    identity_loss = IdentityLoss(face_loss, vae, person_embeddings(encoder, tokens, plan.each), plan.each)
    base = _base(context, noised_sampler, EncodedFaces(unet_pictures, tokens), identity_loss, projector)
    if only == "base":
        return
    context.write(_checkpoint(base, vae), "checkpoint.safetensors")
    context.write(published_state(base.adapter), adapter.INITIAL_ADAPTER)
    if only in (None, "adapter"):
        adapter.train_adapter(plan, folder, unet_pictures, latents, on_progress)
    if only in (None, "control"):
        controlnet = layout.new_controlnet(base.unet)
        context.train(ControlStage(noised_sampler, controlnet, base, control_hints(unet_pictures)), "control")
        context.write(_controlnet(controlnet), "openpose.safetensors")
    with processes.main_process_first():
        if processes.first and only in (None, "loras"):
            loras.train_loras(plan, folder, on_progress)
        if processes.first and only is None:
            export(plan, folder, out)


def _ignore_progress(_name: str, _step: int, _steps: int, _losses: Mapping[str, float]) -> bool:
    return True


def _without_losses(on_progress: ProgressCallback, name: str) -> Callable[[int, int], None]:
    """``on_progress`` for work that has no losses and cannot be stopped."""

    def on_count(done: int, total: int) -> None:
        on_progress(name, done, total, {})

    return on_count


def export(plan: Plan, folder: Path, out: Path) -> None:
    """Write the trained weights in half precision, the curves, the report and the plan into ``out``."""
    from facechain_ext.weights import read_state_dict

    out.mkdir(parents=True, exist_ok=True)
    names = ("checkpoint", "encoder", "adapter", "openpose", *(f"lora-{style}" for style in loras.STYLES))
    for name in names:
        path = folder / f"{name}.safetensors"
        state = read_state_dict(path)
        halved = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
        _write(halved, out / path.name, _portable_metadata(path))
    plot_curves(folder, out / "curves.png")
    write_report(plan, folder, out / "report.md")
    (out / _PLAN).write_text((folder / _PLAN).read_text(encoding="utf-8"), encoding="utf-8")


def _vae(context: _Context, face_loss: FaceReconstructionLoss) -> AutoencoderKL:
    torch.manual_seed(context.plan.seed)
    initial = (
        None
        if context.initial_models is None
        else load_checkpoint(models_in(context.initial_models).checkpoint).vae.float()
    )
    stage = AutoencoderStage(context.pictures, face_loss, initial)
    context.train(stage, "vae")
    vae: AutoencoderKL = stage.module.requires_grad_(requires_grad=False).eval()
    if initial is None:  # a trained one is rescaled already, and the U-Net was trained on its latents
        normalise_latents(vae, encode_latents(vae, context.pictures.first(128)))
    return vae


def _cached_array(context: _Context, name: str, make: Callable[[Callable[[int, int], None]], np.ndarray]) -> np.ndarray:
    """The array of ``make``, computed once and memory-mapped from the work folder."""
    path = context.folder / f"{name}.npy"
    with context.processes.main_process_first():
        if not path.is_file():
            with atomic_write(path) as part, part.open("wb") as file:
                np.save(file, make(_without_losses(context.on_progress, name)))
    array: np.ndarray = np.load(path, mmap_mode="r")
    return array


def _encoder(context: _Context) -> tuple[TransFace, Projector]:
    """The face encoder, and the projector that was trained jointly."""
    if context.initial_models is not None:
        initial = models_in(context.initial_models)
        return TransFace.from_file(initial.encoder).float().eval(), load_adapter(initial.adapter).projector
    torch.manual_seed(context.plan.seed)
    stage = RecognitionStage(context.pictures)
    context.train(stage, "encoder")
    return stage.encoder.eval(), stage.projector


def _base(
    context: _Context,
    noised_sampler: NoisedSampler,
    faces: EncodedFaces,
    identity_loss: IdentityLoss,
    projector: Projector,
) -> BaseStage:
    torch.manual_seed(context.plan.seed)
    stage = BaseStage(noised_sampler, faces, identity_loss)
    stage.adapter.projector.load_state_dict(projector.state_dict())
    if context.initial_models is not None:
        initial = models_in(context.initial_models)
        checkpoint = load_checkpoint(initial.checkpoint)
        stage.unet.load_state_dict(checkpoint.unet.state_dict())
        stage.text_encoder.load_state_dict(checkpoint.text_encoder.state_dict())
        stage.adapter.load_state_dict(load_adapter(initial.adapter).state_dict())
    context.train(stage, "base")
    return stage


def _checkpoint(base: BaseStage, vae: AutoencoderKL) -> dict[str, torch.Tensor]:
    from facechain_ext.hosts.diffusers.checkpoint import single_file_weights

    return single_file_weights(unet=base.unet, vae=vae, text_encoder=base.text_encoder)


def _controlnet(controlnet: ControlNetModel) -> dict[str, torch.Tensor]:
    from facechain_ext.hosts.diffusers.checkpoint.names import single_file_name

    state = controlnet.state_dict()
    return {single_file_name("controlnet", name, levels=4): value for name, value in state.items()}


def _write(state: Mapping[str, torch.Tensor], path: Path, metadata: Mapping[str, str] | None = None) -> None:
    tensors = {key: value.detach().contiguous().clone() for key, value in state.items()}
    with atomic_write(path) as part:
        save_file(tensors, part, {"format": "pt", **(metadata or {})})


def _portable_metadata(path: Path) -> dict[str, str]:
    """The metadata of a file, without entries that name its folder."""
    with safe_open(path, "pt") as file:
        return {key: value for key, value in (file.metadata() or {}).items() if str(path.parent) not in value}


def _check_plan(path: Path, plan: Plan, initial_digest: str | None) -> None:
    """Record the plan of the work folder; raises HostError when it holds another plan or other initial models."""
    facts = {"world": EDITION, **plan.as_dict()}
    if initial_digest is not None:
        facts["begun_with"] = initial_digest
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != facts:
        raise HostError(
            f"{path.parent} holds the work of another plan or beginning; choose another folder with --work."
        )
    path.write_text(json.dumps(facts, indent=1), encoding="utf-8")
