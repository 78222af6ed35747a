"""Presets of a person's training: as EasyPhoto and FaceChain v3 publish them, and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from facechain_ext.errors import InputError

if TYPE_CHECKING:
    from facechain_ext.training_runs.settings import LoraSettings

PresetName = Literal["ours", "EasyPhoto", "FaceChain v3"]
STYLE_TRIGGER = "ownstyle"
"""The default trigger word of a style."""
PRESETS: tuple[str, ...] = get_args(PresetName)
MAX_PHOTOS = 20
"""Photos of a person that are taken; of these at most 15 are learned from."""
VALIDATE_EVERY = 100
"""Steps between two validations (EasyPhoto's default), and so what a killed training loses at most."""


def preset_settings(name: str, photos: int, *, sdxl: bool = False, size: int = 0) -> LoraSettings:
    """The settings of a preset for so many photos that are learned from; raises InputError for another name.

    ``size`` 0 is what the family learns at: 512, or 1024 for SDXL.
    """
    from facechain_ext.training_runs.settings import LoraSettings

    size = size or (1024 if sdxl else 512)
    if name == "EasyPhoto":
        # train_lora.py: constant rate, one picture a batch, gradients of four batches an update; min(200 n, 800)
        steps = 600 if sdxl else min(200 * photos, 800)
        rank, alpha = (32, 16.0) if sdxl else (128, 64.0)
        return LoraSettings(
            steps=steps, batch=4, rate=1e-4, rank=rank, alpha=alpha, text_encoder=not sdxl, size=size,
            save_every=VALIDATE_EVERY, preview_every=VALIDATE_EVERY,
        )  # fmt: skip
    if name == "FaceChain v3":
        # train_text_to_image_lora.py: 200 epochs of single pictures, half of them mirrored, seed 42, no alpha
        return LoraSettings(
            steps=200 * photos, rate=1.5e-4, rank=4, schedule="cosine", flip=True, seed=42, size=size,
            save_every=VALIDATE_EVERY, preview_every=VALIDATE_EVERY,
        )  # fmt: skip
    if name != "ours":
        raise InputError(f"There is no preset {name}; choose one of {', '.join(PRESETS)}.")
    # docs/research/person-lora.md
    return LoraSettings(
        steps=400 + 20 * min(photos, 15), batch=2, rate=2e-4, rank=16, schedule="cosine", face_weight=2.0,
        velocity=5.0, size=size, save_every=VALIDATE_EVERY, preview_every=VALIDATE_EVERY,
    )  # fmt: skip
