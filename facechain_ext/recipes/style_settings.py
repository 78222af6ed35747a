"""The settings of style portraits, and the orders of words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.recipes.portrait_settings import PORTRAIT_DEFAULTS, changed_remarks, check_ranges, portrait_setting

if TYPE_CHECKING:
    from facechain_ext.recipes.job import Hires, Lora

TEMPLATE = "{subject}, {style}, upper body, detailed face, looking at the viewer"
"""Our default order of words; leaves painting and photograph to the style."""
GROUP_TEMPLATE = "{subject}, {style}, detailed faces, looking at the viewer"
"""The same for several people, who do not fit into the upper body of one."""
FULL_BODY_WORDS = "full body, standing, from head to shoes, detailed face"
FULL_BODY_TEMPLATE = f"{{subject}}, {{style}}, {FULL_BODY_WORDS}"
"""The same for a person of whom all is seen."""
PUBLISHED_TEMPLATE = (
    "{subject}, {style}, upper_body, raw photo, masterpiece, solo, medium shot, high detail face, photorealistic, "
    "best quality"
)
"""The order of words of the published program for styles with a LoRA."""


@dataclass(frozen=True)
class Settings:
    """How to make style portraits; None means what the style suggests.

    Ranges are those of ``PORTRAIT_SETTINGS``. ``window`` are the fractions of the steps in which the face acts,
    ``lora`` takes the place of the style's. ``count`` pictures are made and the ``keep`` most like are returned (None:
    all); ``early`` gives others up before they are finished. ``template`` puts {subject} and {style} in order,
    ``framing`` says which order is the usual one. ``enlarge`` is the longest side in pixels that a finished picture
    gets, 0 for none, ``enlarge_by`` the host's upscaler, "auto" for the best it has; ``repair_faces`` then paints the
    people's faces anew, each at a resolution of its own.
    """

    strength: float | None = None
    window: tuple[float, float] = PORTRAIT_DEFAULTS["window"]
    adapter: str | None = None
    lora: Lora | None = None
    lora_weight: float | None = None
    count: int = PORTRAIT_DEFAULTS["count"]
    keep: int | None = None
    early: bool = PORTRAIT_DEFAULTS["early"]
    seed: int = 0
    steps: int = PORTRAIT_DEFAULTS["steps"]
    sampler: str = PORTRAIT_DEFAULTS["sampler"]
    cfg: float = PORTRAIT_DEFAULTS["cfg"]
    width: int = PORTRAIT_DEFAULTS["width"]
    height: int = PORTRAIT_DEFAULTS["height"]
    hires: Hires | None = None
    pose_weight: float = PORTRAIT_DEFAULTS["pose_weight"]
    pose_window: tuple[float, float] = (PORTRAIT_DEFAULTS["pose_start"], PORTRAIT_DEFAULTS["pose_end"])
    template: str = TEMPLATE
    framing: str = PORTRAIT_DEFAULTS["framing"]
    repair_faces: bool = PORTRAIT_DEFAULTS["repair_faces"]
    enlarge: int = PORTRAIT_DEFAULTS["enlarge"]
    enlarge_by: str = PORTRAIT_DEFAULTS["enlarge_by"]

    @property
    def finishes(self) -> bool:
        """Whether anything is done with each finished picture that is kept."""
        return self.repair_faces or self.enlarge > 0


FAITHFUL = Settings(strength=PORTRAIT_DEFAULTS["strength"], steps=50, sampler="PLMS", template=PUBLISHED_TEMPLATE)
"""The published settings: strength 0.5, CFG 7, 512x512, 50 PNDM steps (PLMS in the webui), pose at 1.0."""


_RANGES = tuple(
    portrait_setting(name)
    for name in ("strength", "count", "steps", "cfg", "width", "height", "pose_weight", "enlarge")
)


def finishing_remarks(settings: Settings) -> dict[str, str | float]:
    """Infotext label -> value of framing and finishing, where they differ from the default."""
    rows = [portrait_setting(name) for name in ("framing", "repair_faces", "enlarge", "enlarge_by")]
    return changed_remarks(rows, settings)


def check_settings(settings: Settings) -> None:
    """Raise InputError that names the first setting that cannot be used."""
    portrait_setting("window").read(settings.window)
    check_ranges(_RANGES, settings)
    step = int(portrait_setting("width").step)
    demands = [
        ("keep", settings.keep is None or 1 <= settings.keep <= settings.count, "1 to the number of pictures"),
        ("width", settings.width % step == 0, f"a multiple of {step}"),
        ("height", settings.height % step == 0, f"a multiple of {step}"),
        ("template", "{style}" in settings.template, "text with {style} in it"),
    ]
    for name, met, accepted in demands:
        if not met:
            raise InputError(f"FaceChain: {name} is {getattr(settings, name)!r}; set it to {accepted}.")
