"""A whole training of a style: pictures to a LoRA in the host's folder, and a style entry for it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file

from facechain_ext.errors import HostError
from facechain_ext.standalone.checkpoint import load_checkpoint
from facechain_ext.standalone.sampling.prompts import encode
from facechain_ext.standalone.sampling.samplers import find_sampler
from facechain_ext.styles import Style, StyleLora, key_of, save_style
from facechain_ext.styles.loras import lora_folder
from facechain_ext.training.fact.sampling import Drawing, draw
from facechain_ext.training.style import STATE
from facechain_ext.training.style.lora import add_layers, save_lora
from facechain_ext.training.style.pictures import caption_table, usable
from facechain_ext.weights.folders import safe_child
from facechain_ext.weights.whole import whole_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from facechain_ext.standalone.checkpoint import Checkpoint


@dataclass(frozen=True)
class StyleSettings:
    """How a style is learned: ``size`` of the squares, ``preview_every`` and ``save_every`` in steps."""

    steps: int = 1500
    batch: int = 1
    rate: float = 1e-4
    rank: int = 16
    size: int = 512
    seed: int = 0
    save_every: int = 250
    preview_every: int = 250

    def __post_init__(self) -> None:
        if self.size % 64 or self.size < 64:
            raise ValueError(f"The size is {self.size}; use a multiple of 64.")
        if min(self.steps, self.batch, self.rank, self.save_every, self.preview_every) < 1:
            raise ValueError("Steps, batch, rank and the steps between saving and previews are 1 or more.")


@dataclass(frozen=True)
class StyleRequest:
    """What is learned: the ``checkpoint``, the folder of ``pictures``, the ``name`` of the style, its ``trigger``.

    ``work`` is the training's own folder, ``loras`` the host's LoRA folder (ours when None). With ``catalogue`` it
    becomes one of the user's own styles.
    """

    checkpoint: Path
    pictures: Path
    name: str
    trigger: str
    work: Path
    loras: Path | None = None
    vae: Path | None = None
    catalogue: bool = True


Report = dict[str, Any]
"""One event: ``event`` and what belongs to it; written as a line of JSON by the command."""


def train_style(
    request: StyleRequest,
    settings: StyleSettings,
    *,
    resume: bool = False,
    report: Callable[[Report], bool] = lambda _event: True,
) -> Path | None:
    """Train the LoRA and write it with its style entry; the file, or None when ``report`` stopped it by False.

    A stopped or killed training goes on with ``resume`` at its last saved state, and makes the same updates as one
    that was not stopped. Raises PhotoError for the pictures, HostError for a checkpoint that is not SD1.5 or another
    training in ``work``, WeightsError or StyleError when a result of this name exists.
    """
    key = key_of(request.name)
    final = safe_child(request.loras or lora_folder(), f"{key}.safetensors")
    if final.exists():
        raise HostError(f"{final} exists already and is not overwritten; choose another name for the style.")
    rows = caption_table(request.pictures, request.trigger)
    learned = usable(request.pictures, rows, settings.size)
    for row in rows:
        if row.problem:
            report({"event": "not used", "file": row.file, "reason": row.problem})
    training = _Training(request, settings, learned)
    training.begin(resume=resume)
    report({"event": "started", "step": training.step, "steps": settings.steps, "pictures": len(learned)})
    while training.step < settings.steps:
        loss = training.update()
        going = report({"event": "step", "step": training.step, "steps": settings.steps, "loss": loss})
        last = training.step == settings.steps
        if not going or last or training.step % settings.save_every == 0:
            training.save()
        if last or training.step % settings.preview_every == 0:
            report({"event": "preview", "step": training.step, "file": str(training.preview())})
        if not going:
            report({"event": "stopped", "step": training.step})
            return None
    metadata = {"facechain.settings": json.dumps(asdict(settings)), "facechain.checkpoint": training.checkpoint.name}
    save_lora(training.checkpoint.unet, final, rank=settings.rank, trigger=request.trigger, metadata=metadata)
    done: Report = {"event": "done", "file": str(final)}
    if request.catalogue:
        done["style"] = str(save_style(_entry(key, request, final.name)))
    report(done)
    return final


def _entry(key: str, request: StyleRequest, file: str) -> Style:
    """The user's style of a LoRA."""
    lora = StyleLora(file, 0.8, request.trigger)
    words = "portrait of a person"
    return Style(key, request.name, request.name, "anyone", ("own",), words, "", "majic", 0.5, lora, "own")


