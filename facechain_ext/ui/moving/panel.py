"""The fields of a moving portrait on the page "Picture in": what moves, the voice, the engine, and the consent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.identity.consent import MOVING_CONSENT, MOVING_NOTICE
from facechain_ext.next_steps import next_steps
from facechain_ext.recipes.clip.settings import CLIP_SETTINGS
from facechain_ext.recipes.talking.settings import TALKING_SETTINGS
from facechain_ext.ui.background_task import StopSignal, Task
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, Updates, UpdateStream
from facechain_ext.ui.gradio_versions import microphone_input, video_output
from facechain_ext.ui.html import note_html
from facechain_ext.ui.moving.request import (
    ENGINE_LABELS,
    KINDS,
    MICROPHONE,
    RECORDING,
    REPLACE,
    SPEAK,
    VOICES,
    WORDS,
    MovingRequest,
    make_video,
)
from facechain_ext.ui.setting_slider import setting_slider
from facechain_ext.ui.task_progress import run_with_progress
from facechain_ext.ui.template.options_panel import guest_choices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from facechain_ext.methods.setting import Setting
    from facechain_ext.ui.host import PageHost

_TALK = tuple(row for row in TALKING_SETTINGS if row.name != "mark")
_CLIP = tuple(row for row in CLIP_SETTINGS if row.name != "mark")
_SPEAKS = "Drop the portrait as a template, or send a result here; its largest face speaks."
_PREVIEW = (
    "The engine preview is built in: the voice moves mouth, eyelids and head on the face's mesh. It is quick and keeps "
    "the person; it is no network that has learned how people speak."
)
_CLIP_HELP = "The chosen face is followed through the clip and becomes the person's in every frame; all else stays."


@dataclass(frozen=True)
class MovingFields:
    """The fields: ``inputs`` in the order that ``read_request`` takes, what is shown of them, and the consent."""

    inputs: Updates
    group: Component
    kind: Component
    speaking: Component
    replacing: Component
    speaker: Component
    engine: Component
    person: Component
    agreed: Component
    notes: Component


def build(host: PageHost) -> MovingFields:
    """Build the fields, hidden until this action is chosen."""
    with gr.Column(visible=False, elem_id="facechain_moving") as group:
        kind = gr.Radio(list(KINDS), value=SPEAK, label="What moves", elem_id="facechain_moving_kind")
        with gr.Column(elem_id="facechain_moving_speaking") as speaking:
            notes = gr.HTML(_talk_notes(), elem_id="facechain_moving_about")
            voice, fields = _build_voice(host)
            engine = gr.Radio(_engines(host), value=ENGINE_LABELS["preview"], label="Engine",
                              elem_id="facechain_moving_engine")  # fmt: skip
            with gr.Accordion("More of the talking portrait", open=False, elem_id="facechain_moving_more"):
                talk_settings = [_component(row) for row in _TALK]
        with gr.Column(visible=False, elem_id="facechain_moving_replacing") as replacing:
            gr.HTML(note_html(_CLIP_HELP))
            clip = gr.File(label="Clip", file_types=["video"], elem_id="facechain_moving_clip",
                           elem_classes=["facechain-drop"])  # fmt: skip
            person = gr.Dropdown([], label="Who is put into the clip", elem_id="facechain_moving_person")
            clip_settings = [_component(row) for row in _CLIP]
        mark = gr.Checkbox(value=True, label="Visible mark", elem_id="facechain_moving_mark",
                           info="Draws the mark into a corner of every frame.")  # fmt: skip
        gr.HTML(note_html(*MOVING_NOTICE), elem_id="facechain_moving_notice")
        agreed = gr.Checkbox(value=False, label=MOVING_CONSENT, elem_id="facechain_moving_agreed")
        agreed.do_not_save_to_config = True  # a webui would keep a default for it, and nobody agrees by default
    inputs = [kind, *voice, engine, clip, person, mark, agreed, *talk_settings, *clip_settings]
    return MovingFields(inputs, group, kind, speaking, replacing, fields, engine, person, agreed, notes)


def build_video() -> Component:
    """The finished video, hidden until there is one."""
    return video_output(label="Video", visible=False, height=400, elem_id="facechain_moving_video")


def _build_voice(host: PageHost) -> tuple[Updates, Component]:
    """The fields of the voice in the order of ``read_request``, and the one with the speech programs."""
    origin = gr.Radio(list(VOICES), value=WORDS, label="Voice from", elem_id="facechain_moving_voice")
    with gr.Column(elem_id="facechain_moving_words_part") as spoken:
        words = gr.Textbox("", label="What it says", lines=3, elem_id="facechain_moving_words")
        with gr.Row():
            speaker = gr.Dropdown(list(host.engines().speakers), value="espeak-ng", label="Spoken by",
                                  min_width=120, elem_id="facechain_moving_speaker")  # fmt: skip
            name = gr.Textbox("", label="Name of the voice", info="Such as en-us; empty takes one for the words.",
                              max_lines=1, min_width=120, elem_id="facechain_moving_speaker_voice")  # fmt: skip
        send = gr.Checkbox(value=False, visible=False, label="Send the words to Microsoft's service",
                           info="edge-tts speaks there, not on this machine.",
                           elem_id="facechain_moving_send")  # fmt: skip
        send.do_not_save_to_config = True
    recording = gr.File(label="Recording", file_types=["audio", "video"], visible=False,
                        elem_id="facechain_moving_recording", elem_classes=["facechain-drop"])  # fmt: skip
    microphone = microphone_input(label="Microphone", visible=False, elem_id="facechain_moving_microphone")

    def on_origin(chosen: str) -> Updates:
        return [gr.update(visible=chosen == one) for one in VOICES]

    def on_speaker(chosen: str) -> object:
        return gr.update(visible=chosen == "edge-tts", value=False)

    origin.change(on_origin, [origin], [spoken, recording, microphone], **HIDDEN_PROGRESS)
    speaker.change(on_speaker, [speaker], [send], **HIDDEN_PROGRESS)
    return [origin, words, speaker, name, send, recording, microphone], speaker


def connect(
    host: PageHost, row: Component, action: str, fields: MovingFields, results: list[Component], photos: Component
) -> None:
    """Show the fields while ``row`` has this ``action``; ``results`` are the video, and what only pictures have."""

    def on_action(chosen: str, guests: list[object] | None) -> Updates:
        here = chosen == action
        if not here:
            return [gr.update(visible=False), *[gr.update()] * 4, gr.update(visible=False), *pictures(shown=True)]
        return [
            gr.update(visible=True), gr.update(choices=guest_choices(host, guests)), gr.update(choices=_engines(host)),
            gr.update(choices=list(host.engines().speakers)), _talk_notes(), gr.update(),
            *pictures(shown=False),
        ]  # fmt: skip

    def pictures(*, shown: bool) -> Updates:
        return [gr.update(visible=shown) for _ in results[1:]]

    def on_kind(kind: str) -> Updates:
        return [gr.update(visible=kind == SPEAK), gr.update(visible=kind == REPLACE)]

    outputs = [fields.group, fields.person, fields.engine, fields.speaker, fields.notes, *results]
    for changed in (row, photos):
        changed.change(on_action, [row, photos], outputs, **HIDDEN_PROGRESS)
    fields.kind.change(on_kind, [fields.kind], [fields.speaking, fields.replacing], **HIDDEN_PROGRESS)


def read_request(
    host: PageHost, pictures: Sequence[Path], photos: Mapping[str, Path], values: tuple[Any, ...]
) -> MovingRequest:
    """The request of the fields' values; raises PhotoError for a file that was not uploaded."""
    kind, origin, words, speaker, name, send, recording, microphone, engine, clip, person, mark, agreed, *rest = values
    rows, given = (_CLIP, rest[len(_TALK) :]) if kind == REPLACE else (_TALK, rest[: len(_TALK)])
    settings = {row.name: _value(row, value) for row, value in zip(rows, given, strict=True)}
    sound = {RECORDING: recording, MICROPHONE: microphone}.get(origin)
    return MovingRequest(
        kind, tuple(pictures), photos, (words or "") if origin == WORDS else "", speaker or "espeak-ng", name or "",
        bool(send), None if sound is None else host.uploaded_path(sound),
        next((key for key, label in ENGINE_LABELS.items() if label == engine), str(engine)),
        None if clip is None else host.uploaded_path(clip), person or "", {**settings, "mark": bool(mark)},
        bool(agreed),
    )  # fmt: skip


