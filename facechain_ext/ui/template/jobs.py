"""From the Template page's fields to a finished template; knows nothing of the page's components."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from facechain_ext import faces
from facechain_ext.errors import Cancelled, FaceChainError, HostError, PhotoError
from facechain_ext.identity import Identity
from facechain_ext.identity.library import CardLibrary
from facechain_ext.recipes.job import Portrait
from facechain_ext.recipes.readiness import require_ready
from facechain_ext.recipes.sheet import sheet
from facechain_ext.recipes.template import FaceSource, Settings, find_choices, find_seats, make, numbered, read_canvas
from facechain_ext.recipes.template.faithful import CONTROLS
from facechain_ext.recipes.template.infotext import settings_text
from facechain_ext.recipes.tools import retouching
from facechain_ext.ui.background_task import partial_progress
from facechain_ext.ui.compare import compare
from facechain_ext.ui.portrait.result import chosen_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from PIL import Image

    from facechain_ext.recipes.style import FaceTool
    from facechain_ext.recipes.template import TemplateFace, TemplateResult
    from facechain_ext.recipes.template.settings import FaceAction, Quality
    from facechain_ext.ui.host import HostCapabilities, PageHost

KEEP, PIXELATE = "keep", "pixelate"
PHOTO, CARD = "photo: ", "card: "
"""How a choice that is a guest's photo or a card begins."""
MOST_FACES = 10
"""Faces that have a drop-down; further ones stay as they are."""


@dataclass(frozen=True)
class TemplateRequest:
    """What the page asks for: the template, a choice in words for each face from the left, and how it is done.

    ``guest`` is a choice for the face ``guest_face`` (0: the largest), over the one in ``choices``. ``restorer`` is a
    name of the host's offers or nothing.
    """

    template: Path
    choices: tuple[str, ...]
    photos: Mapping[str, Path]
    quality: str = "instant"
    prompt: str = ""
    denoise: float = 0.6
    strength: float = 0.55
    steps: int = 30
    seed: int = -1
    growth: float = 0.04
    hair: bool = False
    count: int = 1
    fuse: bool = False
    retouch: bool = False
    restorer: str = ""
    guest: str = ""
    guest_face: int = 0


def unfit_controls(offers: HostCapabilities, quality: str) -> list[str]:
    """Why the passes of a quality go without a kind of ControlNet, in words; nothing where they need none."""
    if quality != "faithful":
        return []
    return list(dict.fromkeys(reason for kind in CONTROLS if (reason := offers.unavailable_reason(kind))))


def choices_for(photos: Sequence[str]) -> list[str]:
    """What every face can become: itself, a mosaic, a photo that was uploaded, or a card."""
    return [KEEP, PIXELATE, *(PHOTO + name for name in photos), *(CARD + name for name in CardLibrary().names())]


@dataclass(frozen=True, eq=False)
class Seen:
    """A template with its faces numbered, and the boxes of the faces from the left, in pixels of ``picture``."""

    picture: Image.Image
    boxes: tuple[tuple[float, float, float, float], ...]


def show(template: Path) -> Seen:
    """The faces of a template; raises PhotoError where there is none."""
    canvas = read_canvas(template)
    seats = find_seats(canvas.pixels)
    return Seen(numbered(canvas.pixels, seats), tuple(seat.face.box for seat in seats))


def pointed_at(boxes: Sequence[Sequence[float]], x: float, y: float) -> int | None:
    """The number of the face whose box holds a point, from 1; of several the nearest middle, None beside all."""
    inside = [
        ((x - (left + right) / 2) ** 2 + (y - (top + bottom) / 2) ** 2, number)
        for number, (left, top, right, bottom) in enumerate(boxes, 1)
        if left <= x <= right and top <= y <= bottom
    ]
    return min(inside)[1] if inside else None


def next_choice(choices: Sequence[str], now: str) -> str:
    """What a click on a face changes its choice to: the next of ``choices``, the first after the last."""
    return choices[(choices.index(now) + 1) % len(choices)] if now in choices else choices[0]


@dataclass(frozen=True, eq=False)
class Made:
    """A finished template: where it came from, its file's name (nothing when none is kept), picture and settings text.

    ``guest`` is who was put in where people go in turn. ``notes`` say what was not as asked, ``stopped`` that an
    interrupt ended it early.
    """

    template: Path
    file: str
    picture: Image.Image
    guest: str = ""
    infotext: str = ""
    notes: tuple[str, ...] = ()
    stopped: bool = False


