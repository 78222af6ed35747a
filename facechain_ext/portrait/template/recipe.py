"""People into a template: who goes where, and the ways of putting them there."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from PIL import Image

from facechain_ext import faces
from facechain_ext.errors import HostError, PhotoError
from facechain_ext.faces.fuse import blend_face
from facechain_ext.portrait.job import Inpaint, Job, Person
from facechain_ext.portrait.template import faithful
from facechain_ext.portrait.template.crop import crop_of, grown, painted_side, paste, square
from facechain_ext.portrait.template.seats import Seat, find_seats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from facechain_ext.faces.types import Detector, HeadMasker, Mask, Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.portrait.job import ControlKind, Host
    from facechain_ext.portrait.template.canvas import Canvas

log = logging.getLogger(__name__)

Quality = Literal["instant", "standard", "faithful"]
"""instant: the photo's face is laid over the template's. standard: the face is painted anew, one inpaint a face.
faithful: the published passes."""

_FEATHER = 0.06
"""Width of the feather of the paste, in sides of the face."""
_MOSAIC = 8
"""Cells across a face that is pixelated."""


@dataclass(frozen=True, eq=False)
class Guest:
    """Somebody for a template: the identity, and a photo uint8 [h, w, 3], which the instant quality needs."""

    identity: Identity | None = None
    photo: Pixels | None = None


Choice = Guest | Literal["keep", "pixelate"]
"""What happens to one face."""


@dataclass(frozen=True)
class Settings:
    """How people are put in.

    ``denoise``, ``strength``, ``cfg``, ``steps`` and the prompt are those of the inpaint (published: 0.6, 0.55, 5, 50);
    ``growth`` is what the mask grows beyond the face, in sides of it (published: 0.04); ``fuse`` lays the photo's face
    over the painted one, which the faithful quality always does where there is a photo. ``controls`` are the kinds of
    ControlNet that the host has; the faithful quality uses them.
    """

    quality: Quality = "instant"
    prompt: str = "raw photo, high detail face, photorealistic, best quality"
    negative_prompt: str = "worst quality, low quality, monochrome, text, watermark"
    denoise: float = 0.6
    strength: float = 0.55
    growth: float = 0.04
    steps: int = 30
    cfg: float = 5.0
    seed: int = 0
    sampler: str = "DPM++ 2M Karras"
    fuse: bool = False
    controls: frozenset[ControlKind] = frozenset()


@dataclass(frozen=True, eq=False)
class TemplateResult:
    """The finished picture uint8 [h, w, 3], which pixels may differ from the template, and what did not go as asked."""

    pixels: Pixels
    changed: Mask
    notes: tuple[str, ...]


def make(
    canvas: Canvas,
    choices: Mapping[int, Choice],
    settings: Settings | None = None,
    *,
    host: Host | None = None,
    seats: list[Seat] | None = None,
    detector: Detector | None = None,
    masker: HeadMasker | None = None,
    progress: Callable[[int, int], bool] | None = None,
) -> TemplateResult:
    """Put the people of ``choices`` (number of the face -> who) into the template; faces not named stay as they are.

    Outside the feathered masks, and in every face that is kept, not a bit changes. A face that cannot be done is left
    and named in the notes. Raises PhotoError for a number that the template has not and for a template that is a
    guest's own photo, HostError when the quality needs a host and there is none.
    """
    settings = settings or Settings()
    detector, masker = detector or faces.detector(), masker or faces.head_masker()
    seats = find_seats(canvas.pixels, detector, masker) if seats is None else seats
    _check(canvas, seats, choices, settings, host)
    pixels, notes = np.array(canvas.pixels), [*canvas.notes, *faithful.missing(settings)]
    for seat in seats:
        choice = choices.get(seat.number, "keep")
        if choice == "keep":
            continue
        try:
            if choice == "pixelate":
                made = _pixelated(pixels, seat)
            elif settings.quality == "instant":
                made = _instant(pixels, seat, choice, detector)
            else:
                assert host is not None
                if settings.quality == "faithful":
                    painted = faithful.paint(pixels, seat, seats, choice, settings, host, detector, progress)
                    made = _laid(pixels, seat, faithful.growing(seat), painted)
                else:
                    made = _standard(pixels, seat, choice, settings, host, detector, progress)
        except PhotoError as error:
            log.warning("face %d is left as it is: %s", seat.number, error)
            notes.append(f"Face {seat.number} is left as it is: {error}")
            continue
        blended = choice != "pixelate" and settings.quality == "instant"
        own = seat.mask if blended else grown(seat, settings.growth)
        if choice != "pixelate" and settings.quality == "faithful":
            own = faithful.growing(seat)
        for other in seats:
            own = own & ~other.mask if other.number != seat.number else own
        pixels = np.where(own[..., None], made, pixels)
    return TemplateResult(pixels, np.asarray((pixels != canvas.pixels).any(-1)), tuple(notes))


def _instant(pixels: Pixels, seat: Seat, guest: Guest, detector: Detector) -> Pixels:
    """Lay the face of the guest's photo (of the card's thumbnail, without one) over the template's."""
    photo = guest.photo if guest.photo is not None else guest.identity.thumbnail if guest.identity else None
    if photo is None:
        raise PhotoError("there is no photo of the person; give one.")
    return blend_face(photo, faces.choose_face(detector.detect(photo)), pixels, seat.face, target_mask=seat.mask)


