"""The form of a person's or a thing's training: photos and what was decided on them, settings, progress."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError, InputError, WeightsError
from facechain_ext.lazy_names import late_module
from facechain_ext.training_runs.presets import PRESETS
from facechain_ext.training_runs.status import STATUS
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Updates
from facechain_ext.ui.gradio_versions import results_gallery
from facechain_ext.ui.html import note_html
from facechain_ext.ui.train.caption_table import caption_table, captions_html, edited_captions
from facechain_ext.ui.train.describing import captioner_help, captioner_names
from facechain_ext.ui.train.environment import environment
from facechain_ext.ui.train.labels import NOBODY, PREPARATION_LABELS, resume_label
from facechain_ext.ui.train.run_status import on_stop, on_watch
from facechain_ext.weights import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.train import captions, person_photos, person_request, process
    from facechain_ext.ui.train.person_request import PersonForm
else:
    captions, person_photos, person_request, process = (
        late_module(f"facechain_ext.ui.train.{name}")
        for name in ("captions", "person_photos", "person_request", "process")
    )


_TITLE = "Decisions and captions"


def build(host: PageHost, *, person: bool) -> None:
    """Photos and decisions, settings, progress; of a ``person``, or of a thing, without what concerns faces."""
    prefix = "facechain_train_person" if person else "facechain_train_thing"
    gr.HTML(note_html(
        "A person is learned from 1 to 20 photos; the LoRA goes into the LoRA folder and onto the person's card. Other "
        "people, doubles and poor photos are left out: the table says why, and takes it back." if person else
        "An object or an outfit is learned from 1 to 20 photos; the LoRA goes into the LoRA folder."
    ))  # fmt: skip
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            name = gr.Textbox(
                "", label="Name of the person" if person else "Name of the thing", elem_id=f"{prefix}_name"
            )
            word = gr.Textbox(
                "person" if person else "", elem_id=f"{prefix}_word",
                label="What the person is, in a word" if person else "What the thing is, in a word",
            )  # fmt: skip
            files = gr.File(
                label="Photos", file_count="multiple", file_types=["image"], elem_id=f"{prefix}_files",
                elem_classes=["facechain-drop"],
            )  # fmt: skip
            background, retouch, views, drawn = (
                _of_a_person(prefix) if person else map(gr.State, ("keep", False, False, False))
            )
            describer = gr.Dropdown(
                captioner_names(host), value=NOBODY, info=captioner_help(), elem_id=f"{prefix}_describer",
                label="Who describes the person's photos" if person else "Who describes the thing's photos",
            )  # fmt: skip
            add = gr.Button("Add photos and prepare them", elem_id=f"{prefix}_add")
            gallery = results_gallery(label="Prepared photos", elem_id=f"{prefix}_gallery", columns=4)
            table, edited = caption_table(f"{prefix}_table")
        with gr.Column(scale=1, min_width=280):
            checkpoint = gr.Dropdown(
                sorted(host.checkpoint_files(), key=str.casefold), elem_id=f"{prefix}_checkpoint",
                label="Checkpoint to learn the person on" if person else "Checkpoint to learn the thing on",
            )  # fmt: skip
            preset = gr.Dropdown(
                list(PRESETS), value=PRESETS[0], elem_id=f"{prefix}_preset",
                label="Preset of the person's training" if person else "Preset of the thing's training",
            )  # fmt: skip
            steps = gr.Slider(
                0, 10000, 0, step=10, elem_id=f"{prefix}_steps",
                label="Steps for the person (0: the preset's)" if person else "Steps for the thing (0: the preset's)",
            )  # fmt: skip
            size = gr.Slider(
                0, 1024, 0, step=32, elem_id=f"{prefix}_size",
                label="Size for the person (0: what suits the checkpoint)" if person else
                "Size for the thing (0: what suits the checkpoint)",
            )  # fmt: skip
            validate = (
                gr.Checkbox(
                    value=True, label="Score pictures every 100 steps and take the best weights",
                    elem_id=f"{prefix}_validate",
                ) if person else gr.State(value=False)
            )  # fmt: skip
            more = _more(prefix, person=person)
            resume = gr.Checkbox(value=False, label=resume_label(person=person), elem_id=f"{prefix}_resume")
            with gr.Row():
                start = gr.Button("Train", variant="primary", elem_id=f"{prefix}_start")
                stop = gr.Button("Stop and save", elem_id=f"{prefix}_stop")
            status = gr.HTML("", elem_id=f"{prefix}_status")
            state = gr.HTML("", elem_id=f"{prefix}_run_status")
            shown_progress = gr.HTML("", elem_id=f"{prefix}_progress")
            preview = gr.Image(label="Preview", interactive=False, elem_id=f"{prefix}_preview")
            shown = gr.State("")
            # javascript/facechain_train.js presses it every few seconds while the page is visible
            watch = gr.Button("Watch", elem_id=f"{prefix}_watch", elem_classes=["facechain-hidden"])

    form = [name, word, preset, background, retouch, steps, size, validate, checkpoint, views, drawn, describer, *more]
    outputs = [state, shown_progress, preview, shown]
    unqueued: dict[str, object] = {**HIDDEN_PROGRESS, "queue": False}
    read = partial(_form, person=person)
    watch.click(on_watch, [shown], outputs, **unqueued)
    name.blur(
        partial(_on_name, host),
        [name],
        [table, gallery, word, preset, checkpoint, resume, steps, size, *more],
        **unqueued,
    )
    add.click(partial(_on_add, host, read), [*form, files, edited], [table, gallery, status], **HIDDEN_PROGRESS)
    start.click(partial(_on_start, host, read), [*form, resume, edited, shown], [status, *outputs], **HIDDEN_PROGRESS)
    stop.click(on_stop, [shown], [status, *outputs], **unqueued)


def _of_a_person(prefix: str) -> tuple[gr.Dropdown, gr.Checkbox, gr.Checkbox, gr.Checkbox]:
    """What is asked of a person's photos alone: the background, smoothed skin, and views of a single photo."""
    background = gr.Dropdown(
        ["keep", "white", "blur"],
        value="keep",
        label=PREPARATION_LABELS["background"],
        elem_id=f"{prefix}_background",
    )
    retouch = gr.Checkbox(value=False, label=PREPARATION_LABELS["retouch"], elem_id=f"{prefix}_retouch")
    views = gr.Checkbox(
        value=True, label=PREPARATION_LABELS["views"], elem_id=f"{prefix}_views",
        info="Mirrored, closer, tilted, in other light; each is in the table. It stays one photo.",
    )  # fmt: skip
    drawn = gr.Checkbox(
        value=False, label=PREPARATION_LABELS["drawn"], elem_id=f"{prefix}_drawn",
        info="By the loaded checkpoint; those that are not like the person are left out.",
    )  # fmt: skip
    return background, retouch, views, drawn


