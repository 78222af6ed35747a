"""Photos of a person or a thing as the page adds them, and what was decided on each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.errors import PhotoError
from facechain_ext.identity.face_embedders import face_embedders
from facechain_ext.training_runs.photos.prepare import (
    PreparationOptions,
    decision_words,
    prepare_photos,
    read_report,
)
from facechain_ext.training_runs.photos.things import prepare_thing
from facechain_ext.training_runs.pictures import picture_files, read_table
from facechain_ext.training_runs.presets import MAX_PHOTOS
from facechain_ext.ui.train.captions import copy_picture
from facechain_ext.ui.train.person_request import TRIGGER, save_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.identity import TransFace
    from facechain_ext.ui.train.person_request import PersonForm


def add_photos(form: PersonForm, photos: Sequence[tuple[Path, str]], encoder: TransFace | None) -> list[str]:
    """Copy uploaded photos (path, name) beside the earlier ones and prepare all; sentences about what is left out.

    Raises PhotoError for more than 20 photos or none that can be used, HostError where no network compares faces.
    """
    form.photos.mkdir(parents=True, exist_ok=True)
    problems = [problem for path, name in photos if (problem := copy_picture(path, Path(name), form.photos))]
    files = picture_files(form.photos)
    if not 1 <= len(files) <= MAX_PHOTOS:
        raise PhotoError(f"There are {len(files)} photos; it is learned from 1 to {MAX_PHOTOS}.")
    save_form(form)
    call = f"{TRIGGER} {form.class_word}"
    if not form.person:
        decisions = prepare_thing(files, form.pictures, call)
    else:
        masker = faces.head_masker()
        decisions = prepare_photos(
            files, form.pictures, call, face_embedders(encoder, masker)[0], detector=faces.detector(), masker=masker,
            options=PreparationOptions(background=form.background, retouch=form.retouch),  # type: ignore[arg-type]
        )  # fmt: skip
    return problems + [decision_words(one) for one in decisions if not one.use]


def decisions_of(form: PersonForm) -> tuple[list[list[str]], list[tuple[str, str]]]:
    """The rows of the table (file, use, caption, reason), and the squares with what was decided, for the gallery."""
    rows = read_table(form.pictures)
    report = read_report(form.pictures)
    words = {one.file: decision_words(one) for one in report[0]} if report is not None else {}
    squares = [(str(form.pictures / row.file), words.get(row.file, row.file)) for row in rows]
    lines = [[row.file, "yes" if row.use else "no", row.caption, row.problem] for row in rows]
    return lines or [["", "", "", ""]], squares
