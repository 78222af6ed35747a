"""Prompts to embeddings, sampler names to schedulers, and the denoising loop."""

from __future__ import annotations
