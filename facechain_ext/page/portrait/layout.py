"""The Portrait page's components, left to right: who, how, result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.identity.library import CardLibrary
from facechain_ext.page import presets
from facechain_ext.page.form import FIELDS, Field
from facechain_ext.page.portrait import actions, stylegallery
from facechain_ext.page.portrait.parts import Parts
from facechain_ext.page.portrait.who import CONSENT, MOST_PHOTOS, note

if TYPE_CHECKING:
    from facechain_ext.page.host import PageHost

_HOW = ("subject", "suits", "prompt", "negative", "strength", "window_start", "window_end", "adapter")
_LORA = ("lora", "lora_weight")
_POSE = ("pose_weight", "pose_start", "pose_end", "pose_face", "depth")
_MORE = ("sampler", "steps", "cfg", "width", "height", "seed", "hires", "hires_scale", "hires_denoise")
_RESULT = ("count", "keep", "fuse", "retouch")


def build(host: PageHost) -> None:
    """Build the page inside the Blocks that is open; reads names of files, loads no model."""
    offers = host.offers()
    choices = {
        "adapter": list(offers.adapters) or ["auto"],
        "lora": ["", *offers.loras],
        "sampler": list(offers.samplers),
    }
    fields = {field.name: field for field in FIELDS}
    made: dict[str, Any] = {}

    def add(*names: str) -> None:
        for name in names:
            made[name] = _component(fields[name], choices.get(name))

    with gr.Row(elem_id="facechain_portrait", elem_classes=["facechain-columns"]):
        with gr.Column(scale=1, min_width=280):
            gr.HTML("<h3>Who</h3>")
            who = _who()
        with gr.Column(scale=1, min_width=280):
            gr.HTML("<h3>How</h3>")
            styles = stylegallery.choices()
            made["style"] = gr.Dropdown(styles, value="", label=fields["style"].label, elem_id="facechain_style")
            gallery = stylegallery.build()
            add(*_HOW)
            with gr.Accordion("LoRA", open=False):
                add(*_LORA)
            with gr.Accordion("Pose", open=False, elem_id="facechain_pose_panel"):
                reason = offers.why_not("openpose")
                gr.HTML(note(reason) if reason else "", visible=bool(reason))
                pose = gr.Image(type="pil", label="Pose picture", elem_id="facechain_pose", interactive=not reason)
                add(*_POSE)
            with gr.Accordion("More", open=False, elem_id="facechain_more"):
                add(*_MORE)
        with gr.Column(scale=1, min_width=280):
            gr.HTML("<h3>Result</h3>")
            add(*_RESULT)
            right = _right(host)
    form = [made[field.name] for field in FIELDS]
    filled = ("status", "preview", "results", "before", "infotext")
    parts = Parts(
        host=host, who=who, form=form, pose=pose, shown=gr.State(None), **{name: right[name] for name in filled}
    )
    stylegallery.wire(gallery, host, made, right["status"])
    actions.wire_who(parts)
    buttons = ("generate", "interrupt", "grid", "grid_styles", "restore")
    actions.wire_result(parts, *(right[name] for name in buttons))
    actions.wire_presets(parts, *(right[name] for name in ("preset", "save", "load", "delete")))


def _right(host: PageHost) -> dict[str, Any]:
    """Generate, what came out, and what can be done with it."""
    parts: dict[str, Any] = {}
    with gr.Row():
        parts["generate"] = gr.Button("Generate", variant="primary", elem_id="facechain_generate")
        parts["interrupt"] = gr.Button("Interrupt", elem_id="facechain_interrupt")
    parts["status"] = gr.HTML("", elem_id="facechain_status")
    parts["preview"] = gr.Image(label="Preview", visible=False, interactive=False, elem_id="facechain_preview")
    parts["results"] = gr.Gallery(label="Result", columns=2, height=480, elem_id="facechain_gallery")
    parts["before"] = gr.Checkbox(value=False, label="Show before fusion and retouching", elem_id="facechain_before")
    parts["infotext"] = gr.Textbox(
        "", label="Settings of the picture", lines=4, elem_id="facechain_infotext", show_copy_button=True
    )
    with gr.Row():
        for target in host.send_targets():
            gr.Button(f"Send to {target}", elem_id=f"facechain_send_{target}")
    with gr.Row():
        parts["restore"] = gr.Button("Restore settings from the text", elem_id="facechain_restore")
        parts["grid"] = gr.Button("Grid of strength and style", elem_id="facechain_grid")
    parts["grid_styles"] = gr.Dropdown(
        stylegallery.choices(), value=[], multiselect=True, label="Styles of the grid", elem_id="facechain_grid_styles"
    )
    with gr.Row():
        parts["preset"] = gr.Dropdown(
            presets.names(), label="Preset", allow_custom_value=True, elem_id="facechain_preset"
        )
        parts["save"] = gr.Button("Save preset", elem_id="facechain_preset_save")
        parts["load"] = gr.Button("Load preset", elem_id="facechain_preset_load")
        parts["delete"] = gr.Button("Delete preset", elem_id="facechain_preset_delete")
    return parts


def _who() -> dict[str, Any]:
    """Photos, their weights, cards."""
    parts: dict[str, Any] = {
        "photos": gr.File(
            label="Photos of one person", file_count="multiple", file_types=["image"], elem_id="facechain_photos"
        ),
        "seen": gr.Gallery(label="What the encoder sees", columns=3, height=160, elem_id="facechain_seen"),
        "notes": gr.HTML("", elem_id="facechain_notes"),
    }
    parts["weights"] = [
        gr.Slider(0, 1, 1, step=0.05, label=f"Weight of photo {n}", visible=False, elem_id=f"facechain_weight_{n}")
        for n in range(1, MOST_PHOTOS + 1)
    ]
    parts["face"] = gr.Slider(0, 20, 0, step=1, label="Face number", elem_id="facechain_face")
    cards = ["", *CardLibrary().names()]
    with gr.Row():
        parts["card"] = gr.Dropdown(cards, value="", label="Card", elem_id="facechain_card")
        parts["refresh"] = gr.Button("Refresh", elem_id="facechain_card_refresh", min_width=80)
    with gr.Row():
        parts["second"] = gr.Dropdown(cards, value="", label="Mix with", elem_id="facechain_second")
        parts["mix"] = gr.Slider(0, 100, 0, step=1, label="Share in %", elem_id="facechain_mix")
    with gr.Row():
        parts["name"] = gr.Textbox("", label="Name of a new card", elem_id="facechain_card_name")
        parts["agreed"] = gr.Checkbox(value=False, label=CONSENT, elem_id="facechain_card_consent")
    parts["save"] = gr.Button("Save as card", elem_id="facechain_card_save")
    return parts


def _component(field: Field, choices: list[str] | None) -> Any:
    """The component of one setting."""
    common: dict[str, Any] = {"label": field.label, "elem_id": f"facechain_{field.name}"}
    if field.help:
        common["info"] = field.help
    if choices is not None:
        value = field.default if field.default in choices else (choices[0] if choices else None)
        return gr.Dropdown(choices, value=value, **common)
    if field.choices:
        return gr.Radio(list(field.choices), value=field.default, **common)
    if isinstance(field.default, bool):
        return gr.Checkbox(value=field.default, **common)
    if isinstance(field.default, str):
        return gr.Textbox(field.default, lines=2, **common)
    if field.high:
        return gr.Slider(field.low, field.high, field.default, step=field.step, **common)
    return gr.Number(field.default, precision=0, **common)
