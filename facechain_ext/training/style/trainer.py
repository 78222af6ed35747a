"""One style training: its steps, its saved state and its previews."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from facechain_ext.devices import diffusion_device
from facechain_ext.errors import HostError
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.hosts.diffusers.sampling.prompts import encode
from facechain_ext.hosts.diffusers.sampling.samplers import find_sampler
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.training.adapter.sampling import SamplingSettings, generate_pictures
from facechain_ext.training.style.lora import add_layers
from facechain_ext.training_runs.settings import NOTHING_LOST, STATE, TRAINING_ID, differences
from facechain_ext.training_runs.status import PREVIEWS

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.faces.types import Pixels
    from facechain_ext.hosts.diffusers.checkpoint import Checkpoint
    from facechain_ext.training_runs.settings import StyleRequest, StyleSettings


class StyleTrainer:
    """Models, pictures and optimizer of one training; batches depend on seed and step alone."""

    def __init__(self, request: StyleRequest, settings: StyleSettings, examples: list[tuple[Pixels, str]]) -> None:
        self._request, self._settings, self._examples = request, settings, examples
        self._captions = [caption for _, caption in examples]
        self.id = uuid.uuid4().hex
        self.checkpoint: Checkpoint = load_checkpoint(
            request.checkpoint, vae=request.vae, device=str(diffusion_device())
        )
        self.checkpoint.noise.require_epsilon(request.checkpoint.name)
        self._weights = add_layers(self.checkpoint.unet, settings.rank, settings.seed)
        self._optimizer = torch.optim.AdamW(self._weights, lr=settings.rate, weight_decay=0.01)
        self._schedule = find_sampler("DDIM").build()
        self.step = self._saved_step = 0

    def encode(self) -> None:
        """Encode pictures and captions, once for all steps."""
        vae = self.checkpoint.vae
        with torch.no_grad():
            stack = np.stack([pixels for pixels, _ in self._examples]).astype(np.float32) / 127.5 - 1
            squares = torch.from_numpy(stack).permute(0, 3, 1, 2).to(vae.device)
            latents = [vae.encode(square[None]).latent_dist.mode() for square in squares]
            self._latents = torch.cat(latents) * vae.config.scaling_factor
            self._text = [encode(c, self.checkpoint.tokenizer, self.checkpoint.text_encoder) for c in self._captions]

    def begin(self, *, resume: bool) -> list[str]:
        """Start a new training, or resume the state in the work folder; return notes on what changed since.

        Raises HostError, and changes nothing, when there is no state or it is of another training.
        """
        path = self._request.work / STATE
        if not resume:
            if path.exists():
                raise HostError(
                    f"{path.parent} holds a training that was begun; go on with --resume, or choose another."
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            return []
        if not path.is_file():
            raise HostError(f"{path.parent} holds no training to go on with; begin without --resume.")
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                names = file.keys()  # safe_open is no dict: it cannot be iterated
                tensors = {name: file.get_tensor(name) for name in names}
            earlier = json.loads(metadata["identity"])
            self.step = self._saved_step = int(metadata["step"])
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise HostError(
                f"{path} is damaged ({error}) and cannot be gone on with; begin again under another name."
            ) from error
        changed = differences(earlier, self._identity())
        if changed:
            raise HostError(
                f"{path.parent} holds a training that was begun otherwise: {'; '.join(changed)}. "
                "Nothing was changed. Put that back, or begin again under another name."
            )
        self.id = metadata.get(TRAINING_ID, self.id)
        self._load(tensors)
        if earlier.get("captions") != self._captions:
            return ["Pictures or captions were changed since it was begun; it goes on with what is there now."]
        return []

    def _load(self, tensors: dict[str, torch.Tensor]) -> None:
        """Restore weights and optimizer from the tensors of a saved state."""
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in tensors.items():
            kind, index, *rest = name.split(".")
            if kind == "weight":
                self._weights[int(index)].data.copy_(value)
            else:
                state.setdefault(int(index), {})[rest[0]] = value
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": state, "param_groups": groups})

    def save(self) -> None:
        """Write the state atomically; raises HostError, which names the last saved step, when it cannot be written."""
        tensors = {f"weight.{index}": value.detach() for index, value in enumerate(self._weights)}
        for index, values in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in values.items()}
        path = self._request.work / STATE
        metadata = {"step": str(self.step), "identity": json.dumps(self._identity()), TRAINING_ID: self.id}
        try:
            with atomic_write(path) as part:
                save_file({name: value.cpu().contiguous().clone() for name, value in tensors.items()}, part, metadata)
        except (OSError, SafetensorError) as error:
            safe = NOTHING_LOST.format(step=self._saved_step)
            raise HostError(f"The state of step {self.step} cannot be written to {path} ({error}). {safe}") from error
        self._saved_step = self.step

    def update(self) -> float:
        """Make one step and return its loss; raises HostError when the loss is not finite."""
        rng = np.random.default_rng((self._settings.seed, self.step))
        chosen = rng.integers(0, len(self._captions), self._settings.batch)
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        latents = self._latents[torch.from_numpy(chosen).to(self._latents.device)]
        noise = torch.randn(latents.shape, generator=generator).to(latents.device)
        timesteps = torch.randint(0, 1000, (len(chosen),), generator=generator).to(latents.device)
        total = torch.zeros((), device=latents.device)
        for row, number in enumerate(chosen):  # captions differ in length, so rows cannot share a batch
            one = slice(row, row + 1)
            noisy = self._schedule.add_noise(latents[one], noise[one], timesteps[one])
            text = self._text[int(number)]
            predicted = self.checkpoint.unet(noisy, timesteps[one], encoder_hidden_states=text).sample
            total = total + F.mse_loss(predicted.float(), noise[one]) / len(chosen)
        if not torch.isfinite(total):
            raise HostError(f"The loss of step {self.step + 1} is not a number. Lower the rate.")
        total.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.step += 1
        return float(total.detach())

    def preview(self) -> Path:
        """Write a picture of the style at this step, and return its path."""
        path: Path = self._request.work / PREVIEWS / f"{self.step:06d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        words = f"{self._request.trigger}, portrait of a person"
        pixels = generate_pictures(
            self.checkpoint, [words], [self._settings.seed], SamplingSettings(self._settings.size)
        )[0]
        Image.fromarray(pixels).save(path)
        return path

    def _identity(self) -> dict[str, object]:
        """What identifies a training; all but the captions must be equal for it to resume."""
        settings = asdict(self._settings)
        identity = {name: settings[name] for name in ("batch", "rate", "rank", "size", "seed")}
        identity |= {"checkpoint": self.checkpoint.digest, "trigger": self._request.trigger, "captions": self._captions}
        return identity | {"checkpoint_name": self.checkpoint.name}
