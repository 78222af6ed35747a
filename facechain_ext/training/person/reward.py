"""A differentiable reward for likeness: what a recognition network says of the picture that a late step predicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
import torch.nn.functional as F

from facechain_ext import faces
from facechain_ext.errors import HostError, PhotoError
from facechain_ext.faces.alignment import ARCFACE_POINTS, ARCFACE_SIZE, similarity_transform
from facechain_ext.hosts.diffusers.sampling.conditions import guidance
from facechain_ext.hosts.diffusers.sampling.samplers import find_sampler
from facechain_ext.identity import TransFace
from facechain_ext.identity.encode import to_encoder_input
from facechain_ext.identity.likeness_scale import LIKENESS_THRESHOLDS
from facechain_ext.training.lora.prompts import size_conditions
from facechain_ext.weights.store import how_to_get

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor

    from facechain_ext.faces.types import Mask, Pixels, Points
    from facechain_ext.training.lora.trainer import LoraTrainer
    from facechain_ext.training_runs.settings import PersonRequest

NETWORK = "TransFace"
"""The network that rewards: the face encoder, the only one here that is torch's and so has a gradient."""
BEGIN = 0.5
"""The share of a training's steps after which the reward counts: before, there is no person yet to be rewarded."""
EVERY = 4
"""Steps of a training from one with the reward to the next: such a step takes as long as some ten others."""
STEPS = 20
"""Steps of the pictures, as of previews."""
_CFG, _SAMPLER = 5.0, "DDIM"
_LATE = 0.75
"""The judged step is one of the last quarter (ImageReward's ReFL, arXiv 2304.05977: one of the last 10 of 40)."""
_SEED = 1
"""Keeps the reward's random numbers apart from those of the noise, so that without a reward nothing changes."""
_PROMPTS = (
    "portrait photo of {}, head and shoulders",
    "close-up photo of {}, looking at the camera",
    "photo of {} outdoors, daylight",
    "photo of {}, studio, soft light",
)


class FaceFinder(Protocol):
    """Finds the face to be judged."""

    def __call__(self, pixels: Pixels) -> tuple[Points, Mask] | None:
        """Landmarks [5, 2] and head bool [h, w] of the largest face of an RGB picture uint8; None without one."""
        ...


@dataclass(frozen=True, eq=False)
class References:
    """The person's photos to the network: their mean embedding [512] of unit length, and the ``cap`` of the reward.

    ``cap`` is the mean cosine of a photo to the others: what is more alike than real photos are copies them (the rule
    of WithAnyone, arXiv 2510.14975) and earns no more. Of a single photo it is the network's published threshold for
    one person.
    """

    mean: Tensor
    cap: float


def references_of(network: TransFace, photos: Sequence[Pixels]) -> References:
    """What ``photos``, aligned heads on black uint8 [112, 112, 3], are to the network; raises PhotoError for none."""
    if not photos:
        raise PhotoError("No face was found in any of the training pictures, so no likeness can be rewarded.")
    with torch.no_grad():
        stack = torch.stack([to_encoder_input(one) for one in photos]).to(network.pos_embed.device)
        embeddings = F.normalize(network(stack)[1], dim=1)
    total = embeddings.sum(0)
    if len(photos) == 1:
        return References(embeddings[0], LIKENESS_THRESHOLDS[NETWORK][2])
    others = F.normalize(total - embeddings, dim=1)
    return References(F.normalize(total, dim=0), float((embeddings * others).sum(1).mean()))


