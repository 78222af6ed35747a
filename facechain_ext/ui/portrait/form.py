"""The Portrait page's settings in one table, from which components, defaults, presets and infotext are derived."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import InputError
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.methods.setting import Setting
from facechain_ext.recipes.arguments import argument
from facechain_ext.recipes.portrait_settings import PREFIX, portrait_setting
from facechain_ext.text_values import format_number, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.recipes.style_settings import Settings

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


def _row(name: str, *, on_page_as: str = "", **changes: Any) -> Setting:
    """A row of the recipe's table within the page's range, with what the page has otherwise."""
    row = portrait_setting(name)
    return replace(row, name=on_page_as or name, high=row.slider[1], **changes)


_WINDOW, _BOX, _PEOPLE = portrait_setting("window"), argument("box"), argument("people")
METHOD_FIELDS = {"face_preset": "preset", "strength_curve": "strength_curve"}
"""Setting of the page -> the method's own setting that it is."""

FIELDS: tuple[Setting, ...] = (
    Setting("style", "Style", f"{PREFIX} style", NO_STYLE),
    Setting("subject", "Words for the person", f"{PREFIX} words", SUBJECT, "Change or empty them as you like."),
    Setting("suits", "The person is", f"{PREFIX} person", "anyone", choices=("anyone", "woman", "man", "child")),
    Setting("prompt", "Prompt", f"{PREFIX} prompt", "", "Added to the words of the style."),
    Setting("negative", "Negative prompt", f"{PREFIX} negative prompt", ""),
    _row("strength", infotext=None),
    Setting(
        "window_start", f"{_WINDOW.label} start", None, _WINDOW.default[0],
        "Where among the sampling steps the face begins to act; 0 is the first.", *_WINDOW.slider,
    ),
    Setting(
        "window_end", f"{_WINDOW.label} end", None, _WINDOW.default[1],
        "Where it stops acting; 1 is the last step.", *_WINDOW.slider,
    ),
    Setting("others", _PEOPLE.label, _PEOPLE.infotext, "", _PEOPLE.help),
    Setting("box", _BOX.label, _BOX.infotext, "", _BOX.help),
    Setting(
        "alone", "Paint each alone", f"{PREFIX} alone", 0.0,
        "With more people: 0 puts all into one generation. Above, everybody is painted with this denoising "
        "strength into a picture without them, so that nobody changes anybody else; 0.75 is a start.", 0, 1, 0.05,
    ),
    replace(argument("preset"), name="face_preset", label="Preset of the face"),
    argument("strength_curve"),
    Setting("adapter", "Adapter", None, AUTOMATIC, "The network that puts the face in; auto takes what fits."),
    Setting("lora", "LoRA", f"{PREFIX} LoRA", STYLE_LORA),
    _row("lora_weight"),
    Setting("pose", "Follow the skeleton", f"{PREFIX} pose", default=True),
    Setting("pose_face", "Of the face too", f"{PREFIX} pose face", default=False),
    Setting(
        "pose_ready", "It is a skeleton already", f"{PREFIX} pose ready", default=False,
        help="The picture is used as it is.",
    ),
    *(_row(name) for name in ("pose_weight", "pose_start", "pose_end")),
    Setting("depth", "Follow the depth", f"{PREFIX} depth", default=False),
    _row("depth_weight"),
    *(_row(name) for name in ("sampler", "steps", "cfg", "width", "height", "seed")),
    Setting("hires", "Hires fix", None, default=False),
    *(_row(name) for name in ("hires_scale", "hires_denoise", "hires_steps", "hires_upscaler")),
    _row("hires", on_page_as="hires_face", infotext=None, help=""),
    _row("count", default=4),
    _row("keep"),
    _row("early"),
    *(_row(name) for name in ("framing", "repair_faces", "enlarge", "enlarge_by")),
    Setting("fuse", "Fuse the face of the photo", f"{PREFIX} fusion", default=False),
    Setting("retouch", "Retouch skin", f"{PREFIX} retouch", default=False),
)  # fmt: skip
NAMES = tuple(field.name for field in FIELDS)
DEFAULTS: Form = {field.name: field.default for field in FIELDS}
BY_NAME = {field.name: field for field in FIELDS}


def form_from_values(values: Sequence[object]) -> Form:
    """The components' values, in the table's order, by setting name; None becomes the default.

    Raises InputError that names a setting outside its range.
    """
    named = dict(zip(NAMES, values, strict=True))
    return {
        name: BY_NAME[name].default if value is None else _read(BY_NAME[name], value) for name, value in named.items()
    }


def validated_form(content: object) -> Form:
    """The settings of a preset file, completed by the defaults.

    Raises InputError that names an unknown setting or a value that does not fit.
    """
    if not isinstance(content, dict):
        raise InputError("These are no settings of the FaceChain page.")
    for name in content:
        if name not in BY_NAME:
            raise InputError(f"There is no setting called {shorten(name)} here; it may be of a newer version.")
    return DEFAULTS | {name: _read(BY_NAME[name], value) for name, value in content.items()}


def value_from_text(field: Setting, text: str) -> Any:
    """The value that an infotext's text means; raises InputError for one that the setting does not take."""
    try:
        return _read(field, field.from_infotext(text))
    except ValueError as error:
        raise InputError(f"{field.label} cannot be {shorten(text)}.") from error


def settings_from_form(form: FormValues, seed: int) -> Settings:
    """The recipe's settings; raises InputError for a window that ends before it starts."""
    from facechain_ext.recipes.job import Hires, Lora
    from facechain_ext.recipes.style_settings import Settings

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
        early=form["early"],
        seed=seed,
        steps=form["steps"],
        sampler=form["sampler"],
        cfg=form["cfg"],
        width=form["width"] // 8 * 8,
        height=form["height"] // 8 * 8,
        hires=hires if form["hires"] else None,
        framing=form["framing"],
        repair_faces=form["repair_faces"],
        enlarge=form["enlarge"],
        enlarge_by=form["enlarge_by"],
    )


def method_settings_from_form(form: FormValues) -> dict[str, object]:
    """The values of the method's own settings that are not its defaults, by name."""
    return {own: form[name] for name, own in METHOD_FIELDS.items() if form[name] != BY_NAME[name].default}


def kept_count(form: FormValues) -> int:
    """How many of the generated pictures are kept."""
    return min(int(form["keep"]) or int(form["count"]), int(form["count"]))


def _read(field: Setting, value: object) -> Any:
    """A value in the setting's own kind; raises InputError, with the setting's label, when it does not fit."""
    hint = ""
    if field.is_number:
        hint = f" Set it to {format_number(field.low)} to {format_number(field.high)}."
    if isinstance(value, str) and len(value) > MAX_TEXT_LENGTH:
        hint = f" Use up to {MAX_TEXT_LENGTH} characters."
    else:
        with suppress(InputError):
            return field.read(value)
    raise InputError(f"{field.label} cannot be {shorten(value)}.{hint}")
