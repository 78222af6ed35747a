"""What else the page does with a picture (repair faces, keep the garment, draw it as), independent of gradio."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext import faces
from facechain_ext.errors import Cancelled, FaceChainError, InputError
from facechain_ext.jobs.job_request import parse_job_request
from facechain_ext.jobs.worker import RequestWorker
from facechain_ext.recipes.garment.marking import mark_garment
from facechain_ext.recipes.job import Portrait
from facechain_ext.ui.background_task import partial_progress
from facechain_ext.ui.portrait.result import resolve_seed
from facechain_ext.ui.template.action_names import DRAW, GARMENT, REPAIR, PictureRequest
from facechain_ext.ui.template.choices import CARD, PHOTO
from facechain_ext.ui.template.finished import FinishedTemplate
from facechain_ext.ui.uploads import UploadedSources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from facechain_ext.faces.types import Pixels
    from facechain_ext.ui.background_task import ReportProgress
    from facechain_ext.ui.host import PageHost

_PREVIEW_SIDE = 900
_MARK = np.array([255, 208, 0], np.float32)
"""Colour of what is marked in the preview."""


def run_action(
    host: PageHost, request: PictureRequest, report: ReportProgress
) -> tuple[list[FinishedTemplate], list[str]]:
    """Do the action with each picture; a failure is noted and the rest continues, until it is stopped."""
    results: list[FinishedTemplate] = []
    notes: list[str] = []
    for number, picture in enumerate(request.pictures):
        try:
            one = _run_one(host, request, picture, partial_progress(report, number, len(request.pictures)))
        except Cancelled as error:
            notes.append(str(error))
            break
        except FaceChainError as error:
            notes.append(f"{picture.name}: {error}" if len(request.pictures) > 1 else str(error))
            continue
        results.append(one)
        notes += one.notes
        if one.stopped:
            notes.append("Stopped; what was finished is saved.")
            break
    return results, notes


def _run_one(host: PageHost, request: PictureRequest, picture: Path, report: ReportProgress) -> FinishedTemplate:
    values, files = request_values(request, picture)
    made = RequestWorker(host, UploadedSources(files)).make(parse_job_request(values), report)
    best = made.pictures[0]
    shown = Image.open(io.BytesIO(best.content))
    shown.load()  # type: ignore[no-untyped-call]
    portrait = Portrait(shown, best.seed, best.infotext, made.notes)

    def exact(inside: str) -> bytes:
        return best.content if inside else _without_settings(shown)

    path = host.save(portrait, stem=str(values["recipe"]), exact=exact)
    name = "" if path is None else path.name
    return FinishedTemplate(picture, name, shown, infotext=best.infotext, notes=made.notes, stopped=made.stopped)


def request_values(request: PictureRequest, picture: Path) -> tuple[dict[str, object], dict[str, Path]]:
    """The request of a job for one picture, and the files that its references stand for.

    Raises InputError for an action that needs something that is not chosen.
    """
    files = {"picture": picture}
    people = [_person(choice, request.photos, files) for choice in request.people]
    settings: dict[str, object] = {"seed": resolve_seed(request.seed), "steps": request.steps}
    settings |= {"prompt": request.prompt.strip()} if request.prompt.strip() else {}
    settings |= {"enlarge": request.enlarge, "enlarge_by": request.enlarge_by} if request.enlarge else {}
    values: dict[str, object] = {"picture": "picture"}
    if request.action == REPAIR:
        if not people:
            raise InputError("Choose whose faces are repaired, from the left.")
        settings |= {"denoise": request.denoise} if request.denoise else {}
        settings |= {"method": request.method}
        return values | {"recipe": "detail", "people": people, "settings": settings}, files
    if request.action == DRAW:
        settings |= {"denoise": request.denoise} if request.denoise else {}
        settings |= {"look": request.look, "repair": request.repair, "method": request.method}
        return values | {"recipe": "redraw", "people": people, "settings": settings}, files
    if request.action != GARMENT:
        raise InputError(f"There is no action {request.action[:40]} here.")
    if request.mask is not None:
        files["mask"], values["mask"] = request.mask, "mask"
    else:
        values["points"] = _points(request.clicks)
    if request.worn is not None:
        files["worn"], values["garment"] = request.worn, "worn"
        people = []
    elif len(people) != 1:
        raise InputError("Choose one person who wears the garment.")
    return values | {"recipe": "garment", "people": people, "settings": settings}, files


def mark_preview(picture: Path, clicks: Sequence[tuple[float, float, bool]]) -> Image.Image:
    """The picture with what the clicks mark drawn over it, small enough for a page; raises InputError, PhotoError."""
    pixels = _small(faces.read_picture(picture).pixels)
    shown = pixels
    if any(inside for _, _, inside in clicks):
        mask = mark_garment(pixels, *_split(clicks))
        edge = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) > 0
        tinted = np.where(mask[..., None], 0.6 * pixels + 0.4 * _MARK, pixels * 0.7)
        shown = np.where(edge[..., None], _MARK, tinted).astype(np.uint8)
    shown = shown.copy()
    height, width = shown.shape[:2]
    for x, y, inside in clicks:
        centre = int(x * (width - 1)), int(y * (height - 1))
        cv2.circle(shown, centre, 6, (255, 255, 255), cv2.FILLED, cv2.LINE_AA)
        cv2.circle(shown, centre, 4, (20, 150, 40) if inside else (200, 30, 30), cv2.FILLED, cv2.LINE_AA)
    return Image.fromarray(shown)


def _small(pixels: Pixels) -> Pixels:
    picture = Image.fromarray(pixels)
    picture.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
    return np.asarray(picture)


def _split(
    clicks: Sequence[tuple[float, float, bool]],
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    inside = [(x, y) for x, y, kept in clicks if kept]
    return inside, [(x, y) for x, y, kept in clicks if not kept]


def _points(clicks: Sequence[tuple[float, float, bool]]) -> dict[str, object]:
    """The clicks as a request has them; raises InputError without one in the garment."""
    inside, outside = _split(clicks)
    if not inside:
        raise InputError("Click into the garment first; clicks beside it make it smaller.")
    return {"inside": [list(point) for point in inside], "outside": [list(point) for point in outside]}


def _person(choice: str, photos: Mapping[str, Path], files: dict[str, Path]) -> dict[str, object]:
    """A choice of the page as a request has it; raises InputError for a photo that is gone."""
    if choice.startswith(CARD):
        return {"card": choice.removeprefix(CARD)}
    name = choice.removeprefix(PHOTO)
    if name not in photos:
        raise InputError(f"There is no photo called {name[:60]}; choose again.")
    files[choice] = photos[name]
    return {"photos": [choice]}


def _without_settings(picture: Image.Image) -> bytes:
    """The picture's file without its settings text, as the user keeps his."""
    file = io.BytesIO()
    extra = {key: picture.info[key] for key in ("icc_profile", "exif") if picture.info.get(key)}
    picture.save(file, format="PNG", **extra)
    return file.getvalue()