class _Training:
    """Models, pictures and optimizer of one training; batches depend on seed and step alone."""

    def __init__(self, request: StyleRequest, settings: StyleSettings, learned: list[Any]) -> None:
        self._request, self._settings = request, settings
        self._captions = [caption for _, caption in learned]
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.checkpoint: Checkpoint = load_checkpoint(request.checkpoint, vae=request.vae, device=device)
        self._weights = add_layers(self.checkpoint.unet, settings.rank, settings.seed)
        self._optimizer = torch.optim.AdamW(self._weights, lr=settings.rate, weight_decay=0.01)
        self._schedule = find_sampler("DDIM").build()
        vae = self.checkpoint.vae
        with torch.no_grad():
            pixels = torch.from_numpy(np.stack([pixels for pixels, _ in learned]).astype(np.float32) / 127.5 - 1)
            squares = pixels.permute(0, 3, 1, 2).to(device)
            latents = [vae.encode(square[None]).latent_dist.mode() for square in squares]
            self._latents = torch.cat(latents) * vae.config.scaling_factor
            self._text = [encode(c, self.checkpoint.tokenizer, self.checkpoint.text_encoder) for c in self._captions]
        self.step = 0

    def begin(self, *, resume: bool) -> None:
        """Start in an empty folder, or go on with what is there."""
        path = self._request.work / STATE
        if not resume:
            if path.exists():
                raise HostError(
                    f"{path.parent} holds a training that was begun; go on with --resume, or choose another."
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            return
        if not path.is_file():
            raise HostError(f"{path.parent} holds no training to go on with; begin without --resume.")
        with safe_open(path, framework="pt") as file:
            words = file.metadata() or {}
            earlier = json.loads(words.get("identity", "null"))
            if earlier != self._identity():
                raise HostError(f"{path.parent} holds another training: {earlier}, now {self._identity()}.")
            self.step = int(words["step"])
            state: dict[int, dict[str, torch.Tensor]] = {}
            for name in file.keys():  # noqa: SIM118 - not a dict
                kind, index, *rest = name.split(".")
                if kind == "weight":
                    self._weights[int(index)].data.copy_(file.get_tensor(name))
                else:
                    state.setdefault(int(index), {})[rest[0]] = file.get_tensor(name)
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": state, "param_groups": groups})

    def save(self) -> None:
        """Write the state, whole or not at all; raises OSError when it cannot be written."""
        tensors = {f"weight.{index}": value.detach() for index, value in enumerate(self._weights)}
        for index, values in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in values.items()}
        path = self._request.work / STATE
        words = {"step": str(self.step), "identity": json.dumps(self._identity())}
        with whole_file(path) as part:
            save_file({name: value.cpu().contiguous().clone() for name, value in tensors.items()}, part, words)

    def update(self) -> float:
        """One step; its loss. Raises HostError when it is not a number."""
        rng = np.random.default_rng((self._settings.seed, self.step))
        chosen = rng.integers(0, len(self._captions), self._settings.batch)
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        latents = self._latents[torch.from_numpy(chosen).to(self._latents.device)]
        noise = torch.randn(latents.shape, generator=generator).to(latents.device)
        timesteps = torch.randint(0, 1000, (len(chosen),), generator=generator).to(latents.device)
        total = torch.zeros((), device=latents.device)
        for row, number in enumerate(chosen):  # captions differ in length, which a batch may not
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
        """A picture of the style as it is learned by now."""
        path: Path = self._request.work / "previews" / f"{self.step:06d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        words = f"{self._request.trigger}, portrait of a person"
        pixels = draw(self.checkpoint, [words], [self._settings.seed], Drawing(self._settings.size))[0]
        Image.fromarray(pixels).save(path)
        return path

    def _identity(self) -> dict[str, Any]:
        """What must be the same for a training to go on."""
        settings = asdict(self._settings)
        kept = {name: settings[name] for name in ("batch", "rate", "rank", "size", "seed")}
        return kept | {"checkpoint": self.checkpoint.digest, "captions": self._captions}
