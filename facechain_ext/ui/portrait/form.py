"""The Portrait page's settings in one table, from which components, defaults, presets and infotext are derived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import InputError
from facechain_ext.methods.fact.files import AUTOMATIC
from facechain_ext.recipes.arguments import PREFIX, argument
from facechain_ext.recipes.job import Hires, Lora
from facechain_ext.recipes.style import STRENGTH, Settings
from facechain_ext.text_values import read_float, read_integer, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

FormValues = Mapping[str, Any]
"""Values of the form by setting: each is of the type of its ``Field.default``."""
Form = dict[str, Any]
"""The same, to be changed."""
NO_STYLE = ""
"""The style key that means no style: the prompt alone."""
STYLE_LORA = "the style's own"
"""The LoRA choice that means the LoRA of the chosen style."""
NO_LORA = "none"
SUBJECT = "portrait of a person"
"""The default subject prompt, for a person of unknown age and gender."""
MAX_TEXT_LENGTH = 4000
"""Characters that a text field may hold."""


@dataclass(frozen=True)
class Field:
    """One setting: a number from ``low`` to ``high`` in steps of ``step``, one of fixed ``choices``, a text or a flag.

    ``infotext`` is its infotext label, None where the host writes the value under a label of its own.
    """

    name: str
    label: str
    infotext: str | None
    default: Any
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    choices: tuple[str, ...] = ()
    help: str = ""

    def accepts(self, value: object) -> bool:
        """Whether a value has this setting's type and is within its range."""
        if isinstance(self.default, bool):
            return isinstance(value, bool)
        if isinstance(self.default, str):
            return (
                isinstance(value, str) and len(value) <= MAX_TEXT_LENGTH and (not self.choices or value in self.choices)
            )
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return False
        is_integer = isinstance(value, int) or not isinstance(self.default, int)
        return is_integer and self.low <= value <= self.high

    def parse(self, text: str) -> Any:
        """The value of an infotext's text; raises ValueError for one that this setting does not accept."""
        value: Any = text
        try:
            if isinstance(self.default, bool):
                value = {"True": True, "False": False}.get(text)
            elif isinstance(self.default, int):
                value = read_integer(text)
            elif isinstance(self.default, float):
                value = read_float(text)
        except ValueError:
            value = None
        if not self.accepts(value):
            raise ValueError(f"{self.label} cannot be {shorten(text)}")
        return value


_STRENGTH, _WINDOW, _HIRES = argument("strength"), argument("window"), argument("hires")
_BOX, _PEOPLE = argument("box"), argument("people")
_SEEDS = 2**32 - 1

FIELDS: tuple[Field, ...] = (
    Field("style", "Style", f"{PREFIX} style", NO_STYLE),
    Field("subject", "Words for the person", f"{PREFIX} words", SUBJECT, help="Change or empty them as you like."),
    Field("suits", "The person is", f"{PREFIX} person", "anyone", choices=("anyone", "woman", "man", "child")),
    Field("prompt", "Prompt", f"{PREFIX} prompt", "", help="Added to the words of the style."),
    Field("negative", "Negative prompt", f"{PREFIX} negative prompt", ""),
    Field("strength", _STRENGTH.label, None, STRENGTH, 0, 2, 0.05, help=_STRENGTH.help),
    Field(
        "window_start", f"{_WINDOW.label} start", None, 0.0, 0, 1, 0.05,
        help="Where among the sampling steps the face begins to act; 0 is the first.",
    ),
    Field(
        "window_end", f"{_WINDOW.label} end", None, 1.0, 0, 1, 0.05,
        help="Where it stops acting; 1 is the last step.",
    ),
    Field("others", _PEOPLE.label, _PEOPLE.infotext, "", help=_PEOPLE.help),
    Field("box", _BOX.label, _BOX.infotext, "", help=_BOX.help),
    Field(
        "alone", "Paint each alone", f"{PREFIX} alone", 0.0, 0, 1, 0.05,
        help="With more people: 0 puts all into one generation. Above, everybody is painted with this denoising "
        "strength into a picture without them, so that nobody changes anybody else; 0.75 is a start.",
    ),
    Field("adapter", "Adapter", None, AUTOMATIC, help="The network that puts the face in; auto takes what fits."),
    Field("lora", "LoRA", f"{PREFIX} LoRA", STYLE_LORA),
    Field("lora_weight", "LoRA weight", f"{PREFIX} LoRA weight", 0.25, -2, 2, 0.05),
    Field("pose", "Follow the skeleton", f"{PREFIX} pose", default=True),
    Field("pose_face", "Of the face too", f"{PREFIX} pose face", default=False),
    Field(
        "pose_ready", "It is a skeleton already", f"{PREFIX} pose ready", default=False,
        help="The picture is used as it is.",
    ),
    Field("pose_weight", "Pose weight", f"{PREFIX} pose weight", 1.0, 0, 2, 0.05),
    Field("pose_start", "Pose start", f"{PREFIX} pose start", 0.0, 0, 1, 0.05),
    Field("pose_end", "Pose end", f"{PREFIX} pose end", 1.0, 0, 1, 0.05),
    Field("depth", "Follow the depth", f"{PREFIX} depth", default=False),
    Field("depth_weight", "Depth weight", f"{PREFIX} depth weight", 0.5, 0, 2, 0.05),
    Field("sampler", "Sampler", None, "DPM++ 2M Karras"),
    Field("steps", "Steps", None, 25, 1, 150, 1),
    Field("cfg", "CFG scale", None, 7.0, 1, 30, 0.5),
    Field("width", "Width", None, 512, 64, 2048, 8),
    Field("height", "Height", None, 512, 64, 2048, 8),
    Field("seed", "Seed", None, -1, -1, _SEEDS, 1, help="-1 draws one."),
    Field("hires", "Hires fix", None, default=False),
    Field("hires_scale", "Upscale by", None, 2.0, 1, 4, 0.05),
    Field("hires_denoise", "Denoising strength", None, 0.5, 0.05, 1, 0.05),
    Field("hires_steps", "Hires steps", None, 0, 0, 150, 1, help="0: as the first."),
    Field("hires_upscaler", "Upscaler", None, "Latent"),
    Field("hires_face", _HIRES.label, None, default=True),
    Field("count", "Pictures", f"{PREFIX} pictures", 4, 1, 32, 1),
    Field("keep", "Keep the best", f"{PREFIX} keep", 0, 0, 32, 1, help="The most like stay; 0 keeps all."),
    Field("fuse", "Fuse the face of the photo", f"{PREFIX} fusion", default=False),
    Field("retouch", "Retouch skin", f"{PREFIX} retouch", default=False),
)  # fmt: skip
NAMES = tuple(field.name for field in FIELDS)
DEFAULTS: Form = {field.name: field.default for field in FIELDS}
BY_NAME = {field.name: field for field in FIELDS}


