"""People into a template: who goes where, and the ways of putting them there."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import cv2
import numpy as np
from PIL import Image

from facechain_ext import faces
from facechain_ext.errors import FaceChainError, HostError, PhotoError
from facechain_ext.faces.fuse import blend_face
from facechain_ext.portrait.job import Inpaint, Job, Person
from facechain_ext.portrait.judge import ranked
from facechain_ext.portrait.template import faithful
from facechain_ext.portrait.template.crop import crop_of, grown, matched, painted_side, paste, square
from facechain_ext.portrait.template.seats import Seat, find_seats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from facechain_ext.faces.types import Detector, HeadMasker, Mask, Pixels
    from facechain_ext.identity import Identity
    from facechain_ext.portrait.job import ControlKind, Host
    from facechain_ext.portrait.judge import Judge
    from facechain_ext.portrait.style import FaceTool
    from facechain_ext.portrait.template.canvas import Canvas

log = logging.getLogger(__name__)

Quality = Literal["instant", "standard", "faithful"]
QUALITIES: tuple[Quality, ...] = get_args(Quality)
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
    over the painted one, which the faithful quality always does where there is a photo. ``count`` faces are painted
    for each place, and the most like is taken. ``match`` gives what the standard quality paints the template's light
    and cast. ``controls`` are the kinds of ControlNet that the host has; the faithful quality uses them.
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
    count: int = 1
    match: bool = True
    controls: frozenset[ControlKind] = frozenset()

    @property
    def paints(self) -> bool:
        """Whether faces are painted by a diffusion model, which needs a host and identities."""
        return self.quality != "instant"

    @property
    def chooses(self) -> bool:
        """Whether several faces are painted for each place, so that a judge is wanted."""
        return self.paints and self.count > 1


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
    judge: Judge | None = None,
    tools: Sequence[FaceTool] = (),
    progress: Callable[[int, int], bool] | None = None,
) -> TemplateResult:
    """Put the people of ``choices`` (number of the face -> who) into the template; faces not named stay as they are.

    Outside the feathered masks, and in every face that is kept, not a bit changes. A face that cannot be done is left
    and named in the notes. ``judge`` chooses among several tries; ``tools`` finish each new face in turn, inside its
    mask; one that cannot is named in the notes.
    Raises PhotoError for a number that the template has not and for a template that is a guest's own photo, HostError
    when the quality needs a host and there is none.
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
                made, said = _painted(pixels, seat, seats, choice, settings, host, detector, judge, progress)
                notes += said
        except PhotoError as error:
            log.warning("face %d is left as it is: %s", seat.number, error)
            notes.append(f"Face {seat.number} is left as it is: {error}")
            continue
        if choice != "pixelate":
            made = _finished(made, seat, choice, tools, notes)
        own = _area(seat, choice, settings)
        for other in seats:
            own = own & ~other.mask if other.number != seat.number else own
        pixels = np.where(own[..., None], made, pixels)
    return TemplateResult(pixels, np.asarray((pixels != canvas.pixels).any(-1)), tuple(notes))


def _area(seat: Seat, choice: Choice, settings: Settings) -> Mask:
    """Where a choice may change the template."""
    if choice == "pixelate" or settings.quality == "standard":
        return grown(seat, settings.growth)
    return seat.mask if settings.quality == "instant" else faithful.growing(seat)


def _finished(made: Pixels, seat: Seat, guest: Guest, tools: Sequence[FaceTool], notes: list[str]) -> Pixels:
    """What was made with the tools used on the square around the face."""
    photo = None if guest.photo is None else Image.fromarray(guest.photo)
    left, top, side = crop_of(seat)
    for tool in tools:
        try:
            new = tool(Image.fromarray(square(made, left, top, side)), photo)
        except FaceChainError as error:
            log.warning("%s: %s", tool.name, error)
            notes.append(f"Face {seat.number}: {tool.name} left it as it is: {error}")
            continue
        made = np.array(made)
        paste(made, np.asarray(new.convert("RGB")), np.ones(made.shape[:2], np.bool_), left, top, 1.0)
    return made