class FaceReward:
    """ReFL for a person (ImageReward, arXiv 2304.05977; for faces ID-Aligner, arXiv 2404.15449).

    Pictures are sampled without a gradient up to a late step. From that step's prediction x0 the face is cropped, and
    the loss is - min(cosine to the person's mean, cap); its gradient reaches the LoRA through this one step.
    """

    def __init__(
        self, training: LoraTrainer, network: TransFace, references: References, find: FaceFinder, call: str,
        *, prompts: Sequence[str] = _PROMPTS, steps: int = STEPS,
    ) -> None:  # fmt: skip
        self._training, self._references, self._find = training, references, find
        self._network = network.requires_grad_(requires_grad=False).eval()
        self._prompts = [prompt.format(call) for prompt in prompts]
        self._schedule = find_sampler(_SAMPLER).build()
        self._schedule.set_timesteps(steps)
        self._steps = steps
        self._drawn = self._faceless = 0

    def __call__(self, step: int) -> Tensor | None:
        """The loss of a training's ``step``, a scalar; None in steps without the reward, and where no face is found.

        It depends on the seed, the step and the weights alone, so that a resumed training is the same.
        """
        settings = self._training.settings
        if step < BEGIN * settings.steps or step % EVERY:
            return None
        rng = np.random.default_rng((settings.seed, step, _SEED))
        prompts = [self._prompts[number] for number in rng.integers(0, len(self._prompts), settings.batch)]
        judged = int(rng.integers(round(_LATE * self._steps), self._steps))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        pixels = self._predicted(prompts, judged, generator)
        cosines = self._cosines(pixels)
        self._drawn += len(pixels)
        self._faceless += len(pixels) - (0 if cosines is None else len(cosines))
        return None if cosines is None else -cosines.clamp(max=self._references.cap).sum() / len(pixels)

    @property
    def remark(self) -> str:
        """A sentence on the pictures in which no face was found, which were not learned from; "" without any."""
        if not self._faceless:
            return ""
        found = f"The reward found no face in {self._faceless} of {self._drawn} drawn pictures"
        return f"{found} and learned nothing from them."

    def _predicted(self, prompts: Sequence[str], judged: int, generator: torch.Generator) -> Tensor:
        """The pictures [n, 3, h, w] in -1..1 that the step number ``judged`` predicts, with its gradient alone."""
        checkpoint, size = self._training.checkpoint, self._training.settings.size
        unet, vae = checkpoint.unet, checkpoint.vae
        predict = self._guided(prompts)
        shape = (len(prompts), unet.config.in_channels, size // 8, size // 8)
        sample = torch.randn(shape, generator=generator).to(unet.device)
        with torch.no_grad():
            for timestep in self._schedule.timesteps[:judged]:
                sample = self._schedule.step(predict(sample, timestep), timestep, sample).prev_sample
        timestep = self._schedule.timesteps[judged]
        kept = float(self._schedule.alphas_cumprod[timestep])
        latents = (sample - (1 - kept) ** 0.5 * predict(sample, timestep)) / kept**0.5
        decoded: Tensor = vae.decode(latents.to(vae.dtype) / vae.config.scaling_factor).sample.float()
        return decoded.clamp(-1, 1)

    def _guided(self, prompts: Sequence[str]) -> Callable[[Tensor, Tensor], Tensor]:
        """The noise that the U-Net predicts with guidance, of a sample [n, 4, h, w] at a timestep."""
        training = self._training
        unet = training.checkpoint.unet
        words = [guidance(training.checkpoint, prompt, "", 1.0) for prompt in prompts]
        rows = [one.negative for one in words] + [one.positive for one in words]
        embeds = torch.cat([row.embeds for row in rows]).to(unet.dtype)
        pooled = [row.pooled for row in rows if row.pooled is not None]
        size = training.settings.size
        extra = {"added_cond_kwargs": size_conditions(torch.cat(pooled), size)} if pooled else {}

        def predict(sample: Tensor, timestep: Tensor) -> Tensor:
            both = torch.cat([sample, sample]).to(unet.dtype)
            with training.autocast():
                noise = unet(both, timestep, encoder_hidden_states=embeds, **extra).sample.float()
            without, given = noise.chunk(2)
            guided: Tensor = without + _CFG * (given - without)
            return guided

        return predict

    def _cosines(self, pictures: Tensor) -> Tensor | None:
        """The cosine of each face that is found to the person's mean; None where no picture has one."""
        crops = []
        for picture in pictures:
            seen = ((picture.detach() + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
            found = self._find(seen)
            if found is not None:
                crops.append(aligned_head(picture, *found))
        if not crops:
            return None
        embeddings = F.normalize(self._network(torch.stack(crops).to(self._network.pos_embed.device))[1], dim=1)
        return embeddings @ self._references.mean


def face_reward(training: LoraTrainer, request: PersonRequest, photos: Sequence[Path]) -> FaceReward:
    """The reward of a training by the request's face encoder.

    Raises HostError, which says how to get it, without an encoder, and PhotoError when no photo shows a face.
    """
    if request.encoder is None:
        raise HostError(f"A reward needs the face encoder. {how_to_get('transface')}")
    network = TransFace.from_file(request.encoder)
    return FaceReward(training, network, references_of(network, _aligned(photos)), find_head, request.call)


def aligned_head(picture: Tensor, landmarks: Points, head: Mask) -> Tensor:
    """The head on black [3, 112, 112] that ``align`` makes of a picture [3, h, w] in -1..1, with its gradient.

    Raises PhotoError where the landmarks coincide.
    """
    # black is 0 for the padding beyond the picture, so the values are moved there and back
    shown = (picture + 1).masked_fill(torch.from_numpy(~head).to(picture.device), 0.0)[None]
    warp = similarity_transform(landmarks, ARCFACE_POINTS)
    shrink = int(0.5 / np.hypot(warp[0, 0], warp[1, 0]))
    if shrink > 1:  # as align averages what is over twice as large
        shown = F.avg_pool2d(shown, shrink)
        landmarks = ((landmarks + 0.5) / shrink - 0.5).astype(np.float32)
        warp = similarity_transform(landmarks, ARCFACE_POINTS)
    height, width = shown.shape[-2:]
    inverse = np.linalg.inv(np.vstack([warp, (0, 0, 1)]))
    # from -1..1 of the crop to its pixels, to the picture's pixels, to -1..1 of the picture; centres at half integers
    half = ARCFACE_SIZE / 2
    pixels = np.array([(half, 0, half - 0.5), (0, half, half - 0.5), (0, 0, 1)])
    share = np.array([(2 / width, 0, 1 / width - 1), (0, 2 / height, 1 / height - 1), (0, 0, 1)])
    theta = torch.from_numpy((share @ inverse @ pixels)[:2]).to(picture)[None]
    grid = F.affine_grid(theta, [1, 3, ARCFACE_SIZE, ARCFACE_SIZE], align_corners=False)
    return F.grid_sample(shown, grid, align_corners=False)[0] - 1


def find_head(pixels: Pixels) -> tuple[Points, Mask] | None:
    """Landmarks and head of the largest face by this machine's detector and masker."""
    found = faces.detector().detect(pixels)
    if not found:
        return None
    face = max(found, key=lambda one: float((one.box[2] - one.box[0]) * (one.box[3] - one.box[1])))
    return face.landmarks, faces.head_masker().mask(pixels, face).head


def _aligned(photos: Sequence[Path]) -> list[Pixels]:
    """The aligned heads of those photos that show a face."""
    found = []
    for file in photos:
        pixels = faces.read_picture(file).pixels
        face = find_head(pixels)
        if face is not None:
            found.append(faces.align(pixels, face[0], mask=face[1]))
    return found
