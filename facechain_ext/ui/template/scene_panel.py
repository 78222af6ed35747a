"""A template in words instead of a picture: its fields, and what of the page belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import InputError
from facechain_ext.recipes.template.scene import Scene, check_scene, scene_setting
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates
from facechain_ext.ui.gradio_versions import image_input
from facechain_ext.ui.html import note_html
from facechain_ext.ui.setting_slider import setting_slider
from facechain_ext.ui.template.choices import KEEP, face_choices
from facechain_ext.ui.template.options_panel import guest_choices, person_choices

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from facechain_ext.ui.host import HostCapabilities, PageHost
    from facechain_ext.ui.template.restore import RestoredTemplate

NO_LORA = "none"
_NUMBERS = ("lora_weight", "pose_weight", "width", "height", "tries")


@dataclass(frozen=True)
class ScenePanel:
    """``inputs`` in the order that ``read_scene`` takes; ``column`` holds them all, ``details`` all but the words."""

    column: Component
    words: Component
    details: Component
    people: Component
    inputs: list[Component]
    restored: list[Component]
    """What ``restored_updates`` sets: the words, who is in the scene, and the numbers."""


def build(capabilities: HostCapabilities) -> ScenePanel:
    """Build the fields; everything but the words is hidden until there are some."""
    reason = capabilities.unavailable_reason("openpose")
    with gr.Column(elem_id="facechain_scene") as column:
        words = gr.Textbox(
            "", label="Or write what the template shows", lines=2, elem_id="facechain_scene_words",
            placeholder="a pilot before an aeroplane, seen from the front",
        )  # fmt: skip
        with gr.Column(visible=False, elem_id="facechain_scene_details") as details:
            people = gr.Dropdown(
                [], value=[], multiselect=True, label="Who is in the scene, from the left",
                info="The checkpoint draws the scene; then its faces become these people, in the same run.",
                elem_id="facechain_scene_people",
            )  # fmt: skip
            with gr.Accordion("LoRA, pose and size of the scene", open=False, elem_id="facechain_scene_more"):
                lora = gr.Dropdown([NO_LORA, *capabilities.loras], value=NO_LORA, label="Scene LoRA",
                                   elem_id="facechain_scene_lora")  # fmt: skip
                sliders = {name: _slider(name) for name in _NUMBERS[:1]}
                gr.HTML(note_html(reason), elem_id="facechain_scene_pose_reason", visible=bool(reason))
                pose = image_input(
                    label="Scene pose", elem_id="facechain_scene_pose",
                    interactive=not reason, height=200,
                )  # fmt: skip
                sliders |= {name: _slider(name) for name in _NUMBERS[1:]}
    numbers = [sliders[name] for name in _NUMBERS]
    return ScenePanel(
        column, words, details, people, [words, people, lora, pose, *numbers], [words, people, lora, *numbers]
    )


def connect(host: PageHost, panel: ScenePanel, given: Component, photos: Component) -> None:
    """Show what belongs to words, and hide ``given``, what belongs to a picture, while there are some."""

    def on_words(words: str, guests: list[object] | None) -> Updates:
        written, choices = bool((words or "").strip()), guest_choices(host, guests)
        return [gr.update(visible=written), gr.update(visible=not written), gr.update(choices=choices)]

    outputs = [panel.details, given, panel.people]
    for changed in (panel.words, photos):
        changed.change(on_words, [panel.words, photos], outputs, **HIDDEN_PROGRESS)


def read_scene(values: Sequence[Any], paths: Sequence[Path]) -> tuple[Scene | None, tuple[str, ...]]:
    """The scene of the fields' values and who is in it; None without words.

    ``paths`` are the pictures that are chosen as templates. Raises InputError for words beside a picture, for a scene
    that cannot be drawn, and for one with nobody in it.
    """
    words, people, lora, pose, *numbers = values
    if not (words or "").strip():
        return None, ()
    if paths:
        raise InputError("There are words and a picture; a template is one of the two. Take one of them away.")
    if not people:
        raise InputError("Choose who is in the scene, from the left.")
    read = {name: scene_setting(name).read(value) for name, value in zip(_NUMBERS, numbers, strict=True)}
    scene = Scene(words.strip(), lora="" if lora in (None, NO_LORA) else lora, pose=pose, **read)
    check_scene(scene)
    return scene, tuple(people)


def restored_updates(restored: RestoredTemplate | None) -> Updates:
    """Updates of ``ScenePanel.restored``; a picture of a given template empties the words."""
    if restored is None or restored.scene is None:
        words = gr.update() if restored is None else ""
        return [words, *[gr.update()] * (2 + len(_NUMBERS))]
    scene = restored.scene
    people = [choice for choice in restored.choices if choice != KEEP]
    choices = list(dict.fromkeys([*people, *person_choices(face_choices([]))]))
    numbers = [getattr(scene, name) for name in _NUMBERS]
    return [scene.words, gr.update(choices=choices, value=people), scene.lora or NO_LORA, *numbers]


def _slider(name: str) -> Component:
    return setting_slider(scene_setting(name), f"facechain_scene_{name}")
