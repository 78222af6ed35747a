"""Stable Diffusion 1.5 checkpoints in one file: recognise, read and write them without a network."""

from __future__ import annotations

from facechain_ext.hosts.diffusers.checkpoint.loading import Checkpoint, file_digest, load_checkpoint, load_controlnet
from facechain_ext.hosts.diffusers.checkpoint.saving import single_file_weights
from facechain_ext.hosts.diffusers.checkpoint.tokenizer import clip_tokenizer

__all__ = [
    "Checkpoint",
    "clip_tokenizer",
    "file_digest",
    "load_checkpoint",
    "load_controlnet",
    "single_file_weights",
]