def _instant(pixels: Pixels, seat: Seat, guest: Guest, detector: Detector) -> Pixels:
    """Lay the face of the guest's photo (of the card's thumbnail, without one) over the template's."""
    photo = guest.photo if guest.photo is not None else guest.identity.thumbnail if guest.identity else None
    if photo is None:
        raise PhotoError("there is no photo of the person; give one.")
    return blend_face(photo, faces.choose_face(detector.detect(photo)), pixels, seat.face, target_mask=seat.mask)


def _painted(
    pixels: Pixels,
    seat: Seat,
    seats: Sequence[Seat],
    guest: Guest,
    settings: Settings,
    host: Host,
    detector: Detector,
    judge: Judge | None,
    progress: Callable[[int, int], bool] | None,
) -> tuple[Pixels, list[str]]:
    """The picture with the face painted anew, the most like of several tries, and what was said of choosing it."""
    if guest.identity is None:
        raise PhotoError("painting needs an identity; give a photo with an encoder, or a card.")
    said: list[str] = []
    if settings.quality == "faithful":
        tries = []
        for number in range(settings.count):
            once = replace(settings, seed=settings.seed + number)
            painted, left_out = faithful.paint(pixels, seat, seats, guest, once, host, detector, progress)
            tries.append(painted)
            said += [note for note in left_out if note not in said]
        for note in said:
            log.warning("%s", note)
        mask = faithful.growing(seat)
    else:
        tries = _standard(pixels, seat, guest.identity, settings, host, progress)
        mask = grown(seat, settings.growth)
    best, notes = _most_like(tries, seat, guest.identity, judge)
    canvas = _laid(pixels, seat, mask, best)
    if settings.quality == "standard" and settings.fuse:
        canvas = _instant(canvas, seat, guest, detector)
    return canvas, said + notes


def _most_like(
    tries: Sequence[Image.Image], seat: Seat, identity: Identity, judge: Judge | None
) -> tuple[Image.Image, list[str]]:
    if len(tries) == 1 or judge is None:
        return tries[0], []
    scores = [judge.likeness(one, identity) for one in tries]
    best = ranked(scores)[0]
    score = scores[best]
    said = "in none a face was found" if score is None else f"likeness {score}"
    return tries[best], [f"Face {seat.number}: the most like of {len(tries)}, {said}."]


def _standard(
    pixels: Pixels,
    seat: Seat,
    identity: Identity,
    settings: Settings,
    host: Host,
    progress: Callable[[int, int], bool] | None,
) -> list[Image.Image]:
    """The crop around the face, painted anew inside its grown mask at the resolution that the face deserves."""
    left, top, side = crop_of(seat)
    painted = painted_side(side)
    mask = grown(seat, settings.growth)
    crop = square(pixels, left, top, side)
    small_mask = cv2.resize(square(mask[..., None] * np.uint8(255), left, top, side), (painted, painted))
    start = Image.fromarray(crop).resize((painted, painted), Image.Resampling.LANCZOS)
    job = Job(
        settings.prompt,
        settings.negative_prompt,
        people=(Person(identity, settings.strength, region=np.asarray(small_mask / 255.0, np.float32)),),
        count=settings.count,
        seed=settings.seed + seat.number,
        steps=settings.steps,
        sampler=settings.sampler,
        cfg=settings.cfg,
        width=painted,
        height=painted,
        inpaint=Inpaint(start, settings.denoise, Image.fromarray(small_mask)),
    )
    finished = [one.picture.convert("RGB") for one in host.generate(job, progress=progress)]
    if not finished:
        raise PhotoError("it was stopped before it was painted.")
    if not settings.match:
        return finished
    before = np.asarray(start)
    return [Image.fromarray(matched(np.asarray(one), before, small_mask >= 128)) for one in finished]


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
    if settings.paints and guests and host is None:
        raise HostError("Painting faces needs a checkpoint; load one, or choose the quality instant.")
