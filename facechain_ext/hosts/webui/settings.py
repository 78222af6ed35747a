"""The section "FaceChain" of the host's settings page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.identity.likeness_scale import JUDGES
from facechain_ext.labels.settings import CORNERS, LabelSettings
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.recipes.arguments import IDENTITY_LABEL
from facechain_ext.recipes.infotext import SPEEDUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.methods.setting import InfotextValue
    from facechain_ext.recipes.job import ControlKind
    from facechain_ext.recipes.talking.engine_settings import EngineSettings

SECTION = ("facechain", "FaceChain")
AUTOMATIC_REGION = "facechain_automatic_region"
EVERY_SECOND = "facechain_every_second_step"
CONDITIONAL_ONLY = "facechain_conditional_only"
LABELS, PRODUCER = "facechain_labels", "facechain_label_producer"
MAX_JOBS, KEEP_HOURS, PHOTOS = "facechain_jobs_max", "facechain_jobs_hours", "facechain_jobs_photos"
REQUEST_MB = "facechain_request_mb"
_ENGINES = {
    "sadtalker": ("facechain_sadtalker", "Folder of SadTalker, for talking portraits"),
    "sadtalker_python": ("facechain_sadtalker_python", "Python of SadTalker"),
    "command": ("facechain_talking_command", "Command line of another engine for talking portraits"),
    "command_folder": ("facechain_talking_folder", "Folder of that engine"),
    "piper_voice": ("facechain_piper_voice", "Voice of piper (.onnx)"),
}
"""Field of EngineSettings -> key and label of its option."""
_ENGINE_HINTS = {
    "sadtalker": "its repository with its weights; runs in a process and an environment of its own",
    "sadtalker_python": "empty takes that of venv in its folder",
    "command": "with {picture} or {video}, {sound}, and {folder} or {result} in it",
}
JUDGE = "facechain_judge"
CORNER, CORNER_TEXT = "facechain_label_corner", "facechain_label_text"
_MODELS: dict[ControlKind, str] = {
    "openpose": "facechain_controlnet_openpose",
    "openpose_face": "facechain_controlnet_openpose",
    "canny": "facechain_controlnet_canny",
    "depth": "facechain_controlnet_depth",
    "color": "facechain_controlnet_color",
    "tile": "facechain_controlnet_tile",
    "ip_adapter": "facechain_controlnet_ip_adapter",
}
_LABELS = {
    "facechain_controlnet_openpose": "ControlNet model for poses",
    "facechain_controlnet_canny": "ControlNet model for edges",
    "facechain_controlnet_depth": "ControlNet model for depth",
    "facechain_controlnet_color": "ControlNet model for colours",
    "facechain_controlnet_tile": "ControlNet model for detail (tile)",
    "facechain_controlnet_ip_adapter": "IP-Adapter model for garments",
}
_SPEEDUPS = {
    "automatic_region": (AUTOMATIC_REGION, "faster; the picture differs a little from the exact one"),
    "every_second_step": (EVERY_SECOND, "faster; the step between adds what the last one did"),
    "conditional_only": (
        CONDITIONAL_ONLY,
        "faster; the face counts for more, as a higher CFG scale would make it",
    ),
}
"""Name of a speedup -> key of its option, and the option's hint."""


_NUMBERS = (
    (MAX_JOBS, "Jobs of the API that may wait", 100, 1, 10000),
    (KEEP_HOURS, "Hours for which results of jobs are kept", 24, 1, 720),
    (PHOTOS, "Photos that a client of the API may send in a minute", 120, 1, 10000),
    (REQUEST_MB, "Largest request with photos, MB", 64, 1, 1024),
)
"""Key, label, default, and range of the options of jobs."""


def automatic_region() -> bool:
    """Whether the face is computed only inside its region."""
    return bool(_value(AUTOMATIC_REGION, default=False))


def every_second_step() -> bool:
    """Whether every second step adds the increments of the step before it."""
    return bool(_value(EVERY_SECOND, default=False))


def frame_mixing_speedups() -> list[tuple[str, bool]]:
    """Name of each speedup that would mix the frames of a clip, and whether it is on."""
    return [("automatic region", automatic_region()), ("every second step", every_second_step())]


def conditional_only() -> bool:
    """Whether the unconditional rows are computed without the face."""
    return bool(_value(CONDITIONAL_ONLY, default=False))


def speedups() -> dict[str, bool]:
    """Infotext label -> whether that speedup is on."""
    return {one.infotext: bool(_value(_SPEEDUPS[one.name][0], default=False)) for one in SPEEDUPS}


def speedups_infotext() -> dict[str, InfotextValue]:
    """The infotext of the speedups: those that are on."""
    return {label: True for label, on in speedups().items() if on}


def on_infotext_pasted(_text: str, params: dict[str, object]) -> None:
    """Add the speedups that were off to a pasted picture with a face, as its infotext names only those that were on."""
    if IDENTITY_LABEL in params:
        for one in SPEEDUPS:
            params.setdefault(one.infotext, "False")


def controlnet_model(kind: ControlKind) -> str:
    """The ControlNet model that the user has chosen for a kind; "auto" for one chosen by its name."""
    return str(_value(_MODELS[kind], default=AUTOMATIC))


