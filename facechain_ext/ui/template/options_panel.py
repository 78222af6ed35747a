"""The options of template portraits, and the section for several people in turn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.lazy_names import late_module
from facechain_ext.methods.registry import method_names
from facechain_ext.recipes.template.settings import QUALITY_NAMES, Settings, template_setting
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates
from facechain_ext.ui.html import note_html
from facechain_ext.ui.setting_slider import setting_slider
from facechain_ext.ui.template import enlarge_fields, studio_fields
from facechain_ext.ui.template.choices import KEEP, MAX_FACES, PIXELATE, face_choices
from facechain_ext.ui.template.face_list import read_choices
from facechain_ext.ui.template.sources_panel import photos_by_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facechain_ext.recipes.template import Scene
    from facechain_ext.ui.host import HostCapabilities, PageHost
    from facechain_ext.ui.template import jobs
    from facechain_ext.ui.template.jobs import TemplateRequest
    from facechain_ext.ui.template.restore import RestoredTemplate
else:
    jobs = late_module("facechain_ext.ui.template.jobs")

NO_RESTORER = "none"
OPTIONS = 22
"""Number of the options: the components that ``build_options`` returns, and those of ``enlarge_fields``."""
STEPS_OPTION = 4
"""Position of the sampling steps among them."""
_QUALITY_HELP = (
    "instant: the face of the photo is laid over the template's face; it takes a second and needs no checkpoint.",
    "standard: every face is painted anew by your checkpoint with the person's features, in one pass a face.",
    "faithful: three passes a face as published, steered by openpose and canny where ControlNet has them.",
    "studio: two diffusions of face and seams with the colours matched in between; the slowest.",
)


def build_batch_section() -> Updates:
    """The choices that replace one face of every template in turn, and that face's number."""
    with gr.Accordion("Every template with several people in turn", open=False, elem_id="facechain_template_batch"):
        return [
            gr.Dropdown(
                person_choices(face_choices([])), value=[], multiselect=True, label="People in turn",
                info="Each gets a picture of every template; a contact sheet shows them all.",
                elem_id="facechain_template_turn",
            ),
            gr.Slider(0, MAX_FACES, 0, step=1, label="Face for them", info="0 takes the largest.",
                      elem_id="facechain_template_turn_face"),
        ]  # fmt: skip


def person_choices(choices: list[str]) -> list[str]:
    """The choices that are people."""
    return [settings for settings in choices if settings not in (KEEP, PIXELATE)]


def guest_choices(host: PageHost, guests: list[object] | None) -> list[str]:
    """The people to choose from: the uploaded photos and the cards; nobody where a photo cannot be taken.

    What is wrong with the photo is said when something is made of it.
    """
    try:
        return person_choices(face_choices(list(photos_by_name(host, guests))))
    except FaceChainError:
        return []


def person_choices_update(choices: list[str]) -> object:
    """An update of the choices of people in turn."""
    return gr.update(choices=person_choices(choices))


def _slider(name: str, *, info: bool = False) -> Component:
    return setting_slider(template_setting(name), f"facechain_template_{name}", info=info)


def _switch(name: str) -> gr.Checkbox:
    """The checkbox of a row of the table of settings."""
    row = template_setting(name)
    return gr.Checkbox(value=row.default, label=row.label, info=row.help, elem_id=f"facechain_template_{name}")


def _method() -> gr.Dropdown:
    """The choice of how people are painted."""
    row = template_setting("method")
    return gr.Dropdown(
        method_names(), value=row.default, label=row.label, info=row.help, elem_id="facechain_template_method"
    )