def run(host: PageHost, stop: StopSignal, request: MovingRequest) -> UpdateStream:
    """Updates of status, curve, video and consent while the video is made and once it is done."""
    task = Task(lambda report: make_video(host, request, report), stop, host.is_waiting)
    made = yield from run_with_progress(task, stop, lambda status, _: [status, *[gr.update()] * 3])
    if made is None:
        return
    from facechain_ext.ui.moving.curve import curve_html

    saved = [f"Saved as {made.file}."] if made.file else []
    curve = "" if made.curve is None else curve_html(made.curve)
    # the next video is asked for anew
    yield [note_html("Done.", *saved, *made.notes), curve, gr.update(value=str(made.shown), visible=True), False]


def _engines(host: PageHost) -> list[str]:
    return [ENGINE_LABELS[name] for name in host.engines().names]


def _talk_notes() -> str:
    return note_html(_SPEAKS, _PREVIEW, f"Programs with such networks can be used: {next_steps().set_up_engine()}.")


def _component(row: Setting) -> Component:
    component: Component
    common = {"label": row.label, "info": row.help, "elem_id": f"facechain_moving_{row.name}"}
    if row.name == "face":
        common["elem_id"] += "_clip" if row in _CLIP else "_talk"
    if isinstance(row.default, bool):
        component = gr.Checkbox(value=row.default, **common)
    elif row.name in ("seed", "face"):
        component = gr.Number(row.default, precision=0, **common)
    else:
        component = setting_slider(row, common["elem_id"])
    return component


def _value(row: Setting, value: Any) -> object:
    """A component's value in the setting's kind; gradio gives whole numbers of sliders as they come."""
    if value is None:
        return row.default
    return type(row.default)(value)