def _standard(
    pixels: Pixels,
    seat: Seat,
    guest: Guest,
    settings: Settings,
    host: Host,
    detector: Detector,
    progress: Callable[[int, int], bool] | None,
) -> Pixels:
    """Paint the face anew inside its grown mask, at the resolution that it deserves, and paste it with a feather."""
    if guest.identity is None:
        raise PhotoError("painting needs an identity; give a photo with an encoder, or a card.")
    left, top, side = crop_of(seat)
    painted = painted_side(side)
    mask = grown(seat, settings.growth)
    crop = square(pixels, left, top, side)
    small_mask = cv2.resize(square(mask[..., None] * np.uint8(255), left, top, side), (painted, painted))
    job = Job(
        settings.prompt,
        settings.negative_prompt,
        people=(Person(guest.identity, settings.strength, region=np.asarray(small_mask / 255.0, np.float32)),),
        seed=settings.seed + seat.number,
        steps=settings.steps,
        sampler=settings.sampler,
        cfg=settings.cfg,
        width=painted,
        height=painted,
        inpaint=Inpaint(
            Image.fromarray(crop).resize((painted, painted), Image.Resampling.LANCZOS),
            settings.denoise,
            Image.fromarray(small_mask),
        ),
    )
    finished = host.generate(job, progress=progress)
    if not finished:
        raise PhotoError("it was stopped before it was painted.")
    canvas = _laid(pixels, seat, mask, finished[0].picture)
    if settings.fuse:
        return _instant(canvas, seat, guest, detector)
    return canvas


def _laid(pixels: Pixels, seat: Seat, mask: Mask, painted: Image.Image) -> Pixels:
    """The picture with what was painted of the seat's crop laid over it, inside the mask with a feather."""
    left, top, side = crop_of(seat)
    new = np.asarray(painted.convert("RGB").resize((side, side), Image.Resampling.LANCZOS))
    canvas = np.array(pixels)
    paste(canvas, new, mask, left, top, _FEATHER * max(seat.face.width, seat.face.height))
    return canvas


def _pixelated(pixels: Pixels, seat: Seat) -> Pixels:
    """The face as a mosaic of _MOSAIC cells across."""
    cell = max(round(max(seat.face.width, seat.face.height) / _MOSAIC), 2)
    height, width = pixels.shape[:2]
    coarse = cv2.resize(pixels, (-(-width // cell), -(-height // cell)), interpolation=cv2.INTER_AREA)
    blocks = np.repeat(np.repeat(coarse, cell, 0), cell, 1)[:height, :width]
    return np.where(grown(seat, 0.04)[..., None], blocks, pixels).astype(np.uint8)


def _check(
    canvas: Canvas, seats: list[Seat], choices: Mapping[int, Choice], settings: Settings, host: Host | None
) -> None:
    stranger = next((number for number in choices if not 1 <= number <= len(seats)), None)
    if stranger is not None:
        there = "one face" if len(seats) == 1 else f"{len(seats)} faces, numbered from the left"
        raise PhotoError(f"There is no face number {stranger} in {canvas.name}: it has {there}.")
    guests = [choice for choice in choices.values() if isinstance(choice, Guest)]
    if any(guest.photo is not None and np.array_equal(guest.photo, canvas.pixels) for guest in guests) or any(
        photo.digest == canvas.digest for guest in guests if guest.identity for photo in guest.identity.photos
    ):
        raise PhotoError(f"{canvas.name} is the person's own photo; choose another picture as the template.")
    if settings.quality != "instant" and guests and host is None:
        raise HostError("Painting faces needs a checkpoint; load one, or choose the quality instant.")