def build_options(host: PageHost, capabilities: HostCapabilities) -> Updates:
    """The option components, in the order in which ``requests_from_values`` reads their values."""
    quality = gr.Radio(
        list(QUALITY_NAMES), value=QUALITY_NAMES[0], label="Quality", elem_id="facechain_template_quality"
    )
    choices = gr.HTML(note_html(*_QUALITY_HELP), elem_id="facechain_template_quality_help")

    def on_quality(chosen: str) -> str:
        return note_html(*_QUALITY_HELP, *jobs.unavailable_controls(host.capabilities(), chosen))

    quality.change(on_quality, [quality], [choices], **HIDDEN_PROGRESS)
    column, studio = studio_fields.build(capabilities)
    quality.change(lambda chosen: gr.update(visible=chosen == "studio"), [quality], [column], **HIDDEN_PROGRESS)
    with gr.Accordion("More", open=False, elem_id="facechain_template_more"):
        return [
            quality,
            gr.Textbox("", label="Prompt of the template", lines=2, elem_id="facechain_template_prompt"),
            _slider("denoise"),
            _slider("strength"),
            _slider("steps"),
            gr.Number(-1, precision=0, label="Template seed", elem_id="facechain_template_seed"),
            _slider("growth", info=True),
            gr.Checkbox(value=False, label="Paint the hair too", elem_id="facechain_template_hair"),
            _slider("count", info=True),
            gr.Checkbox(value=False, label="Fuse after painting", elem_id="facechain_template_fuse"),
            _method(),
            _switch("template_complexion"),
            _switch("template_expression"),
            _switch("template_gaze"),
            gr.Checkbox(value=False, label="Retouch the skin", elem_id="facechain_template_retouch"),
            gr.Dropdown([NO_RESTORER, *capabilities.restorers], value=NO_RESTORER, label="Restore faces",
                        elem_id="facechain_template_restore"),
            *studio,
        ]  # fmt: skip


def suited_steps(capabilities: HostCapabilities) -> int:
    """The sampling steps that suit the selected checkpoint."""
    return capabilities.defaults.suited_steps(template_setting("steps").default)


def option_updates(restored: RestoredTemplate) -> Updates:
    """Restored values of the options, in their order."""
    settings = restored.settings
    return [
        settings.quality, restored.prompt, settings.denoise, settings.strength, settings.steps, settings.seed,
        settings.growth, restored.hair, settings.count, settings.fuse, settings.method,
        settings.template_complexion, settings.template_expression, settings.template_gaze, restored.retouch,
        restored.restorer or NO_RESTORER,
        *studio_fields.updates(settings), settings.enlarge, settings.enlarge_by,
    ]  # fmt: skip


def requests_from_values(
    templates: Sequence[Path],
    photos: Mapping[str, Path],
    values: tuple[Any, ...],
    drawn: tuple[Scene | None, tuple[str, ...]] = (None, ()),
) -> list[TemplateRequest]:
    """One request for each template and each of the people in turn; for a scene of words with its people a single one.

    ``values`` are those of ``build_batch_section``, of the options, and the text of the list of faces.
    """
    from facechain_ext.recipes.template.from_words import NAME

    batch_choices, batch_face, *rest = values
    quality, prompt, denoise, strength, steps, seed, growth, hair, count, fuse, *rest = rest
    method, complexion, expression, gaze, retouch, restorer, *studio, enlarge, enlarge_by, choices = rest
    scene, people = drawn
    requests = [
        jobs.TemplateRequest(
            template,
            tuple(read_choices(choices)) if scene is None else people,
            photos,
            quality,
            prompt or "",
            float(denoise),
            float(strength),
            int(steps),
            int(-1 if seed is None else seed),
            growth=float(growth),
            hair=bool(hair),
            count=int(count),
            fuse=bool(fuse),
            method=method or Settings.method,
            template_complexion=bool(complexion),
            template_expression=bool(expression),
            template_gaze=bool(gaze),
            retouch=bool(retouch),
            restorer="" if restorer in (None, NO_RESTORER) else restorer,
            scene=scene,
            studio=studio_fields.read(studio),
            **enlarge_fields.read([enlarge, enlarge_by]),
        )
        for template in (templates if scene is None else [Path(NAME)])
    ]
    return (
        requests if scene is not None else jobs.requests_per_choice(requests, batch_choices or [], int(batch_face or 0))
    )
