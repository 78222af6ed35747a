"""From nothing to the files of the small models, part by part; stopped anywhere, the same call goes on there."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from facechain_ext.demo import layout
from facechain_ext.demo.models import models_in
from facechain_ext.errors import HostError
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.identity import TransFace
from facechain_ext.methods.fact import load_adapter
from facechain_ext.methods.fact.checkpoint import published_state
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.training.processes import Processes
from research.synthetic_world import EDITION
from research.tiny_models import faceadapter, loras
from research.tiny_models.autoencoder import AutoencoderStage, encode_all, normalise
from research.tiny_models.diffusion import BaseStage, ControlStage, Noising
from research.tiny_models.faces import Faces, tokens_of_all
from research.tiny_models.likeness import Likeness, Recognition, persons_of
from research.tiny_models.pictures import RenderedPictures
from research.tiny_models.recognition import RecognitionStage
from research.tiny_models.report import curves, report
from research.tiny_models.skeletons import hints
from research.tiny_models.stage import train_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from facechain_ext.identity.projector import Projector
    from research.tiny_models.plan import Plan, Schedule

    Show = Callable[[str, int, int, Mapping[str, float]], bool]

log = logging.getLogger(__name__)

STAGES = ("encoder", "vae", "base", "adapter", "control", "loras")
"""The parts, in order. Each of the first three needs those before it, the others need these three."""
_PLAN = "plan.json"


class StoppedError(HostError):
    """The training was stopped by its caller; what it did is saved."""


@dataclass(frozen=True, eq=False)
class _Work:
    """What all parts share."""

    plan: Plan
    folder: Path
    pictures: RenderedPictures
    show: Show
    begin: Path | None
    processes: Processes
    seed: int

    def train(self, stage: Any, name: str) -> None:
        """Train one part to its end; raises StoppedError when the caller stops it."""
        schedule: Schedule = getattr(self.plan, name)
        finished = train_stage(
            stage,
            schedule,
            self.folder / name,
            seed=self.seed,
            save_every=self.plan.save_every,
            report=lambda step, steps, losses: self.show(name, step, steps, losses),
        )
        if not finished:
            raise StoppedError(f"Stopped in {name}; the same command goes on there.")

    def write(self, state: Mapping[str, torch.Tensor], name: str) -> None:
        """Write weights into the work folder, once for all processes."""
        with self.processes.first_goes_first():
            if self.processes.first:
                _write(state, self.folder / name)


def train_tiny_models(
    plan: Plan,
    folder: Path,
    out: Path,
    *,
    only: str | None = None,
    begin: Path | None = None,
    show: Show = lambda _name, _step, _steps, _losses: True,
) -> None:
    """Train the small models by ``plan``, working in ``folder``, and write them into ``out``.

    ``only`` trains one part of STAGES (and those it needs) and writes nothing. ``begin`` is a folder of finished small
    models to go on from: their face encoder stays, their autoencoder learns on with its latents held near what they
    were, and the rest begins with their weights, on batches of its own: none is seen again. Processes that ``torchrun``
    started together train together; ``show`` is called in the first one alone. Raises HostError when the folder holds
    the work of another plan or beginning, StoppedError when ``show`` returns False, WeightsError when ``begin`` lacks a
    file.
    """
    processes = Processes()
    if not processes.first:
        show = _unseen
    folder.mkdir(parents=True, exist_ok=True)
    begun_with = None if begin is None else hashlib.sha256(models_in(begin).checkpoint.read_bytes()).hexdigest()
    with processes.first_goes_first():
        _same_plan(folder / _PLAN, plan, begun_with)
        pictures = RenderedPictures(
            folder / "pictures", plan.persons, plan.each, plan.side, say=_counted(show, "pictures")
        )
    seed = plan.seed if begun_with is None else plan.seed + int(begun_with[:8], 16)
    work = _Work(plan, folder, pictures, show, begin, processes, seed)
    encoder, projector = _encoder(work)
    work.write(encoder.state_dict(), "encoder.safetensors")
    if only == "encoder":
        return
    likeness = Likeness(encoder, pictures)
    vae = _vae(work, likeness)
    if only == "vae":
        return
    painted = pictures.first(plan.painted)
    latents = _kept(work, "latents", lambda say: encode_all(vae, painted, say))
    tokens = _kept(work, "tokens", lambda say: tokens_of_all(encoder, painted, say))
    noising = Noising(latents, painted.captions, vae.config.scaling_factor)
    recognition = Recognition(likeness, vae, persons_of(encoder, tokens, plan.each), plan.each)
    base = _base(work, noising, Faces(painted, tokens), recognition, projector)
    if only == "base":
        return
    work.write(_checkpoint(base, vae), "checkpoint.safetensors")
    work.write(published_state(base.adapter), faceadapter.FIRST)
    if only in (None, "adapter"):
        faceadapter.train(plan, folder, painted, latents, show)
    if only in (None, "control"):
        controlnet = layout.new_controlnet(base.unet)
        work.train(ControlStage(noising, controlnet, base, hints(painted)), "control")
        work.write(_controlnet(controlnet), "openpose.safetensors")
    with processes.first_goes_first():
        if processes.first and only in (None, "loras"):
            loras.train(plan, folder, show)
        if processes.first and only is None:
            export(plan, folder, out)


def _unseen(_name: str, _step: int, _steps: int, _losses: Mapping[str, float]) -> bool:
    return True


def _counted(show: Show, name: str) -> Callable[[int, int], None]:
    """``show`` for something that has no losses and is not stopped."""

    def say(done: int, total: int) -> None:
        show(name, done, total, {})

    return say


def export(plan: Plan, folder: Path, out: Path) -> None:
    """The finished files in half precision, as they ship."""
    from facechain_ext.weights import read_state_dict

    out.mkdir(parents=True, exist_ok=True)
    names = ("checkpoint", "encoder", "adapter", "openpose", *(f"lora-{style}" for style in loras.STYLES))
    for name in names:
        path = folder / f"{name}.safetensors"
        state = read_state_dict(path)
        small = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
        _write(small, out / path.name, _words(path))
    curves(folder, out / "curves.png")
    report(plan, folder, out / "report.md")
    (out / _PLAN).write_text((folder / _PLAN).read_text(encoding="utf-8"), encoding="utf-8")


def _vae(work: _Work, likeness: Likeness) -> Any:
    torch.manual_seed(work.plan.seed)
    earlier = None if work.begin is None else load_checkpoint(models_in(work.begin).checkpoint).vae.float()
    stage = AutoencoderStage(work.pictures, likeness, earlier)
    work.train(stage, "vae")
    vae = stage.module.requires_grad_(requires_grad=False).eval()
    if earlier is None:  # an earlier one has been brought to scale already, and the U-Net knows its latents
        normalise(vae, encode_all(vae, work.pictures.first(128)))
    return vae


def _kept(work: _Work, name: str, make: Callable[[Callable[[int, int], None]], np.ndarray]) -> np.ndarray:
    """What ``make`` gives, computed once and kept in the work folder, read as it is needed."""
    path = work.folder / f"{name}.npy"
    with work.processes.first_goes_first():
        if not path.is_file():
            with atomic_write(path) as part, part.open("wb") as file:
                np.save(file, make(_counted(work.show, name)))
    kept: np.ndarray = np.load(path, mmap_mode="r")
    return kept


def _encoder(work: _Work) -> tuple[TransFace, Projector]:
    """The face encoder, and the projector that learned beside it."""
    if work.begin is not None:
        earlier = models_in(work.begin)
        return TransFace.from_file(earlier.encoder).float().eval(), load_adapter(earlier.adapter).projector
    torch.manual_seed(work.plan.seed)
    stage = RecognitionStage(work.pictures)
    work.train(stage, "encoder")
    return stage.encoder.eval(), stage.projector


def _base(work: _Work, noising: Noising, faces: Faces, recognition: Recognition, projector: Projector) -> BaseStage:
    torch.manual_seed(work.plan.seed)
    stage = BaseStage(noising, faces, recognition)
    stage.adapter.projector.load_state_dict(projector.state_dict())
    if work.begin is not None:
        earlier = models_in(work.begin)
        checkpoint = load_checkpoint(earlier.checkpoint)
        stage.unet.load_state_dict(checkpoint.unet.state_dict())
        stage.text_encoder.load_state_dict(checkpoint.text_encoder.state_dict())
        stage.adapter.load_state_dict(load_adapter(earlier.adapter).state_dict())
    work.train(stage, "base")
    return stage


def _checkpoint(base: BaseStage, vae: Any) -> dict[str, torch.Tensor]:
    from facechain_ext.hosts.diffusers.checkpoint import single_file_weights

    return single_file_weights(unet=base.unet, vae=vae, text_encoder=base.text_encoder)


def _controlnet(controlnet: Any) -> dict[str, torch.Tensor]:
    from facechain_ext.hosts.diffusers.checkpoint.names import single_file_name

    state = controlnet.state_dict()
    return {single_file_name("controlnet", name, levels=4): value for name, value in state.items()}


def _write(state: Mapping[str, torch.Tensor], path: Path, words: Mapping[str, str] | None = None) -> None:
    tensors = {key: value.detach().contiguous().clone() for key, value in state.items()}
    with atomic_write(path) as part:
        save_file(tensors, part, {"format": "pt", **(words or {})})


def _words(path: Path) -> dict[str, str]:
    """The metadata of a file, without folders of the machine it was trained on."""
    with safe_open(path, "pt") as file:
        return {key: value for key, value in (file.metadata() or {}).items() if str(path.parent) not in value}


def _same_plan(path: Path, plan: Plan, begun_with: str | None) -> None:
    """Note what the work folder is for; raises HostError when it is for something else."""
    wanted = {"world": EDITION, **plan.as_dict()}
    if begun_with is not None:
        wanted["begun_with"] = begun_with
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != wanted:
        raise HostError(
            f"{path.parent} holds the work of another plan or beginning; choose another folder with --work."
        )
    path.write_text(json.dumps(wanted, indent=1), encoding="utf-8")