def _more(prefix: str, *, person: bool) -> list[Any]:
    """What is rarely changed: rank, pictures in a step, memory, and a person's reward."""
    with gr.Accordion("More", open=False, elem_id=f"{prefix}_more"):
        return [
            gr.Slider(
                0, 256, 0, step=1, elem_id=f"{prefix}_rank",
                label="Rank for the person (0: the preset's)" if person else "Rank for the thing (0: the preset's)",
            ),
            gr.Slider(
                0, 16, 0, step=1, elem_id=f"{prefix}_batch",
                label="Pictures in a step for the person (0: the preset's)" if person else
                "Pictures in a step for the thing (0: the preset's)",
            ),
            gr.Checkbox(
                value=False, elem_id=f"{prefix}_half",
                label="Learn the person in half precision (bfloat16)" if person else
                "Learn the thing in half precision (bfloat16)",
            ),
            gr.Checkbox(
                value=False, elem_id=f"{prefix}_checkpointing",
                label="Learn the person with less memory in more time (checkpointing)" if person else
                "Learn the thing with less memory in more time (checkpointing)",
            ),
            gr.Slider(
                0, 10, 0, step=0.5, elem_id=f"{prefix}_reward", label="Reward for likeness (0: none)",
                info="In the last half of the steps pictures are drawn and judged, which takes longer.",
            ) if person else gr.State(0),
        ]  # fmt: skip


