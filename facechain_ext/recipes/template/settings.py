"""Who is put into a template, and the settings of that."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.methods.registry import read_method_name, written_method_name
from facechain_ext.methods.setting import Setting, find_setting
from facechain_ext.recipes.portrait_settings import ENLARGE_SETTINGS, PREFIX, portrait_setting
from facechain_ext.recipes.studio.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.recipes.job import ControlKind
    from facechain_ext.recipes.readiness import DrawingDefaults


@dataclass(frozen=True, eq=False)
class FaceSource:
    """A person for a template: the identity, and a photo uint8 [h, w, 3], which the instant quality needs.

    ``label`` names the person in the picture's infotext: "card NAME", "photo DIGEST", or nothing. ``notes`` say what is
    doubtful about a photo without an identity, which has notes of its own. ``strength`` is 0..2, None for that of the
    settings.
    """

    identity: Identity | None = None
    photo: Pixels | None = None
    label: str = ""
    notes: tuple[str, ...] = ()
    strength: float | None = None


FaceAction = FaceSource | Literal["keep", "pixelate"]
"""What happens to one face."""


QUALITY_NAMES = ("instant", "standard", "faithful", "studio")
"""The names of the qualities, from the fastest to the slowest; the first needs no checkpoint."""
SIDES = (512, 1024)
"""Smallest and largest side at which a crop is painted, by the resolution that the face has in the template."""
_STRENGTH, _STEPS, _CFG = (portrait_setting(name).slider for name in ("strength", "steps", "cfg"))

TEMPLATE_SETTINGS: tuple[Setting, ...] = (
    Setting("quality", "Quality", f"{PREFIX} quality", "instant", "How a person is put into a face."),
    Setting(
        "denoise", "Template denoising", "Denoising strength", 0.6, "Denoising strength of the inpaint.", 0.05, 1, 0.05,
    ),
    Setting("strength", "Template strength", f"{PREFIX} strength", 0.55, "Strength of the inpaint.", *_STRENGTH),
    Setting(
        "method", "Method in the template", f"{PREFIX} method", AUTOMATIC,
        "How the person is painted: by FACT, by the LoRA on the card, or by both.", optional=True,
        reader=read_method_name, writer=written_method_name,
    ),
    Setting("steps", "Template steps", "Steps", 30, "Sampling steps.", *_STEPS),
    Setting("cfg", "CFG scale", "CFG scale", 5.0, "Classifier-free guidance.", *_CFG, on_page=False),
    Setting("seed", "Template seed", "Seed", 0, "Seed of the first face.", 0, 2**32 - 1, 1),
    Setting("growth", "Mask growth", f"{PREFIX} mask growth", 0.04, "In sides of the face.", 0, 0.3, 0.01),
    Setting(
        "count", "Tries for each face", f"{PREFIX} tries", 1, "The most like is taken.", 1, 32, 1, page_high=8,
    ),
    Setting("fuse", "Fuse after painting", f"{PREFIX} fuse", default=False, help="The photo's face over the painted."),
    Setting(
        "template_complexion", "Template's complexion", f"{PREFIX} template complexion", default=False,
        help="The skin's colour of the template, not of the person.",
    ),
    Setting(
        "template_expression", "Template's expression", f"{PREFIX} template expression", default=False,
        help="Mouth and eyelids of the template, not of the photo.",
    ),
    Setting(
        "template_gaze", "Template's gaze", f"{PREFIX} template gaze", default=False,
        help="The eyes look where the template's look, not where the photo's do.",
    ),
    Setting(
        "studio_preset", "Studio numbers", f"{PREFIX} studio preset", "published", "EasyPhoto's, ours, or for LCM.",
        choices=tuple(PRESETS),
    ),
    Setting(
        "studio_stages", "Studio stages", f"{PREFIX} studio stages", "",
        "Those that run, divided by commas; empty: the numbers' own.",
    ),
    Setting(
        "studio_makeup", "Makeup ratio", f"{PREFIX} studio makeup", 0.5,
        "How much of the template's colours lids and lips get in the stage makeup.", 0, 1, 0.05,
    ),
    Setting(
        "studio_upscale", "Super-resolution ratio", f"{PREFIX} studio upscale", 0.5,
        "How much of the enlarged picture is blended in by the stage upscale.", 0, 1, 0.05,
    ),
    Setting("match", "Match the light", f"{PREFIX} match light", default=True, help="To the template.", on_page=False),
    *ENLARGE_SETTINGS,
)  # fmt: skip
"""The table of a template portrait's settings; defaults of numbers are the published ones, but for 30 steps of 50."""


