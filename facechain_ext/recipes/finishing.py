"""The end of a recipe: the finished picture enlarged by the host's upscaler, then its people's faces painted anew."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from PIL import Image

from facechain_ext.errors import Cancelled, HostError, PhotoError
from facechain_ext.faces.picture import picture_digest
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.recipes.detail import DETAIL_SETTINGS, repair_faces, repair_settings
from facechain_ext.recipes.upscaling import upscale
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.faces.types import Pixels
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.job import Job, Portrait
    from facechain_ext.recipes.style_settings import Settings
    from facechain_ext.recipes.template.image import TemplateImage

log = logging.getLogger(__name__)


class EnlargeSettings(Protocol):
    """Settings of any recipe that can enlarge its picture at the end."""

    @property
    def enlarge(self) -> int:
        """Longest side in pixels; 0 for the size as it is."""
        ...

    @property
    def enlarge_by(self) -> str:
        """The host's upscaler, "auto" for the best it has."""
        ...


class PaintedResult(Protocol):
    """What a recipe has made of a picture."""

    @property
    def pixels(self) -> Pixels:
        """uint8 [h, w, 3]."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on it."""
        ...

    @property
    def stopped(self) -> bool:
        """Whether an interrupt ended the work early."""
        ...


Result = TypeVar("Result", bound=PaintedResult)


@dataclass(frozen=True)
class PortraitFinisher:
    """Finishes the pictures of a portrait's job on ``host`` as ``settings`` say; faces are painted at ``sides``."""

    host: Host
    settings: Settings
    sides: tuple[int, int]
    scorer: LikenessScorer | None = None

    def steps(self, job: Job) -> int:
        """What one picture counts in the progress: about the steps that are sampled for it."""
        repair = len(job.people) * max(round(job.steps * DETAIL_SETTINGS.denoise), 1)
        return max(repair if self.settings.repair_faces else 0, 1)

    def finish(
        self, portrait: Portrait, job: Job, progress: Callable[[int, int], bool] | None = None
    ) -> tuple[Image.Image, list[str]]:
        """The picture enlarged and with its people's faces painted anew, and sentences on what was not done.

        What cannot be done, and what an interrupt leaves, stays as it was.
        """
        picture, notes = portrait.picture.convert("RGB"), list[str]()
        if self.settings.enlarge:
            picture, note = enlarge_picture(self.host, picture, self.settings.enlarge, self.settings.enlarge_by)
            notes.append(note)
        if self.settings.repair_faces and job.people:
            again = repair_settings(job, self.sides, portrait.seed)
            try:
                result, _ = repair_faces(
                    np.asarray(picture), job.people, again, host=self.host, scorer=self.scorer, progress=progress
                )
            except (PhotoError, HostError) as error:
                log.warning("faces are not repaired: %s", error)
                notes.append(f"Faces are not repaired: {error}")
            except Cancelled:
                notes.append("Stopped: faces are not repaired.")
            else:
                picture = Image.fromarray(result.pixels)
                notes += result.notes
        return picture, notes

    def skipped(self, count: int, total: int) -> str:
        """A sentence on ``count`` of ``total`` pictures that a stop left as they were."""
        if not self.settings.enlarge:
            return f"Stopped: the faces of {count} of {total} pictures are not repaired."
        if not self.settings.repair_faces:
            return f"Stopped: {count} of {total} pictures are not enlarged."
        return f"Stopped: {count} of {total} pictures are not enlarged and their faces not repaired."


def enlarge_picture(host: Host | None, picture: Image.Image, longest: int, upscaler: str) -> tuple[Image.Image, str]:
    """The picture with ``longest`` pixels on its longest side by an upscaler of the host, and a sentence on it.

    Lanczos enlarges where the host has no upscaler, which the sentence then names. A picture that is as large stays.
    """
    scale = longest / max(picture.size)
    if scale <= 1:
        return picture, f"The picture has {picture.width} x {picture.height} pixels already; it is not enlarged."
    size = round(picture.width * scale), round(picture.height * scale)
    asked = "" if upscaler == AUTOMATIC else upscaler
    try:
        large, used = upscale(host, picture, size, asked)
    except HostError as error:
        log.warning("the picture is not enlarged: %s", error)
        return picture, f"The picture is not enlarged: {error}"
    if asked and used != asked:
        log.warning("there is no upscaler %s here; enlarged by %s", shorten(asked), used)
        return large, f"Enlarged to {size[0]} x {size[1]} by {used}: there is no upscaler {asked} here."
    return large, f"Enlarged to {size[0]} x {size[1]} by {used}."


def enlarge_template(
    host: Host | None, image: TemplateImage, settings: EnlargeSettings
) -> tuple[TemplateImage, tuple[str, ...]]:
    """``image`` at the size of ``settings``, with its alpha and what its file held besides, and a sentence on that."""
    if not settings.enlarge:
        return image, ()
    picture, note = enlarge_picture(host, Image.fromarray(image.pixels), settings.enlarge, settings.enlarge_by)
    pixels, alpha = np.asarray(picture.convert("RGB")), image.alpha
    if alpha is not None:
        alpha = np.asarray(Image.fromarray(alpha).resize(picture.size, Image.Resampling.LANCZOS))
    return replace(image, pixels=pixels, alpha=alpha, digest=picture_digest(pixels)), (note,)


def enlarge_result(
    host: Host | None, image: TemplateImage, result: Result, settings: EnlargeSettings
) -> tuple[TemplateImage, Result]:
    """``image`` and what a recipe has made of it, both enlarged; a stop leaves them, and says so."""
    if not settings.enlarge:
        return image, result
    if result.stopped:
        return image, _with(result, result.pixels, ("Stopped: the picture is not enlarged.",))
    large, notes = enlarge_template(host, replace(image, pixels=result.pixels), settings)
    return large, _with(result, large.pixels, notes)


def _with(result: Result, pixels: Pixels, notes: tuple[str, ...]) -> Result:
    changed: Result = replace(result, pixels=pixels, notes=(*result.notes, *notes))  # type: ignore[type-var]
    return changed
