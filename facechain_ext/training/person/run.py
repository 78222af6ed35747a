"""A whole training of a person: from photos to a LoRA in the host's folder and on the person's card."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from facechain_ext import faces
from facechain_ext.errors import FaceChainError, HostError, PhotoError
from facechain_ext.hosts.diffusers.checkpoint import load_controlnet
from facechain_ext.identity import TransFace
from facechain_ext.identity.face_embedders import face_embedders
from facechain_ext.storage.paths import safe_child
from facechain_ext.styles import key_of
from facechain_ext.styles.loras import lora_folder
from facechain_ext.training.lora.loop import Report, begin, learn, refuse_existing, write_lora
from facechain_ext.training.lora.trainer import Example, LoraTrainer
from facechain_ext.training.person.card import note_on_card
from facechain_ext.training.person.reward import NETWORK as REWARDED_BY
from facechain_ext.training.person.reward import FaceReward, face_reward
from facechain_ext.training.person.scoring import PersonScorer, scoring_embedder
from facechain_ext.training.person.templates import drawn_templates, folder_templates
from facechain_ext.training.person.validation import FOLDER, Validation
from facechain_ext.training_runs.photos.decision import MASKS, PreparationOptions, decision_words, read_report
from facechain_ext.training_runs.photos.prepare import prepare_photos
from facechain_ext.training_runs.pictures import caption_table, training_examples
from facechain_ext.training_runs.presets import MAX_PHOTOS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from facechain_ext.faces.types import Pixels
    from facechain_ext.training.person.templates import ValidationTemplate
    from facechain_ext.training_runs.photos.decision import PhotoDecision
    from facechain_ext.training_runs.photos.drawn_views import DrawnView
    from facechain_ext.training_runs.pictures import CaptionRow
    from facechain_ext.training_runs.settings import LoraSettings, PersonRequest

TEMPLATES = f"{FOLDER}/templates"
ONE_PHOTO = (
    "There is one photo of this person: its pose, light and expression are learned as part of the face. More photos "
    "give a better likeness."
)


def prepare_person(
    request: PersonRequest,
    options: PreparationOptions | None = None,
    *,
    caption: Callable[[Pixels], str] | None = None,
    draw: Callable[[Pixels], Sequence[DrawnView]] | None = None,
    report: Callable[[Report], bool] = lambda _event: True,
) -> list[PhotoDecision]:
    """Prepare the request's photos into its folder of pictures; one decision each, all of them reported.

    ``draw`` draws further views of a photo that is the only one.
    Raises PhotoError for more than 20 photos or none with a face, HostError where no network can compare faces.
    """
    if not 1 <= len(request.photos) <= MAX_PHOTOS:
        raise PhotoError(f"There are {len(request.photos)} photos; a person is learned from 1 to {MAX_PHOTOS}.")
    report({"event": "activity", "words": "Preparing the photos"})
    encoder = TransFace.from_file(request.encoder) if request.encoder is not None else None
    masker = faces.head_masker()
    embedder = face_embedders(encoder, masker)[0]
    decisions = prepare_photos(
        request.photos,
        request.pictures,
        request.call,
        embedder,
        detector=faces.detector(),
        masker=masker,
        options=options,
        caption=caption,
        draw=draw,
        progress=lambda done, total: _report_photo(report, done, total),
    )
    report_decisions(decisions, report)
    return decisions


def prepared_earlier(request: PersonRequest, report: Callable[[Report], bool]) -> list[PhotoDecision]:
    """What was decided when the photos were prepared, reported; raises PhotoError where they were not."""
    earlier = read_report(request.pictures)
    if earlier is None:
        raise PhotoError(f"The photos are not prepared in {request.pictures}; begin without --as-prepared.")
    report_decisions(earlier[0], report)
    return earlier[0]


def report_decisions(decisions: Sequence[PhotoDecision], report: Callable[[Report], bool]) -> None:
    """Report each decision, and again those by which a photo is not used."""
    for decision in decisions:
        report({"event": "photo", "file": decision.source, "use": decision.use, "words": decision_words(decision)})
        if not decision.use:
            report({"event": "not used", "file": decision.source, "reason": decision_words(decision)})


def _report_photo(report: Callable[[Report], bool], done: int, total: int) -> None:
    report({"event": "activity", "words": f"Preparing the photos: {done} of {total}"})


def person_examples(folder: Path, rows: list[CaptionRow], size: int) -> list[Example]:
    """The used squares with their captions and heads; raises PhotoError when none is used or one cannot be read."""
    pairs = training_examples(folder, rows, size, what="a person", counts=(1, MAX_PHOTOS))
    files = [row.file for row in rows if row.use]
    return [Example(p, c, _mask(folder / MASKS / file, size)) for (p, c), file in zip(pairs, files, strict=True)]


def train_person(
    request: PersonRequest,
    settings: LoraSettings,
    *,
    resume: bool = False,
    report: Callable[[Report], bool] = lambda _event: True,
) -> Path | None:
    """Train the LoRA from the prepared pictures, write it and note it on the card; None when ``report`` stopped it.

    A stopped or killed training goes on with ``resume`` as one that was not stopped. Raises what ``train_style`` does.
    """
    key = key_of(request.name)
    final = safe_child(request.loras or lora_folder(), f"{key}.safetensors")
    refuse_existing(final, request.class_word, resume=resume)
    rows = caption_table(request.pictures, request.call)
    examples = person_examples(request.pictures, rows, settings.size)
    decided = read_report(request.pictures)
    views = {one.file for one in decided[0] if one.view} if decided is not None else set()
    if sum(row.use and row.file not in views for row in rows) == 1:
        report({"event": "note", "words": ONE_PHOTO})
    report({"event": "activity", "words": f"Loading the checkpoint {request.checkpoint.name}"})
    training = LoraTrainer(request, settings, examples)
    rewarded: FaceReward | None = None
    if settings.reward:
        rewarded = face_reward(training, request, [request.pictures / row.file for row in rows if row.use])
        training.reward = rewarded
    begin(training, final, report, resume=resume)
    validation = start_validation(training, request, rows, report) if request.validate else None

    def after_save() -> None:
        if validation is not None:
            report({"event": "activity", "words": "Making and scoring pictures"})
            report({"event": "validated", "step": training.step, "score": validation.validate()})

    preview = f"portrait photo of {request.call}"
    if not learn(training, report, pictures=len(examples), preview=preview, after_save=after_save):
        return None
    if rewarded is not None and rewarded.remark:
        _note(report, rewarded.remark)
    best = None
    if validation is not None:
        report({"event": "activity", "words": "Choosing the best weights"})
        best = validation.take_best(lambda words: _note(report, words))
    write_lora(training, final, report)
    done: Report = {"event": "done", "file": str(final)} | ({"best": str(best)} if best is not None else {})
    if request.card is not None:
        try:
            done["card"] = str(note_on_card(request, final, rows, best))
        except FaceChainError as error:
            _note(report, f"The LoRA is written, but not onto the card: {error}")
    report(done)
    return final


def start_validation(
    training: LoraTrainer, request: PersonRequest, rows: list[CaptionRow], report: Callable[[Report], bool]
) -> Validation | None:
    """The validation of a training; None, and a note that says why, where nothing can score pictures here.

    Raises PhotoError for a folder of templates without a face, HostError when drawn ones cannot be written.
    """
    encoder = TransFace.from_file(request.encoder) if request.encoder is not None else None
    used = [request.pictures / row.file for row in rows if row.use]
    try:
        embedder = scoring_embedder(face_embedders(encoder))
        scorer = PersonScorer(used, embedder, faces.detector())
    except FaceChainError as error:
        _note(report, f"The last step is taken, since no step can be scored: {error}")
        return None
    report({"event": "activity", "words": f"Preparing the validation, scored by {scorer.name}"})
    if training.reward is not None and scorer.name == REWARDED_BY:
        _note(report, "No other network can score pictures here than the one that rewards, so the scores favour it.")
    folder, size = request.work / TEMPLATES, training.settings.size
    if request.templates is None and not folder.is_dir():
        with training.layers.using([torch.zeros_like(one) for one in training.layers.weights()]):
            drawn = drawn_templates(training.host, request.class_word, size, faces.detector())
        keep_templates(drawn, folder)
    found: list[ValidationTemplate] = []
    try:
        found = folder_templates(request.templates or folder, size, faces.detector())
    except PhotoError:
        if request.templates is not None:
            raise
        _note(report, "The checkpoint draws no face without the LoRA, so the validation makes whole pictures.")
    if request.canny is not None:
        device = str(training.checkpoint.unet.device)
        training.host.controlnets["canny"] = load_controlnet(request.canny, device=device)
    return Validation(training, scorer, request.call, found, edges=request.canny is not None)


def keep_templates(drawn: Sequence[ValidationTemplate], folder: Path) -> None:
    """Write all drawn templates or none: a training that was killed meanwhile must not go on with some of them."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        for number, one in enumerate(drawn):
            one.picture.save(part / f"{number}.png")
        part.replace(folder)
    except OSError as error:
        raise HostError(f"The templates of the validation cannot be written ({error}). Check the disk.") from error


def _note(report: Callable[[Report], bool], words: str) -> None:
    report({"event": "note", "words": words})


def _mask(path: Path, size: int) -> np.ndarray | None:
    """The head's mask beside a square at the training's size; None where there is none."""
    grey = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE) if path.is_file() else None
    if grey is None:
        return None
    return np.asarray(cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA) >= 128)