def _form(values: Sequence[Any], *, person: bool) -> PersonForm:
    name, word, preset, background, retouch, steps, size, validate, checkpoint, views, drawn, describer, *more = values
    rank, batch, half, checkpointing, reward = more
    word = (word or "").strip() or ("person" if person else "")
    if not word:
        raise InputError("Say in a word what it is, such as dog, bag or coat.")
    return person_request.PersonForm(
        name or "", person, word, preset, background, bool(retouch), int(steps), int(size), bool(validate),
        checkpoint or "", bool(views), bool(drawn), describer or NOBODY, int(rank or 0),
        int(batch or 0), bool(half), bool(checkpointing), float(reward or 0),
    )  # fmt: skip


def _on_name(host: PageHost, name: str) -> Updates:
    """What is known of an earlier training of this name."""
    form = person_request.saved_form(name) if name.strip() else None
    if form is None:
        return [gr.update() for _ in range(13)]
    known = form.checkpoint_name if form.checkpoint_name in host.checkpoint_files() else None
    rows, pictures = person_photos.decisions_of(form)
    checkpoint = gr.update(value=known) if known else gr.update()
    started = (form.folder / STATUS).is_file()
    more = [form.steps, form.size, form.rank, form.batch, form.half, form.checkpointing, form.reward]
    title = captions_html(_TITLE, rows)
    return [title, pictures, form.class_word, form.preset, checkpoint, gr.update(value=started), *more]


def _on_add(host: PageHost, read: Any, *values: Any) -> Updates:
    """Add the uploaded photos, prepare all of them, and show what was decided."""
    *form_values, uploads, edited = values
    try:
        form = read(form_values)
        captions.save_edited_captions(form.name, edited_captions(edited))
        paths = [(host.uploaded_path(file), file) for file in uploads or ()]
        named = [(path, getattr(file, "orig_name", None) or path.name) for path, file in paths]
        problems = person_photos.add_photos(form, named, host, _encoder(host))
        rows, pictures = person_photos.decisions_of(form)
    except FaceChainError as error:
        return [gr.update(), gr.update(), note_html(str(error))]
    used = sum(row[1] == "yes" for row in rows)
    return [captions_html(_TITLE, rows), pictures, note_html(f"{used} photos are learned from.", *problems)]


def _on_start(host: PageHost, read: Any, *values: Any) -> Updates:
    """Begin or go on with the training; the resulting status."""
    *form_values, resume, edited, shown = values
    try:
        form = read(form_values)
        path = host.checkpoint_files().get(form.checkpoint_name)
        if path is None:
            raise InputError("Choose the checkpoint to learn on.")
        captions.save_edited_captions(form.name, edited_captions(edited))
        python = environment(host.training_python())
        words = person_request.person_command(
            form, path, python, loras=host.lora_folders()[0], encoder=find("transface"), resume=bool(resume)
        )

        def check() -> None:
            person_request.check_form(form, resume=bool(resume))
            person_request.save_form(form)

        process.launch(form.name, form.folder, form.steps, words, check)
        notes = person_photos.preparation_notes(form)
    except FaceChainError as error:
        return [note_html(str(error)), *on_watch(shown)]
    return [note_html(*notes) if notes else "", *on_watch(shown)]


def _encoder(host: PageHost) -> Any:
    """The face encoder, which compares faces where nothing better can; None where its file is not there."""
    try:
        return host.encoder()
    except WeightsError:
        return None