def form_from_values(values: Sequence[object]) -> Form:
    """The components' values, in the table's order, by setting name; None becomes the default.

    Raises InputError that names a setting outside its range.
    """
    named = dict(zip(NAMES, values, strict=True))
    return {name: _component_value(BY_NAME[name], value) for name, value in named.items()}


def validated_form(content: object) -> Form:
    """The settings of a preset file, completed by the defaults.

    Raises InputError that names an unknown setting or a value that does not fit.
    """
    if not isinstance(content, dict):
        raise InputError("These are no settings of the FaceChain page.")
    for name, value in content.items():
        if name not in BY_NAME:
            raise InputError(f"There is no setting called {shorten(name)} here; it may be of a newer version.")
        if not BY_NAME[name].accepts(value):
            raise InputError(f"{BY_NAME[name].label} cannot be {shorten(value)}.")
    return DEFAULTS | content


def settings_from_form(form: FormValues, seed: int) -> Settings:
    """The recipe's settings; raises InputError for a window that ends before it starts."""
    window = (form["window_start"], form["window_end"])
    if window[0] > window[1]:
        raise InputError(f"The window starts at {window[0]:g} and ends at {window[1]:g}; let it end after its start.")
    hires = Hires(form["hires_scale"], form["hires_denoise"], form["hires_steps"], form["hires_upscaler"])
    has_own_lora = form["lora"] not in (STYLE_LORA, NO_LORA)
    return Settings(
        strength=form["strength"],
        window=window,
        adapter=None if form["adapter"] == AUTOMATIC else form["adapter"],
        lora=Lora(form["lora"], form["lora_weight"]) if has_own_lora else None,
        lora_weight=0.0 if form["lora"] == NO_LORA else form["lora_weight"],
        count=form["count"],
        keep=kept_count(form),
        seed=seed,
        steps=form["steps"],
        sampler=form["sampler"],
        cfg=form["cfg"],
        width=form["width"] // 8 * 8,
        height=form["height"] // 8 * 8,
        hires=hires if form["hires"] else None,
    )


def kept_count(form: FormValues) -> int:
    """How many of the generated pictures are kept."""
    return min(int(form["keep"]) or int(form["count"]), int(form["count"]))


def _component_value(field: Field, value: Any) -> Any:
    """A component's value in the type of the field; raises InputError when it does not fit."""
    if value is None:
        return field.default
    if isinstance(field.default, int) and isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(field.default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not field.accepts(value):
        limits = (
            f" Set it to {field.low:g} to {field.high:g}."
            if field.high
            else f" Use up to {MAX_TEXT_LENGTH} characters."
        )
        raise InputError(f"{field.label} cannot be {shorten(value)}.{limits}")
    return value
