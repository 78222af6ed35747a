"""The How column: style, prompts, strength, LoRA, pose, sampling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import gradio as gr
from PIL import Image

from facechain_ext.errors import FaceChainError
from facechain_ext.identity.library import CardLibrary
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.recipes.framing import FULL_BODY, FULL_BODY_TAG, framing_settings
from facechain_ext.ui.boxes import BoxFields, boxes_html
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates
from facechain_ext.ui.gradio_versions import image_input, results_gallery
from facechain_ext.ui.html import note_html
from facechain_ext.ui.portrait import styles_panel
from facechain_ext.ui.portrait.components import GenerationColumn, build_component
from facechain_ext.ui.portrait.form import BY_NAME, DEFAULTS, NO_LORA, STYLE_LORA
from facechain_ext.ui.portrait.person_request import PhotoPreview  # noqa: TC001 - gradio reads the annotations
from facechain_ext.ui.portrait.styles import EVERY

if TYPE_CHECKING:
    from facechain_ext.ui.host import HostCapabilities, PageHost
    from facechain_ext.ui.portrait.components import PersonColumn
    from facechain_ext.ui.portrait.styles_panel import OwnStylesSection, StylesSection

_POSE_SWITCHES = ("pose", "pose_face", "pose_ready", "depth")


class AddComponents(Protocol):
    """Builds the components of settings where the layout stands, and adds them to the form."""

    def __call__(self, *names: str, choices: list[str] | None = None, **options: object) -> None:
        """Build the components of the settings ``names``; ``choices`` and ``options`` as in ``build_component``."""
        ...


def build(
    host: PageHost, capabilities: HostCapabilities, person: PersonColumn
) -> tuple[GenerationColumn, StylesSection, OwnStylesSection]:
    """Build the column; styles are wired later, once the form is complete."""
    form: dict[str, Component] = {}

    def add(*names: str, choices: list[str] | None = None, **options: object) -> None:
        for name in names:
            form[name] = build_component(name, choices, **options)

    gr.HTML("<h3>How</h3>")
    style_parts = styles_panel.build()
    form["style"] = style_parts.key
    add("prompt", lines=2)
    add("negative", lines=1)
    add("subject", lines=1)
    with gr.Row():
        guess_button = gr.Button("Guess from the photo", size="sm", elem_id="facechain_guess", min_width=120)
        clear_button = gr.Button("No words", size="sm", elem_id="facechain_no_words", min_width=80)
    add("suits")
    add("framing")
    add("strength")
    add("lora", choices=[STYLE_LORA, NO_LORA, *capabilities.loras], min_width=120)
    add("lora_weight")
    boxes = _build_people_section(add)
    pose = _build_pose_section(host, capabilities, form)
    _build_more_section(capabilities, add)
    own_styles = styles_panel.build_own()
    start = {name: DEFAULTS[name] for name in styles_panel.SUGGESTED}
    column = GenerationColumn(form, pose, gr.State(start), boxes)

    def on_guess(previews: list[PhotoPreview], number: float) -> Updates:
        from facechain_ext.ui.portrait.person import guess_subject

        usable = [one for one in previews or [] if one.usable]
        if not usable:
            return [
                gr.update(),
                gr.update(),
                note_html("Add a photo first; what is said of the person is guessed from it."),
            ]
        try:
            words, suits = guess_subject(usable[0].path, int(number or 0) or None)
        except FaceChainError as error:
            return [gr.update(), gr.update(), note_html(str(error))]
        return [words, suits, ""]

    guess_outputs = [form["subject"], form["suits"], person.notes]
    person.card.change(people_boxes_html, [], [boxes], **HIDDEN_PROGRESS)  # a card that is saved is chosen at once
    guess_button.click(on_guess, [person.previews, person.face], guess_outputs, show_progress="minimal")
    clear_button.click(lambda: "", [], [form["subject"]], **HIDDEN_PROGRESS)
    return column, style_parts, own_styles


def wire_framing(generation: GenerationColumn, tag: Component, host: PageHost, capabilities: HostCapabilities) -> None:
    """Set what belongs to a framing when it is chosen by hand; a full body shows the styles that dress all of one."""
    names = tuple(framing_settings(FULL_BODY, capabilities.defaults))

    def on_framing(framing: str, shown: str) -> Updates:
        values = framing_settings(framing, host.capabilities().defaults)
        wanted = FULL_BODY_TAG if framing == FULL_BODY else EVERY if shown == FULL_BODY_TAG else shown
        return [*(values[name] for name in names), wanted]

    outputs = [*(generation.form[name] for name in names), tag]
    generation.form["framing"].input(on_framing, [generation.form["framing"], tag], outputs, **HIDDEN_PROGRESS)


def people_boxes_html() -> str:
    """The canvas for boxes of several people, with the current cards."""
    ids = (f"facechain_{name}" for name in ("others", "box", "width", "height"))
    return boxes_html(BoxFields(*ids), CardLibrary().names())


def _build_people_section(add: AddComponents) -> Component:
    """Build the section of other people and their boxes; returns the canvas."""
    with gr.Accordion("Several people", open=False, elem_id="facechain_several_panel"):
        frame: Component = gr.HTML(people_boxes_html(), elem_id="facechain_boxes")
        add("others", lines=3, placeholder="Anna: 0.5, 0, 1, 1")
        add("box", lines=1, placeholder="0, 0, 0.5, 1")
        add("alone")
    return frame


def _build_pose_section(host: PageHost, capabilities: HostCapabilities, form: dict[str, Component]) -> Component:
    """Build the pose section, with the reasons why a kind of ControlNet is unavailable; returns the picture input."""
    reasons = {kind: capabilities.unavailable_reason(kind) for kind in ("openpose", "depth")}
    usable = not all(reasons.values())
    with gr.Accordion("Pose", open=False, elem_id="facechain_pose_panel"):
        reasons_shown = [
            f"{word}: {reasons[kind]}" for kind, word in (("openpose", "Pose"), ("depth", "Depth")) if reasons[kind]
        ]
        gr.HTML(note_html(*reasons_shown), elem_id="facechain_pose_reason", visible=bool(reasons_shown))
        pose: Component = image_input(
            label="Pose picture", elem_id="facechain_pose_picture", interactive=usable, height=220
        )
        with gr.Row():
            for name in _POSE_SWITCHES:
                form[name] = build_component(name, min_width=100)
        with gr.Row():
            for name in ("pose_weight", "depth_weight"):
                form[name] = build_component(name, min_width=120)
        with gr.Row():
            for name in ("pose_start", "pose_end"):
                form[name] = build_component(name, min_width=120)
        show_button = gr.Button("Show what it follows", elem_id="facechain_pose_show", interactive=usable)
        problem = gr.HTML("", elem_id="facechain_pose_problem")
        followed = results_gallery(
            label="What is followed", columns=2, height=220, visible=False, elem_id="facechain_pose_seen"
        )

    def on_show(picture: object, *values: object) -> Updates:
        from facechain_ext.ui.portrait.result import wanted_controls

        if not isinstance(picture, Image.Image):
            return [note_html("Add a pose picture first."), gr.update()]
        form = {**DEFAULTS, **dict(zip(_POSE_SWITCHES, values, strict=True))}
        try:
            maps = [(host.control_map(unit), unit.kind) for unit in wanted_controls(form, picture)]
        except FaceChainError as error:
            return [note_html(str(error)), gr.update(value=[], visible=False)]
        return ["", gr.update(value=maps, visible=bool(maps))]

    pose_switches = [form[name] for name in _POSE_SWITCHES]
    show_button.click(on_show, [pose, *pose_switches], [problem, followed])
    return pose


def _build_more_section(capabilities: HostCapabilities, add: AddComponents) -> None:
    """Build the section of rarely changed settings: adapter and window, sampling, size, hires fix."""
    with gr.Accordion("More", open=False, elem_id="facechain_more"):
        add("adapter", choices=list(capabilities.adapters) or [DEFAULTS["adapter"]])
        add("face_preset", choices=list(BY_NAME["face_preset"].choices))
        with gr.Row():
            add("window_start", "window_end", min_width=120)
        add("strength_curve", placeholder="0:0, 0.2:1, 1:0.5")
        add("sampler", choices=list(capabilities.samplers) or [DEFAULTS["sampler"]])
        with gr.Row():
            add("steps", "cfg", min_width=120)
        with gr.Row():
            add("width", "height", min_width=120)
        add("seed")
        with gr.Row():
            add("hires", "hires_face", min_width=120)
        with gr.Row():
            add("hires_scale", "hires_denoise", min_width=120)
        with gr.Row():
            add("hires_steps", min_width=120)
            add("hires_upscaler", choices=list(capabilities.upscalers) or [DEFAULTS["hires_upscaler"]], min_width=120)
        with gr.Row():
            add("enlarge", min_width=120)
            add("enlarge_by", choices=[AUTOMATIC, *capabilities.enlargers], min_width=120)