DRAWING_METHOD = Setting(
    "method", "Method of the drawing", f"{PREFIX} method", AUTOMATIC,
    "How people are kept: what fits the checkpoint, or FACT, PhotoMaker, the LoRA on the card.", optional=True,
    reader=read_method_name, writer=written_method_name,
)  # fmt: skip
"""The same choice for drawings; here, as a page that is built needs the row and not the looks."""


def template_setting(name: str) -> Setting:
    """The row called ``name``."""
    return find_setting(TEMPLATE_SETTINGS, name)


_DEFAULT = {row.name: row.default for row in TEMPLATE_SETTINGS}


@dataclass(frozen=True)
class Settings:
    """How people are put in.

    ``quality`` is a name in ``qualities.QUALITIES``. ``denoise``, ``strength``, ``cfg``, ``steps`` and the prompt are
    those of the inpaint (published: 0.6, 0.55, 5, 50); ``growth`` is what the mask is dilated beyond the face, in sides
    of the face (published: 0.04); ``fuse`` blends the photo's face over the painted one, which the faithful quality
    always does where there is a photo. ``count`` tries are painted for each face, and the most like is used. ``match``
    gives what the standard quality paints the template's light and cast. ``template_complexion``,
    ``template_expression`` and ``template_gaze`` say what the instant quality takes from the template besides pose and
    light.
    ``studio_preset``, ``studio_stages`` and the two ratios are those of the quality studio, ``upscaler`` the host's for
    its stage of that kind ("": the best it has). ``method`` is how people are painted. ``controls`` are the kinds of
    ControlNet that the host has; a quality uses those it knows. ``sides`` are the smallest and largest side of what is
    painted, in pixels. ``enlarge`` is the longest side in pixels that the finished picture gets, 0 for the template's
    own, ``enlarge_by`` the host's upscaler, "auto" for the best it has. ``method_settings`` are further settings of the
    method, by name.
    """

    quality: str = _DEFAULT["quality"]
    prompt: str = "raw photo, high detail face, photorealistic, best quality"
    negative_prompt: str = "worst quality, low quality, monochrome, text, watermark"
    denoise: float = _DEFAULT["denoise"]
    strength: float = _DEFAULT["strength"]
    method: str = _DEFAULT["method"]
    growth: float = _DEFAULT["growth"]
    steps: int = _DEFAULT["steps"]
    cfg: float = _DEFAULT["cfg"]
    seed: int = _DEFAULT["seed"]
    sampler: str = portrait_setting("sampler").default
    fuse: bool = _DEFAULT["fuse"]
    count: int = _DEFAULT["count"]
    match: bool = _DEFAULT["match"]
    studio_preset: str = _DEFAULT["studio_preset"]
    studio_stages: str = _DEFAULT["studio_stages"]
    studio_makeup: float = _DEFAULT["studio_makeup"]
    studio_upscale: float = _DEFAULT["studio_upscale"]
    upscaler: str = ""
    template_complexion: bool = _DEFAULT["template_complexion"]
    template_expression: bool = _DEFAULT["template_expression"]
    template_gaze: bool = _DEFAULT["template_gaze"]
    controls: frozenset[ControlKind] = frozenset()
    sides: tuple[int, int] = SIDES
    enlarge: int = _DEFAULT["enlarge"]
    enlarge_by: str = _DEFAULT["enlarge_by"]
    method_settings: Mapping[str, object] = field(default_factory=dict)

    def suited_to(self, defaults: DrawingDefaults, controls: frozenset[ControlKind], *, steps_given: bool) -> Settings:
        """The same for a checkpoint and its ControlNets; steps that somebody has chosen stay."""
        steps = self.steps if steps_given else defaults.suited_steps(self.steps)
        return replace(self, steps=steps, controls=controls, sides=defaults.painted)
