"""The settings of a garment's picture: the published numbers of FaceChain's virtual try-on, and of the second way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from facechain_ext.methods.setting import Setting
from facechain_ext.recipes.portrait_settings import ENLARGE_SETTINGS, PREFIX, check_ranges, portrait_setting

if TYPE_CHECKING:
    from facechain_ext.recipes.job import ControlKind
    from facechain_ext.recipes.readiness import DrawingDefaults

_STRENGTH, _STEPS, _CFG = (portrait_setting(name) for name in ("strength", "steps", "cfg"))

GARMENT_SETTINGS: tuple[Setting, ...] = (
    Setting("strength", "Garment strength", f"{PREFIX} strength", 0.5, "Strength of the person.", *_STRENGTH.slider),
    Setting("steps", "Garment steps", "Steps", 40, "Sampling steps.", *_STEPS.slider),
    Setting("cfg", "CFG scale", "CFG scale", 7.0, "Classifier-free guidance.", *_CFG.slider, on_page=False),
    Setting("seed", "Garment seed", "Seed", 0, "Seed of the picture.", 0, 2**32 - 1, 1),
    Setting("pose_weight", "Pose weight", f"{PREFIX} pose weight", 1.0, "Of openpose.", 0, 2, 0.05),
    Setting("depth_weight", "Depth weight", f"{PREFIX} depth weight", 0.2, "Of the depth map.", 0, 2, 0.05),
    Setting("edge_weight", "Edge weight", f"{PREFIX} edge weight", 0.4, "Of the garment's edges.", 0, 2, 0.05),
    Setting(
        "face_denoise", "Face denoising", f"{PREFIX} face denoising", 0.65,
        "Denoising strength with which the face is painted anew; 0 leaves it.", 0, 1, 0.05,
    ),
    Setting(
        "garment_weight", "Garment weight", f"{PREFIX} garment weight", 1.0, "Of the IP-Adapter.", 0, 2, 0.05,
    ),
    Setting(
        "wear_denoise", "Clothes denoising", f"{PREFIX} clothes denoising", 0.7,
        "Denoising strength of the clothes that are exchanged.", 0.05, 1, 0.05,
    ),
    *ENLARGE_SETTINGS,
)  # fmt: skip
"""Defaults of a kept garment are FaceChain v3's (40 steps, CFG 7, pose 1.0, depth 0.2, canny 0.4, face 0.65).

``wear_denoise`` is EasyPhoto's first denoising of a try-on; ``garment_weight`` is our own.
"""
_DEFAULT = {row.name: row.default for row in GARMENT_SETTINGS}

KEEP_SIDES = (512, 1024)
"""Shorter and longest side at which everything but the garment is painted, for SD1.5 (published: 512 or 768 wide)."""


@dataclass(frozen=True)
class GarmentSettings:
    """How a garment is kept, or put on.

    ``prompt`` says what is around the garment (kept), or what the garment is (put on). ``pose_weight``,
    ``depth_weight`` and ``edge_weight`` are 0..2, and 0 leaves a unit out. ``controls`` are the kinds of ControlNet
    that the host has, ``sides`` the shorter and the longest side that are painted. ``enlarge`` is the longest side in
    pixels that the finished picture gets, 0 for the photo's own, ``enlarge_by`` the host's upscaler.
    """

    prompt: str = "raw photo, a person in a light room, simple background, solo, high detail face, photorealistic"
    negative_prompt: str = "worst quality, low quality, monochrome, text, watermark, nude, blurry background"
    strength: float = _DEFAULT["strength"]
    steps: int = _DEFAULT["steps"]
    cfg: float = _DEFAULT["cfg"]
    seed: int = _DEFAULT["seed"]
    pose_weight: float = _DEFAULT["pose_weight"]
    depth_weight: float = _DEFAULT["depth_weight"]
    edge_weight: float = _DEFAULT["edge_weight"]
    face_denoise: float = _DEFAULT["face_denoise"]
    garment_weight: float = _DEFAULT["garment_weight"]
    wear_denoise: float = _DEFAULT["wear_denoise"]
    sampler: str = "UniPC"
    controls: frozenset[ControlKind] = frozenset()
    sides: tuple[int, int] = KEEP_SIDES
    enlarge: int = _DEFAULT["enlarge"]
    enlarge_by: str = _DEFAULT["enlarge_by"]

    def suited_to(
        self, defaults: DrawingDefaults, controls: frozenset[ControlKind], *, steps_given: bool
    ) -> GarmentSettings:
        """The same for a checkpoint and its ControlNets; steps that somebody has chosen stay."""
        steps = self.steps if steps_given else defaults.suited_steps(self.steps)
        return replace(self, steps=steps, controls=controls, sides=defaults.painted)


def check_garment_settings(settings: GarmentSettings) -> None:
    """Raise InputError that names the first number outside its range."""
    check_ranges(GARMENT_SETTINGS, settings)
