"""Photos of a person or a thing as the page adds them, and what was decided on each."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.errors import PhotoError
from facechain_ext.identity import Identity
from facechain_ext.identity.face_embedders import face_embedders
from facechain_ext.training_runs.photos.decision import PreparationOptions, decision_words, read_report
from facechain_ext.training_runs.photos.drawn_views import drawn_views
from facechain_ext.training_runs.photos.prepare import prepare_photos
from facechain_ext.training_runs.photos.things import prepare_thing
from facechain_ext.training_runs.pictures import picture_files, read_table
from facechain_ext.training_runs.presets import MAX_PHOTOS
from facechain_ext.ui.train.captions import copy_picture
from facechain_ext.ui.train.describing import chosen_captioner
from facechain_ext.ui.train.labels import PREPARATION_LABELS
from facechain_ext.ui.train.person_request import TRIGGER, save_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity import TransFace
    from facechain_ext.training_runs.captioners import Captioner
    from facechain_ext.training_runs.photos.decision import PhotoDecision
    from facechain_ext.training_runs.photos.drawn_views import DrawnView
    from facechain_ext.ui.host import PageHost
    from facechain_ext.ui.train.person_request import PersonForm

_PREPARED_OTHERWISE = (
    "The photos are learned as they were prepared, which is not what the form says now. To learn from other ones, "
    "press “Add photos and prepare them”, then train again. They were prepared with:"
)


def add_photos(
    form: PersonForm, photos: Sequence[tuple[Path, str]], host: PageHost, encoder: TransFace | None
) -> list[str]:
    """Copy uploaded photos (path, name) beside the earlier ones and prepare all; sentences about what is left out.

    What computes on the host's device, a captioner or FACT, waits in the host's queue.

    Raises PhotoError for more than 20 photos or none that can be used, HostError where no network compares faces.
    """
    form.photos.mkdir(parents=True, exist_ok=True)
    problems = [problem for path, name in photos if (problem := copy_picture(path, Path(name), form.photos))]
    files = picture_files(form.photos)
    if not 1 <= len(files) <= MAX_PHOTOS:
        raise PhotoError(f"There are {len(files)} photos; it is learned from 1 to {MAX_PHOTOS}.")
    save_form(form)
    captioner = chosen_captioner(host, form.describer)
    if form.person:
        prepare = partial(_prepare_person, form, files, host, encoder, captioner)
    else:
        prepare = partial(prepare_thing, files, form.pictures, f"{TRIGGER} {form.class_word}", caption=captioner)
    decisions = host.queued(prepare)() if captioner is not None or form.drawn else prepare()
    return problems + [decision_words(one) for one in decisions if not one.use]


def _prepare_person(
    form: PersonForm, files: Sequence[Path], host: PageHost, encoder: TransFace | None, captioner: Captioner | None
) -> list[PhotoDecision]:
    masker = faces.head_masker()

    def draw(pixels: Pixels) -> list[DrawnView]:
        person = Identity.from_photos(pixels, host.encoder(), masker=masker)
        return drawn_views(host, person, form.class_word, host.capabilities().defaults.painted[0])

    options = PreparationOptions(
        background=form.background, retouch=form.retouch, views=form.views, drawn=form.drawn,  # type: ignore[arg-type]
        captioner="" if captioner is None else form.describer,
    )  # fmt: skip
    return prepare_photos(
        files, form.pictures, f"{TRIGGER} {form.class_word}", face_embedders(encoder, masker)[0],
        detector=faces.detector(), masker=masker, options=options, caption=captioner,
        draw=draw if form.drawn else None,
    )  # fmt: skip


def preparation_notes(form: PersonForm) -> list[str]:
    """How a person's photos were prepared, where the form says otherwise now; empty where it says the same.

    What concerns a single photo alone is compared only where there is one.
    """
    report = read_report(form.pictures) if form.person else None
    if report is None:
        return []
    decisions, options = report
    single = sum(one.use and not one.view for one in decisions) == 1
    found = []
    for name in ("background", "retouch", *(("views", "drawn") if single else ())):
        earlier = getattr(options, name)
        if earlier != getattr(form, name):
            word = {True: "yes", False: "no"}.get(earlier, earlier)
            found.append(f"{PREPARATION_LABELS[name]}: {word}")
    return [_PREPARED_OTHERWISE, *found] if found else []


def decisions_of(form: PersonForm) -> tuple[list[list[str]], list[tuple[str, str]]]:
    """The rows of the table (file, use, caption, reason), and the squares with what was decided, for the gallery."""
    rows = read_table(form.pictures)
    report = read_report(form.pictures)
    words = {one.file: decision_words(one) for one in report[0]} if report is not None else {}
    squares = [(str(form.pictures / row.file), words.get(row.file, row.file)) for row in rows]
    lines = [[row.file, "yes" if row.use else "no", row.caption, row.problem] for row in rows]
    return lines, squares
