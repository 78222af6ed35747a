"""A scene in words, which the host draws as a template, and the table of its settings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import InputError
from facechain_ext.methods.setting import Setting, find_setting, read_infotext_values
from facechain_ext.recipes.portrait_settings import PREFIX, check_ranges, portrait_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from facechain_ext.recipes.job import Job
    from facechain_ext.recipes.readiness import DrawingDefaults
    from facechain_ext.recipes.template.settings import Settings

_CFG = portrait_setting("cfg").slider
_SIZE = (624, 832)
"""Width and height of EasyPhoto's pictures from words, for SD1.5."""

SCENE_SETTINGS: tuple[Setting, ...] = (
    Setting("width", "Scene width", f"{PREFIX} scene width", 0, "0: what suits the checkpoint.", 0, 2048, 8),
    Setting("height", "Scene height", f"{PREFIX} scene height", 0, "0: what suits the checkpoint.", 0, 2048, 8),
    Setting("cfg", "Scene CFG scale", f"{PREFIX} scene CFG scale", 7.0, "Of the scene alone.", *_CFG),
    Setting("lora_weight", "Scene LoRA weight", f"{PREFIX} scene LoRA weight", 0.8, "", -2, 2, 0.05),
    Setting("pose_weight", "Scene pose weight", f"{PREFIX} scene pose weight", 0.5, "Of openpose.", 0, 2, 0.05),
    Setting(
        "tries", "Scene tries", f"{PREFIX} scene tries", 4,
        "So many seeds are drawn at most until a picture shows faces enough.", 1, 16, 1,
    ),
)  # fmt: skip
"""Weights of LoRA and pose are EasyPhoto's for pictures from words; CFG is Stable Diffusion's usual one."""


def scene_setting(name: str) -> Setting:
    """The row called ``name``."""
    return find_setting(SCENE_SETTINGS, name)


_DEFAULT = {row.name: row.default for row in SCENE_SETTINGS}
WORDS_LABEL, NEGATIVE_LABEL, LORA_LABEL, SEED_LABEL, POSE_LABEL = (
    f"{PREFIX} scene{end}" for end in ("", " negative", " LoRA", " seed", " pose")
)
"""Infotext labels of what is no row of the table; that of the pose says only that there was one."""


@dataclass(frozen=True)
class Scene:
    """What a template shows, in words.

    ``lora`` is a file, or the name that the host knows it by, "" for none. ``pose`` is a picture whose openpose
    skeleton is followed, by hosts with a ControlNet for it. ``width`` and ``height`` 0 take what suits the checkpoint,
    else they are multiples of 8 from 64. Steps, sampler and seed are those of the template's settings; ``tries`` seeds
    are drawn at most.
    """

    words: str
    negative_prompt: str = "worst quality, low quality, text, watermark"
    lora: Path | str = ""
    pose: Image.Image | None = field(default=None, compare=False, repr=False)
    width: int = _DEFAULT["width"]
    height: int = _DEFAULT["height"]
    cfg: float = _DEFAULT["cfg"]
    lora_weight: float = _DEFAULT["lora_weight"]
    pose_weight: float = _DEFAULT["pose_weight"]
    tries: int = _DEFAULT["tries"]

    def suited_to(self, defaults: DrawingDefaults) -> Scene:
        """The same with the size that suits a checkpoint where none is given."""
        usual = defaults.width <= min(_SIZE) and not defaults.words
        width, height = _SIZE if usual else (defaults.width, defaults.height)
        return replace(self, width=self.width or width, height=self.height or height)

    def job(self, settings: Settings, seed: int) -> Job:
        """The job that draws it, with nobody in it."""
        from facechain_ext.recipes.job import Control, Job, Lora

        return Job(
            self.words,
            self.negative_prompt,
            seed=seed,
            steps=settings.steps,
            sampler=settings.sampler,
            cfg=self.cfg,
            width=self.width,
            height=self.height,
            loras=(Lora(self.lora, self.lora_weight),) if self.lora else (),
            controls=() if self.pose is None else (Control("openpose", self.pose, self.pose_weight),),
        )

    def infotext(self, seed: int) -> dict[str, str | int | float | bool]:
        """Label -> value of what it takes to draw it again; ``seed`` is that of the picture that was taken."""
        pairs: dict[str, str | int | float | bool] = {WORDS_LABEL: self.words, SEED_LABEL: seed}
        pairs |= {NEGATIVE_LABEL: self.negative_prompt} if self.negative_prompt != Scene.negative_prompt else {}
        unused = set() if self.lora else {"lora_weight"}
        unused |= set() if self.pose is not None else {"pose_weight"}
        if self.lora:
            pairs[LORA_LABEL] = self.lora.stem if isinstance(self.lora, Path) else self.lora
        if self.pose is not None:
            pairs[POSE_LABEL] = True
        for row in SCENE_SETTINGS:
            if row.name not in unused:
                pairs[row.infotext or row.name] = getattr(self, row.name)
        return pairs


def check_scene(scene: Scene) -> None:
    """Raise InputError that names the first thing that cannot be used: no words, or a number out of range."""
    if not scene.words.strip():
        raise InputError("FaceChain: say with words what the scene shows.")
    check_ranges(SCENE_SETTINGS, scene)
    for name in ("width", "height"):
        side = getattr(scene, name)
        if side and (side % 8 or side < 64):
            raise InputError(f"FaceChain: the scene's {name} is {side}; set it to a multiple of 8 from 64, or 0.")


def parse_scene(values: Mapping[str, str]) -> tuple[Scene | None, list[str]]:
    """The scene of an infotext's values, without a pose; None where there is none. Sentences name what is not read."""
    if WORDS_LABEL not in values:
        return None, []
    found: dict[str, Any] = {"words": values[WORDS_LABEL], "lora": values.get(LORA_LABEL, "")}
    found |= {"negative_prompt": values[NEGATIVE_LABEL]} if NEGATIVE_LABEL in values else {}
    notes = ["The scene followed a picture of a pose; give it again."] if POSE_LABEL in values else []
    read, refused = read_infotext_values(SCENE_SETTINGS, values)
    notes += [f"{label} cannot be used; the default is set." for label in refused]
    return Scene(**found, **read), notes
