"""From nothing to the files of the small models, part by part; stopped anywhere, the same call goes on there."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from facechain_ext.errors import HostError
from facechain_ext.standalone.small import layout
from facechain_ext.training.small import faceadapter, loras
from facechain_ext.training.small.autoencoder import AutoencoderStage, encode_all, normalise
from facechain_ext.training.small.diffusion import BaseStage, ControlStage, Noising
from facechain_ext.training.small.pictures import DrawnSet
from facechain_ext.training.small.recognition import RecognitionStage
from facechain_ext.training.small.report import curves
from facechain_ext.training.small.skeletons import hints
from facechain_ext.training.small.stage import train_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from facechain_ext.training.small.plan import Plan, Schedule

    Show = Callable[[str, int, int, Mapping[str, float]], bool]

log = logging.getLogger(__name__)

STAGES = ("vae", "encoder", "base", "adapter", "control", "loras")
"""The parts, in order. All need the first three, except that the encoder needs none."""
_PLAN = "plan.json"


class StoppedError(HostError):
    """The training was stopped by its caller; what it did is saved."""


@dataclass(frozen=True, eq=False)
class _Work:
    """What all parts share."""

    plan: Plan
    folder: Path
    pictures: DrawnSet
    show: Show

    def train(self, stage: Any, name: str) -> None:
        """Train one part to its end; raises StoppedError when the caller stops it."""
        schedule: Schedule = getattr(self.plan, name)
        finished = train_stage(
            stage,
            schedule,
            self.folder / name,
            seed=self.plan.seed,
            save_every=self.plan.save_every,
            report=lambda step, steps, losses: self.show(name, step, steps, losses),
        )
        if not finished:
            raise StoppedError(f"Stopped in {name}; the same command goes on there.")


def train_small(
    plan: Plan,
    folder: Path,
    out: Path,
    *,
    only: str | None = None,
    show: Show = lambda _name, _step, _steps, _losses: True,
) -> None:
    """Train the small models by ``plan``, working in ``folder``, and write them into ``out``.

    ``only`` trains one part of STAGES (and those it needs) and writes nothing. Raises HostError when the folder holds
    the work of another plan, StoppedError when ``show`` returns False.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _same_plan(folder / _PLAN, plan)
    pictures = DrawnSet(folder / "pictures", plan.persons, plan.each, plan.side, say=_counted(show, "pictures"))
    work = _Work(plan, folder, pictures, show)
    if only == "encoder":
        _encoder(work)
        return
    vae = _vae(work)
    if only == "vae":
        return
    painted = pictures.first(plan.painted)
    latents = _latents(work, vae, painted)
    noising = Noising(latents, painted.captions, vae.config.scaling_factor)
    base = _base(work, noising)
    if only == "base":
        return
    _write_checkpoint(base, vae, folder / "checkpoint.safetensors")
    encoder = _encoder(work)
    _write(encoder.state_dict(), folder / "encoder.safetensors")
    if only in (None, "adapter"):
        faceadapter.train(plan, folder, painted, latents, show)
    if only in (None, "control"):
        controlnet = layout.new_controlnet(base.unet)
        work.train(ControlStage(noising, controlnet, base, hints(painted)), "control")
        _write_controlnet(controlnet, folder / "openpose.safetensors")
    if only in (None, "loras"):
        loras.train(plan, folder, show)
    if only is None:
        export(folder, out)


def _counted(show: Show, name: str) -> Callable[[int, int], None]:
    """``show`` for something that has no losses and is not stopped."""

    def say(done: int, total: int) -> None:
        show(name, done, total, {})

    return say


def export(folder: Path, out: Path) -> None:
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
    (out / _PLAN).write_text((folder / _PLAN).read_text(encoding="utf-8"), encoding="utf-8")


def _vae(work: _Work) -> Any:
    torch.manual_seed(work.plan.seed)
    stage = AutoencoderStage(work.pictures)
    work.train(stage, "vae")
    vae = stage.module.requires_grad_(requires_grad=False).eval()
    normalise(vae, encode_all(vae, work.pictures.first(128)))
    return vae


def _latents(work: _Work, vae: Any, pictures: DrawnSet) -> np.ndarray:
    """All latents, computed once for this autoencoder."""
    path = work.folder / "latents.npy"
    if not path.is_file():
        found = encode_all(vae, pictures, _counted(work.show, "latents"))
        np.save(path, found)
    latents: np.ndarray = np.load(path)
    return latents


def _encoder(work: _Work) -> Any:
    torch.manual_seed(work.plan.seed)
    stage = RecognitionStage(work.pictures)
    work.train(stage, "encoder")
    return stage.encoder.eval()


def _base(work: _Work, noising: Noising) -> BaseStage:
    torch.manual_seed(work.plan.seed)
    stage = BaseStage(noising)
    work.train(stage, "base")
    return stage


def _write_checkpoint(base: BaseStage, vae: Any, path: Path) -> None:
    from facechain_ext.standalone.checkpoint import single_file_weights

    _write(single_file_weights(unet=base.unet, vae=vae, text_encoder=base.text_encoder), path)


def _write_controlnet(controlnet: Any, path: Path) -> None:
    from facechain_ext.standalone.checkpoint.names import single_file_name

    state = controlnet.state_dict()
    _write({single_file_name("controlnet", name, levels=4): value for name, value in state.items()}, path)


def _write(state: Mapping[str, torch.Tensor], path: Path, words: Mapping[str, str] | None = None) -> None:
    part = path.with_name(f"{path.name}.part")
    tensors = {key: value.detach().contiguous().clone() for key, value in state.items()}
    save_file(tensors, part, {"format": "pt", **(words or {})})
    part.replace(path)


def _words(path: Path) -> dict[str, str]:
    """The metadata of a file, without folders of the machine it was trained on."""
    with safe_open(path, "pt") as file:
        return {key: value for key, value in (file.metadata() or {}).items() if str(path.parent) not in value}


def _same_plan(path: Path, plan: Plan) -> None:
    wanted = json.dumps(plan.as_dict(), indent=1)
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != plan.as_dict():
        raise HostError(f"{path.parent} holds the work of another plan; choose another folder with --work.")
    path.write_text(wanted, encoding="utf-8")
