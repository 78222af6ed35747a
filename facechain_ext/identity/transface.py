"""TransFace: the vision transformer from aligned faces to tokens and a recognition embedding."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facechain_ext.identity.projector import head_count, merge_heads, split_heads
from facechain_ext.weights import read_state_dict
from facechain_ext.weights.model_type import FACE_ENCODER
from facechain_ext.weights.state_dict_spec import SizeReader, check_state_dict, check_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.weights.state_dict_spec import Shape

IMAGE_SIZE = 112
"""Side of the aligned face in pixels (the ArcFace convention)."""
PATCH_SIZE = 9
"""Side of a patch; 112 // 9 = 12 patches a side, the last 4 pixels are outside all patches."""


@dataclass(frozen=True)
class TransFaceSizes:
    """Sizes of an encoder; the defaults are those of TransFace-S."""

    width: int = 512
    depth: int = 12
    hidden: int = 2048
    embedding: int = 512
    patch: int = PATCH_SIZE

    @property
    def tokens(self) -> int:
        """Number of patches of an aligned face."""
        side: int = IMAGE_SIZE // self.patch
        return side * side

    @staticmethod
    def of(state: Mapping[str, Tensor], *, source: str) -> TransFaceSizes:
        """Read the sizes off a state dict; raises WeightsError when a key they are read from is missing."""
        reader = SizeReader(state, FACE_ENCODER, source)
        patch = reader.tensor("patch_embed.proj.weight", 4)
        return TransFaceSizes(
            width=patch.shape[0],
            depth=reader.depth("blocks."),
            hidden=reader.tensor("blocks.0.mlp.fc1.weight", 2).shape[0],
            embedding=reader.tensor("feature.0.weight", 2).shape[0],
            patch=patch.shape[-1],
        )

    def layout(self) -> dict[str, Shape]:
        """Key -> shape of every tensor of an encoder of these sizes."""
        with torch.device("meta"):
            return {key: tuple(value.shape) for key, value in TransFace(self).state_dict().items()}


class SelfAttention(nn.Module):
    """Multi-head self-attention with one joint projection to query, key and value, without bias."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = head_count(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """[n, t, width] -> [n, t, width]."""
        q, k, v = (split_heads(part, self.heads) for part in self.qkv(x).chunk(3, dim=-1))
        out: Tensor = self.proj(merge_heads(F.scaled_dot_product_attention(q, k, v)))
        return out


class FeedForward(nn.Module):
    """Two linear layers with ReLU6 between."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """[n, t, width] -> [n, t, width]."""
        out: Tensor = self.fc2(F.relu6(self.fc1(x)))
        return out


class EncoderBlock(nn.Module):
    """A pre-LayerNorm transformer block."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = SelfAttention(width)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = FeedForward(width, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """[n, t, width] -> [n, t, width]."""
        x = x + self.attn(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class PatchEmbedding(nn.Module):
    """Non-overlapping patches, each to one token."""

    def __init__(self, patch: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, images: Tensor) -> Tensor:
        """[n, 3, 112, 112] -> [n, t, width], row by row."""
        out: Tensor = self.proj(images).flatten(2).transpose(1, 2)
        return out


class TransFace(nn.Module):
    """TransFace with its recognition head, under the key names of the published file.

    Called with RGB faces [n, 3, 112, 112] in [-1, 1], aligned to the ArcFace points, it gives the tokens of the final
    LayerNorm [n, 144, width] and the embedding [n, 512], which is not normalised. ``digest`` is a short hash of the
    file it came from, "untrained" when it came from none.
    """

    def __init__(self, sizes: TransFaceSizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes = sizes or TransFaceSizes()
        self.digest = "untrained"
        count, width, embedding = sizes.tokens, sizes.width, sizes.embedding
        self.patch_embed = PatchEmbedding(sizes.patch, width)
        self.pos_embed = nn.Parameter(torch.randn(1, count, width) * 0.02)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))  # pre-training only; the published file carries it
        self.blocks = nn.ModuleList(EncoderBlock(width, sizes.hidden) for _ in range(sizes.depth))
        self.norm = nn.LayerNorm(width)
        self.feature = nn.Sequential(
            nn.Linear(count * width, embedding, bias=False),
            nn.BatchNorm1d(embedding, eps=2e-5),
            nn.Linear(embedding, embedding, bias=False),
            nn.BatchNorm1d(embedding, eps=2e-5),
        )
        self.senet = nn.Sequential(
            nn.Linear(count * width, count, bias=False), nn.ReLU(), nn.Linear(count, count, bias=False), nn.Sigmoid()
        )

    @classmethod
    def from_file(cls, path: str | Path, *, device: str = "cpu") -> TransFace:
        """Read an encoder of any size from ``path`` (.pt, .safetensors), in evaluation mode and without gradients.

        No code in the file is run. Raises WeightsError that names the first missing, unexpected or misshaped key.
        """
        path = Path(path)
        state = read_state_dict(path)
        sizes = TransFaceSizes.of(state, source=path.name)
        # counters of BatchNorm are absent from some exports and mean nothing for inference
        counters = {key for key in sizes.layout() if key.endswith("num_batches_tracked")}
        for key in counters - state.keys():
            state[key] = torch.zeros((), dtype=torch.long)
        check_state_dict(state, sizes.layout(), what=FACE_ENCODER, source=path.name)
        check_values(state, what=FACE_ENCODER, source=path.name)
        with torch.device("meta"):
            encoder = cls(sizes)
        floats = {k: v.float() if v.is_floating_point() else v for k, v in state.items()}
        encoder.load_state_dict(floats, assign=True)
        encoder.digest = _digest(floats)
        return encoder.eval().requires_grad_(requires_grad=False).to(device)

    def tokens(self, images: Tensor) -> Tensor:
        """The tokens without the embedding: faces [n, 3, 112, 112] in [-1, 1] -> [n, 144, width]."""
        x = self.patch_embed(images) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        out: Tensor = self.norm(x)
        return out

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Faces [n, 3, 112, 112] in [-1, 1] -> (tokens [n, 144, width], embedding [n, 512])."""
        tokens = self.tokens(images)
        return tokens, self.embed(tokens)

    def embed(self, tokens: Tensor) -> Tensor:
        """The embedding [n, 512] of tokens [n, 144, width]."""
        gates = self.senet(tokens.flatten(1)).unsqueeze(-1)
        out: Tensor = self.feature((tokens * gates).flatten(1))
        return out


def _digest(state: Mapping[str, Tensor]) -> str:
    """A short hash of three tensors, which differ between trained encoders."""
    hasher = hashlib.sha256()
    for key in ("patch_embed.proj.weight", "norm.weight", "feature.2.weight"):
        hasher.update(state[key].contiguous().cpu().numpy().tobytes())
    return hasher.hexdigest()[:12]