def label_settings() -> LabelSettings:
    """The labels of pictures with a person, as the user has set them; an unknown corner counts as none."""
    standard, corner = LabelSettings(), _value(CORNER, default="off")
    return LabelSettings(
        enabled=bool(_value(LABELS, default=True)),
        producer=str(_value(PRODUCER, default="") or ""),
        corner=next((one for one in CORNERS if one == corner), standard.corner),
        text=str(_value(CORNER_TEXT, default="") or standard.text),
    )


def judge() -> str:
    """Who scores likeness: a name, "auto" for the best that is here; an unknown one is named beside the pictures."""
    return str(_value(JUDGE, default=AUTOMATIC) or AUTOMATIC)


def engines() -> EngineSettings:
    """The foreign engines that the user has set up here; no request names a path."""
    from facechain_ext.recipes.talking.engine_settings import EngineSettings

    return EngineSettings(**{
        name: str(_value(key, default="") or "").strip() for name, (key, _) in _ENGINES.items()
    })  # fmt: skip


def max_jobs() -> int:
    """How many jobs may wait."""
    return int(_number(MAX_JOBS))


def keep_hours() -> float:
    """For how long the results of jobs are kept."""
    return _number(KEEP_HOURS)


def photos_per_minute() -> int:
    """How many photos a client may send in a minute."""
    return int(_number(PHOTOS))


def max_request_bytes() -> int:
    """The size of a request with photos."""
    return int(_number(REQUEST_MB)) << 20


def network_notice() -> str:
    """What a user should know where others on the network reach the page or the API without a login; else "".

    The flags are those of AUTOMATIC1111 and its relatives.
    """
    from modules import shared

    flags = shared.cmd_opts
    if not any(getattr(flags, name, None) for name in ("listen", "share", "server_name", "ngrok")):
        return ""
    if not any(getattr(flags, name, None) for name in ("gradio_auth", "gradio_auth_path")):
        return (
            "Others on the network can open this page, and it has no logins: they see and use all cards, photos and "
            "pictures here. Start the webui with --gradio-auth (and --api-auth), or without --listen and --share."
        )
    if getattr(flags, "api", None) and not getattr(flags, "api_auth", None):
        return (
            "Others on the network can use the webui's API, which has no logins: they see shared cards, and all that "
            "the webui itself tells there. Start the webui with --api-auth too, or without --api."
        )
    return ""


def _number(key: str) -> float:
    """The number of an option; its default where somebody has written something else into the file of settings."""
    _, _, default, low, high = next(row for row in _NUMBERS if row[0] == key)
    value = _value(key, default=default)
    return value if isinstance(value, (int, float)) and low <= value <= high else default


def add_options(control_models: Callable[[], Sequence[str]]) -> None:
    """Add the options; ``control_models`` returns the names of the host's ControlNet models."""
    import gradio as gr
    from modules import shared
    from modules.options import OptionInfo

    def choices() -> dict[str, list[str]]:
        return {"choices": [AUTOMATIC, *control_models()]}

    for one in SPEEDUPS:
        key, hint = _SPEEDUPS[one.name]
        # by this infotext label the host restores an option from a pasted picture, for that one generation
        option = OptionInfo(default=False, label=one.label, section=SECTION, infotext=one.infotext)
        shared.opts.add_option(key, option.info(hint))
    for key, label in _LABELS.items():
        option = OptionInfo(AUTOMATIC, label, gr.Dropdown, choices, section=SECTION)
        shared.opts.add_option(key, option.info("auto takes the first one for SD1.5 whose name says so"))
    labels = OptionInfo(default=True, label="Label pictures of people as made by AI", section=SECTION)
    shared.opts.add_option(LABELS, labels.info("in the file's metadata: IPTC source type, program, date, unique id"))
    producer = OptionInfo("", "Producer named in China's AIGC label", section=SECTION)
    shared.opts.add_option(PRODUCER, producer.info("name or code of the provider; empty leaves that label out"))
    corner = OptionInfo(
        "off", "Visible label in a corner of the picture", gr.Radio, {"choices": CORNERS}, section=SECTION
    )
    shared.opts.add_option(CORNER, corner.info("drawn into the picture; off leaves every pixel as it is"))
    text = OptionInfo("AI", "Text of the visible label", section=SECTION)
    shared.opts.add_option(CORNER_TEXT, text)
    scorer = OptionInfo(
        AUTOMATIC, "Who scores likeness", gr.Dropdown, lambda: {"choices": list(JUDGES)}, section=SECTION
    )
    shared.opts.add_option(JUDGE, scorer.info("auto takes the best that is here, as does one that is not here"))
    for name, (key, label) in _ENGINES.items():
        # a program that runs: a request that sets options, or overrides them for one picture, must not name it
        option = OptionInfo("", label, section=SECTION, restrict_api=True)
        shared.opts.add_option(key, option.info(_ENGINE_HINTS[name]) if name in _ENGINE_HINTS else option)
    for key, label, default, low, high in _NUMBERS:
        # a slider would cost the webui's page a dozen elements more for each
        limits = {"minimum": low, "maximum": high, "precision": 0}
        shared.opts.add_option(key, OptionInfo(default, label, gr.Number, limits, section=SECTION))


def _value(key: str, *, default: object) -> object:
    from modules import shared

    value: object = getattr(shared.opts, key, default)
    return value
