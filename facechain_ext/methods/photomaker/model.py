"""PhotoMaker's encoder as a module, and its file."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.methods.photomaker.clip_vision import ClipVision, VisionSizes
from facechain_ext.methods.photomaker.fuse import FuseModule, QFormer
from facechain_ext.weights import read_state_dict
from facechain_ext.weights.model_type import PHOTOMAKER
from facechain_ext.weights.state_dict_spec import SizeReader, check_state_dict

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

_ENCODER, _LORA = "id_encoder.", "lora_weights."
_VISION = "vision_model."
_QFORMER = "qformer_perceiver."
_PROJECTIONS = ("visual_projection.weight", "visual_projection_2.weight")
_BUFFER = "vision_model.embeddings.position_ids"
"""Present in files that some releases of transformers saved; it only counts up."""


@dataclass(frozen=True)
class QFormerSizes:
    """Sizes of the second version's Q-former; the defaults are the published ones."""

    face: int = 512
    token_hidden: int = 2048
    tokens: int = 2
    depth: int = 4
    hidden: int = 8192


@dataclass(frozen=True)
class PhotoMakerSizes:
    """Sizes of an encoder: CLIP's, the widths of SDXL's two text encoders, and the Q-former's in version 2."""

    vision: VisionSizes = field(default_factory=VisionSizes)
    text: tuple[int, int] = (768, 1280)
    qformer: QFormerSizes | None = None


class PhotoMaker(nn.Module):
    """The ID encoder of PhotoMaker, version 1 or 2.

    ``lora`` are the tensors of its LoRA under their published names, empty when the file has none; ``digest`` is a
    short hash of the weights.
    """

    def __init__(self, sizes: PhotoMakerSizes, lora: Mapping[str, Tensor] | None = None) -> None:
        super().__init__()
        self.sizes = sizes
        self.lora = dict(lora or {})
        self.name = "untrained"
        self.digest = "untrained"
        width, first, second = sizes.vision.width, *sizes.text
        self.vision_model = ClipVision(sizes.vision)
        self.visual_projection = nn.Linear(width, first, bias=False)
        self.visual_projection_2 = nn.Linear(width, second, bias=False)
        self.fuse_module = FuseModule(first + second)
        self.qformer_perceiver: QFormer | None = None
        if sizes.qformer is not None:
            q = sizes.qformer
            self.qformer_perceiver = QFormer(
                *(q.face, first + second, q.tokens),
                token_hidden=q.token_hidden, image_width=width, depth=q.depth, hidden=q.hidden,
            )  # fmt: skip

    @property
    def version(self) -> int:
        """1, or 2 with a Q-former."""
        return 1 if self.qformer_perceiver is None else 2

    @property
    def tokens_per_photo(self) -> int:
        """How many ID embeddings come from one photo: 1 in version 1, 2 in version 2."""
        return 1 if self.sizes.qformer is None else self.sizes.qformer.tokens

    def id_embeds(self, pixels: Tensor, faces: Tensor | None = None) -> Tensor:
        """The stacked ID embedding of n photos, [n * tokens_per_photo, width of both text encoders].

        ``pixels`` [n, 3, 224, 224] come from ``clip_pixels``; version 2 also needs ``faces`` [n, 512], the recognition
        embeddings of the same photos as buffalo_l gives them, not normalised. Raises InputError without them, and when
        their number is another.
        """
        hidden, pooled = self.vision_model(pixels)
        if self.qformer_perceiver is None:
            return torch.cat([self.visual_projection(pooled), self.visual_projection_2(pooled)], dim=-1)
        if faces is None or len(faces) != len(pixels):
            there = "none" if faces is None else str(len(faces))
            raise InputError(
                f"PhotoMaker v2 needs a recognition embedding for each of the {len(pixels)} photos, there are {there}: "
                "leave photos without a face out of both."
            )
        out: Tensor = self.qformer_perceiver(faces.to(hidden), hidden).flatten(0, 1)
        return out

    def project(self, photos: Tensor) -> Tensor:
        """The ID embeddings of n photos, each its own: [n, tokens_per_photo, width].

        ``photos`` are [n, 3 * 224 * 224] pixels in a row, and in version 2 the recognition embedding behind them.
        """
        side = self.sizes.vision.side
        photos = photos.to(self.visual_projection.weight)
        pixels, faces = photos[:, : 3 * side * side], photos[:, 3 * side * side :]
        embeds = self.id_embeds(pixels.view(-1, 3, side, side), faces if self.version == 2 else None)
        return embeds.view(len(photos), self.tokens_per_photo, -1)

    def fuse(self, prompt_embeds: Tensor, class_token_mask: Tensor, id_embeds: Tensor) -> Tensor:
        """A copy of ``prompt_embeds`` [1, t, width] in which the rows marked by ``class_token_mask`` [1, t] are fused.

        Row i of the marked ones is fused with ``id_embeds`` [k, width] number i; all others stay as they are, bit for
        bit. Raises InputError unless as many rows are marked as there are ID embeddings.
        """
        marked = int(class_token_mask.sum())
        if marked != len(id_embeds):
            raise InputError(
                f"The prompt has {marked} copies of the class word for {len(id_embeds)} ID embeddings; "
                "repeat it once for each."
            )
        out = prompt_embeds.clone()
        fused: Tensor = self.fuse_module(prompt_embeds[class_token_mask].to(id_embeds), id_embeds)
        out[class_token_mask] = fused.to(out)
        return out

    def embed(
        self, pixels: Tensor, prompt_embeds: Tensor, class_token_mask: Tensor, *, faces: Tensor | None = None
    ) -> Tensor:
        """SDXL's prompt embeddings with the person in them.

        ``pixels`` [n, 3, 224, 224], ``prompt_embeds`` [1, 77, 2048] of the prompt with its class word repeated
        n * tokens_per_photo times, ``class_token_mask`` bool [1, 77] true on the copies; [1, 77, 2048].
        """
        return self.fuse(prompt_embeds, class_token_mask, self.id_embeds(pixels, faces))


