"""The training loop of the face adapter: updates, averaged weights, saving and resuming."""

from __future__ import annotations

import csv
import json
import logging
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from facechain_ext import __version__
from facechain_ext.errors import HostError
from facechain_ext.hosts.diffusers.silence import silence
from facechain_ext.methods.fact import save_adapter
from facechain_ext.training.adapter.state import Progress, load_state, read_progress, save_state
from facechain_ext.training.adapter.step import TrainingStep, attach_serial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from accelerate import Accelerator

    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.identity import TransFace
    from facechain_ext.training.adapter.batches import Batch
    from facechain_ext.training.adapter.settings import Settings
    from facechain_ext.training.adapter.step import Attach

log = logging.getLogger(__name__)

LOSSES = "losses.csv"


@dataclass(frozen=True)
class StepLosses:
    """Losses of one step (counted from 1), as means over this process's photos."""

    step: int
    loss: float
    mse: float
    fair: float


class Trainer:
    """Trains ``adapter`` into ``folder``.

    ``batches(n)`` is a pure function of n. ``folder`` gets ``state.safetensors``, ``losses.csv`` and
    ``adapter-<step>.safetensors`` (averaged weights, published key layout). ``preview(step, adapter)`` is called with
    the averaged weights in place. With the same seed a training that was killed and resumed makes the same updates as
    an uninterrupted one: bit for bit on a CPU.

    Raises HostError when the folder holds a training and ``resume`` is not set, or one with other settings.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        encoder: TransFace,
        adapter: nn.Module,
        batches: Callable[[int], Batch],
        settings: Settings,
        folder: Path,
        *,
        resume: bool = False,
        accelerator: Accelerator | None = None,
        attach: Attach = attach_serial,
        preview: Callable[[int, Any], None] | None = None,
        save: Callable[[Any, Path, dict[str, str]], None] = save_adapter,
        metadata: dict[str, str] | None = None,
    ) -> None:
        from accelerate import Accelerator

        self.settings, self.folder = settings, folder
        self.accelerator = accelerator or Accelerator(mixed_precision=settings.precision)
        earlier = find_earlier_training(folder, settings, resume=resume)
        folder.mkdir(parents=True, exist_ok=True)
        self._batches, self._preview, self._save = batches, preview, save
        self._metadata = metadata or {}
        self._move_models(checkpoint, encoder)
        self.adapter = adapter.to(self.accelerator.device).train().requires_grad_(requires_grad=True)
        module = TrainingStep(
            checkpoint, encoder, self.adapter, fair=settings.fair, attach=attach, weighting=settings.weighting
        )
        optimizer = torch.optim.AdamW(
            adapter.parameters(), lr=settings.rate, weight_decay=settings.weight_decay, fused=True
        )
        self._module, self._optimizer = self.accelerator.prepare(module, optimizer)
        self.average = {name: value.detach().clone() for name, value in adapter.named_parameters()}
        self.step = 0
        if earlier is not None:
            load_state(folder, adapter, optimizer, self.average)
            self.step = earlier.step
            if self.accelerator.scaler is not None and earlier.scaler:
                self.accelerator.scaler.load_state_dict(earlier.scaler)
        _truncate_losses(folder / LOSSES, self.step)

    def run(self, report: Callable[[StepLosses], bool] = lambda _report: True) -> None:
        """Train up to ``settings.steps``; ``report`` is called after each step and stops the training by False.

        The state is saved when it is stopped, and every ``save_every`` steps. Raises HostError when the loss is not a
        number any more or something cannot be written.
        """
        settings, main = self.settings, self.accelerator.is_main_process
        if self.step and self.step % settings.save_every == 0:
            self._save_adapter()  # the process may have died between writing state and adapter
        while self.step < settings.steps:
            losses = self._update()
            self.step += 1
            if main:
                self._append_losses(losses)
            keep_going = report(losses)
            last = self.step == settings.steps
            if not keep_going or last or self.step % settings.save_every == 0:
                self.save(with_adapter=last or self.step % settings.save_every == 0)
            if main and self._preview is not None and (last or self.step % settings.preview_every == 0):
                with self.averaged_weights():
                    self._preview(self.step, self.adapter)
            if not keep_going:
                return
        self._save_adapter()

    def save(self, *, with_adapter: bool) -> None:
        """Write the state and, if wanted, the adapter as it is now."""
        self.accelerator.wait_for_everyone()
        if not self.accelerator.is_main_process:
            return
        scaler = {} if self.accelerator.scaler is None else self.accelerator.scaler.state_dict()
        optimizer = getattr(self._optimizer, "optimizer", self._optimizer)
        progress = Progress(self.step, self.settings.as_dict(), scaler)
        save_state(self.folder, self.adapter, optimizer, self.average, progress)
        if with_adapter:
            self._save_adapter()

    @contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """Swap the averaged weights into the adapter inside a ``with`` block."""
        original = {name: value.data for name, value in self.adapter.named_parameters()}
        try:
            for name, value in self.adapter.named_parameters():
                value.data = self.average[name]
            yield
        finally:
            for name, value in self.adapter.named_parameters():
                value.data = original[name]

    @property
    def adapter_file(self) -> Path:
        """The path of the adapter of the current step."""
        return self.folder / f"adapter-{self.step:06d}.safetensors"

    def _save_adapter(self) -> None:
        if not self.accelerator.is_main_process or self.adapter_file.exists():
            return  # training is deterministic: a file of this step holds these weights
        metadata = {"format": "pt", "facechain.version": __version__, "facechain.step": str(self.step)}
        metadata |= {"facechain.settings": json.dumps(self.settings.as_dict())} | self._metadata
        with self.averaged_weights():
            self._save(self.adapter, self.adapter_file, metadata)

    def _move_models(self, checkpoint: Checkpoint, encoder: TransFace) -> None:
        device = self.accelerator.device
        half = {"no": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[self.settings.precision]
        models = [(checkpoint.unet, half), (checkpoint.text_encoder, half)]
        models += [] if checkpoint.text_encoder_2 is None else [(checkpoint.text_encoder_2, half)]
        models += [(checkpoint.vae, torch.float32), (encoder, torch.float32)]
        for model, dtype in models:
            with silence():
                model.to(device=device, dtype=dtype)
            model.requires_grad_(requires_grad=False).eval()
        if self.settings.checkpointing:
            checkpoint.unet.enable_gradient_checkpointing()
            checkpoint.unet.train()  # no dropout is in it: this only lets checkpointing act

    def _update(self) -> StepLosses:
        """One step of the optimizer."""
        settings = self.settings
        for group in self._optimizer.param_groups:
            group["lr"] = settings.rate_at(self.step)
        sums = torch.zeros(3)
        for part in range(settings.accumulate):
            batch = self._batches(self.step * settings.accumulate + part).to(self.accelerator.device)
            last = part == settings.accumulate - 1
            with nullcontext() if last else self.accelerator.no_sync(self._module):
                loss = self._module(batch)
                self.accelerator.backward(loss.total / settings.accumulate)
            sums += torch.stack([loss.total, loss.mse, loss.fair]).detach().float().cpu() / settings.accumulate
        if not torch.isfinite(sums).all():
            raise HostError(
                f"The loss of step {self.step + 1} is not a number. Lower the rate, or use bf16 instead of fp16; the "
                "state of before is kept."
            )
        self.accelerator.clip_grad_norm_(self.adapter.parameters(), settings.clip)
        self._optimizer.step()
        self._optimizer.zero_grad()
        decay = settings.decay_at(self.step)
        with torch.no_grad():
            for name, value in self.adapter.named_parameters():
                self.average[name].lerp_(value.detach(), 1.0 - decay)
        total, mse, fair = (float(value) for value in sums)
        return StepLosses(self.step + 1, total, mse, fair)

    def _append_losses(self, losses: StepLosses) -> None:
        path = self.folder / LOSSES
        new = not path.exists()
        with path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(["step", "loss", "mse", "fair"])
            writer.writerow([losses.step, repr(losses.loss), repr(losses.mse), repr(losses.fair)])


def read_losses(folder: Path) -> list[StepLosses]:
    """The losses in a training's folder; empty without a file."""
    path = folder / LOSSES
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            StepLosses(int(r["step"]), *(float(r[n]) for n in ("loss", "mse", "fair"))) for r in csv.DictReader(file)
        ]


def find_earlier_training(folder: Path, settings: Settings, *, resume: bool) -> Progress | None:
    """Progress of the training to resume in ``folder``, None for a new one; raises HostError as Trainer does."""
    earlier = read_progress(folder)
    if not resume:
        leftover = folder.is_dir() and any(path.name != LOSSES for path in folder.iterdir())
        if earlier is not None or leftover:
            step = "something" if earlier is None else f"a training at step {earlier.step}"
            raise HostError(f"{folder} holds {step}; nothing is overwritten. Choose another folder, or --resume.")
        return None
    if earlier is None:
        raise HostError(f"{folder} holds no state of a training to go on with; begin without --resume.")
    differences = settings.differences(earlier.settings)
    if differences:
        raise HostError(f"The training in {folder} cannot go on with other settings: {'; '.join(differences)}.")
    return earlier


def _truncate_losses(path: Path, step: int) -> None:
    """Remove rows after ``step``, and an incomplete last row, from a losses file."""
    if not path.is_file():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    valid = [line for line in lines[1:] if line.endswith("\n") and int(line.split(",")[0]) <= step]
    path.write_text("".join(lines[:1] + valid) if valid else "", encoding="utf-8")
    if not valid:
        path.unlink()