def seat(host: PageHost, order: TemplateRequest, report: Callable[[int, int], bool]) -> Made:
    """The finished template, kept where the host keeps its pictures.

    Raises FaceChainError; then nothing is written.
    """
    canvas = read_canvas(order.template)
    offers = host.offers()
    settings = _settings(order, offers)
    if settings.paints:
        require_ready(offers.needed)
    hair = order.hair and settings.paints
    seats = find_seats(canvas.pixels, hair=hair)
    asked = {n: words for n, words in enumerate(order.choices[: len(seats)], 1) if words and words != KEEP}
    if order.guest:
        asked[order.guest_face or _largest(seats)] = order.guest
    if not asked:
        raise PhotoError("Every face is kept; choose somebody for one of them.")
    wanted, refused = find_choices(asked, lambda words: _choice(host, order, words, paint=settings.paints))
    judge = host.judge() if settings.chooses else None
    tools = _tools(order, offers.restorers)

    def work() -> TemplateResult:
        painter = host if settings.paints else None
        return make(canvas, wanted, settings, host=painter, seats=seats, judge=judge, tools=tools, progress=report)

    done = host.queued(work)() if settings.paints else work()
    names = [tool.name for tool in tools]
    text = settings_text(canvas, wanted, settings, hair=hair, tools=names, host_text=done.settings_text)
    picture = canvas.picture(done.pixels)
    picture.info["parameters"] = text  # what is downloaded from the page keeps it
    portrait = Portrait(picture, settings.seed, text, done.notes)
    path = host.save(portrait, stem="template", exact=lambda inside: canvas.encoded(done.pixels, inside))
    notes = (*refused, *unfit_controls(offers, settings.quality), *done.notes)
    return Made(order.template, "" if path is None else path.name, picture, order.guest, text, notes, done.stopped)


def _settings(order: TemplateRequest, offers: HostCapabilities) -> Settings:
    return Settings(
        quality=cast("Quality", order.quality),
        denoise=order.denoise,
        strength=order.strength,
        steps=order.steps,
        seed=chosen_seed(order.seed),
        growth=order.growth,
        count=order.count,
        fuse=order.fuse,
        controls=offers.ready_controls,
        sides=offers.defaults.painted,
        prompt=order.prompt.strip() or Settings().prompt,
    )


def batch(
    host: PageHost, orders: Sequence[TemplateRequest], report: Callable[[int, int], bool]
) -> tuple[list[Made], list[str]]:
    """Several templates as one job; one that fails is named and the others go on, until it is stopped."""
    made: list[Made] = []
    notes: list[str] = []
    for number, order in enumerate(orders):
        if not report(number, len(orders)):
            notes.append(_stopped_after(number, len(orders)))
            break
        try:
            one = seat(host, order, partial_progress(report, number, len(orders)))
        except Cancelled as error:
            notes.append(_stopped_after(number, len(orders)) if len(orders) > 1 else str(error))
            break
        except FaceChainError as error:
            notes.append(f"{_label(order)}: {error}")
            continue
        made.append(one)
        notes += [f"{_label(order)}: {line}" for line in one.notes]
        if one.stopped and number + 1 < len(orders):
            notes.append(_stopped_after(number + 1, len(orders)))
            break
    return made, notes


def _stopped_after(number: int, count: int) -> str:
    return f"Stopped after {number} of {count} templates."


def each_with_each(orders: Sequence[TemplateRequest], guests: Sequence[str], face: int) -> list[TemplateRequest]:
    """Every template with every guest in turn, template by template; the orders as they are without guests."""
    if not guests:
        return list(orders)
    return [replace(order, guest=guest, guest_face=face) for order in orders for guest in guests]


def contact_sheet(host: PageHost, made: Sequence[Made]) -> tuple[str, Image.Image]:
    """The sheet of a job, a row for each template where several guests went in, kept with its pictures.

    Gives the name of its file, nothing when none is kept.
    """
    guests = list(dict.fromkeys(one.guest for one in made))
    columns = len(guests) if len(guests) > 1 else 4
    labels = [f"{one.file} {one.guest}".strip() for one in made]
    page = sheet([(label, one.picture) for label, one in zip(labels, made, strict=True)], columns=columns)
    path = host.save(Portrait(page, 0, ""), stem="contact-sheet")
    return "" if path is None else path.name, page


def _label(order: TemplateRequest) -> str:
    return f"{order.template.name}, {order.guest}" if order.guest else order.template.name


def _largest(seats: Sequence[TemplateFace]) -> int:
    return max(seats, key=lambda seat: seat.face.area).number


def _tools(order: TemplateRequest, restorers: Mapping[str, FaceTool]) -> list[FaceTool]:
    tools = [retouching()] if order.retouch else []
    if order.restorer:
        if order.restorer not in restorers:
            raise HostError(f"There is no face restorer called {order.restorer} here.")
        tools.append(restorers[order.restorer])
    return tools


def comparisons(made: Sequence[Made]) -> str:
    """Template and result of the first 4 over each other, as HTML."""
    return "".join(compare(read_canvas(one.template).pixels, one.picture, one.file) for one in made[:4])


def _choice(host: PageHost, order: TemplateRequest, words: str, *, paint: bool) -> FaceAction:
    if words == PIXELATE:
        return "pixelate"
    if words.startswith(CARD):
        name = words.removeprefix(CARD)
        return FaceSource(CardLibrary().load(name), source=f"card {name}")
    path = order.photos.get(words.removeprefix(PHOTO))
    if path is None:
        raise PhotoError(f"There is no photo called {words.removeprefix(PHOTO)[:60]}; choose again for this face.")
    photo = faces.read_picture(path)
    identity = Identity.from_photos(photo, host.encoder()) if paint else None
    return FaceSource(identity, photo.pixels, f"photo {photo.digest[:12]}")