def new_photomaker(sizes: PhotoMakerSizes | None = None) -> PhotoMaker:
    """An untrained encoder with random weights from torch's generator."""
    return PhotoMaker(sizes or PhotoMakerSizes()).eval().requires_grad_(requires_grad=False)


def load_photomaker(
    path: str | Path, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> PhotoMaker:
    """Read ``photomaker-v1.bin``, ``photomaker-v2.bin`` or a safetensors file of their layout; no code in it is run.

    The versions are told apart by their keys. Raises WeightsError that names the first missing, unexpected or misshaped
    key, or a value that is not finite.
    """
    path = Path(path)
    state = read_state_dict(path)
    encoder = {k.removeprefix(_ENCODER): v for k, v in state.items() if k.startswith(_ENCODER) and _BUFFER not in k}
    lora = {k.removeprefix(_LORA): v for k, v in state.items() if k.startswith(_LORA)}
    strangers = {k: v for k, v in state.items() if not k.startswith((_ENCODER, _LORA))}
    if strangers or not encoder:
        check_state_dict(state, {f"{_ENCODER}{_PROJECTIONS[0]}": ()}, what=PHOTOMAKER, source=path.name)
    sizes = _sizes_of(encoder, path.name)
    with torch.device("meta"):
        model = PhotoMaker(sizes, lora)
    layout = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    check_state_dict(encoder, layout, what=PHOTOMAKER, source=path.name)
    spoiled = next((key for key, value in encoder.items() if not bool(value.isfinite().all())), None)
    if spoiled is not None:
        raise WeightsError(f"{path.name} is damaged: {spoiled} holds values that are not finite. Download it again.")
    model.load_state_dict({key: value.to(dtype) for key, value in encoder.items()}, assign=True)
    model.name, model.digest = path.stem, _digest(encoder)
    log.info("read PhotoMaker %s, version %d (%s)", path.name, model.version, model.digest)
    return model.eval().requires_grad_(requires_grad=False).to(device)


def _sizes_of(encoder: Mapping[str, Tensor], source: str) -> PhotoMakerSizes:
    vision = VisionSizes.of(encoder, prefix=_VISION, what=PHOTOMAKER, source=source)
    reader = SizeReader(encoder, PHOTOMAKER, source)
    first, second = (reader.tensor(key, 2).shape[0] for key in _PROJECTIONS)
    if not any(key.startswith(_QFORMER) for key in encoder):
        return PhotoMakerSizes(vision, (first, second))
    reader = SizeReader(encoder, PHOTOMAKER, source, _QFORMER)
    into, out = reader.tensor("token_proj.0.weight", 2), reader.tensor("token_proj.2.weight", 2)
    up = reader.tensor("perceiver_resampler.layers.0.1.1.weight", 2)
    depth = reader.depth("perceiver_resampler.layers.")
    qformer = QFormerSizes(into.shape[1], into.shape[0], out.shape[0] // (first + second), depth, up.shape[0])
    return PhotoMakerSizes(vision, (first, second), qformer)


def _digest(encoder: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for key in (*_PROJECTIONS, "fuse_module.layer_norm.weight", "fuse_module.mlp1.fc1.bias"):
        digest.update(encoder[key].half().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]
