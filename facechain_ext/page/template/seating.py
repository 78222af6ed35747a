"""From the Template page's fields to a finished template; knows nothing of the page's components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from PIL import Image

from facechain_ext import faces
from facechain_ext.errors import PhotoError
from facechain_ext.identity import Identity
from facechain_ext.identity.library import CardLibrary
from facechain_ext.page.compare import compare
from facechain_ext.page.portrait.result import chosen_seed
from facechain_ext.portrait.template import Guest, Settings, find_seats, make, numbered, read_canvas

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from facechain_ext.page.host import PageHost
    from facechain_ext.portrait.template.recipe import Choice, Quality

KEEP, PIXELATE = "keep", "pixelate"
PHOTO, CARD = "photo: ", "card: "
"""How a choice that is a guest's photo or a card begins."""
QUALITIES = ("instant", "standard", "faithful")
MOST_FACES = 10
"""Faces that have a drop-down; further ones stay as they are."""


@dataclass(frozen=True)
class Order:
    """What the page asks for: the template, a choice in words for each face from the left, and how it is done."""

    template: Path
    choices: tuple[str, ...]
    photos: Mapping[str, Path]
    quality: str = "instant"
    prompt: str = ""
    denoise: float = 0.6
    strength: float = 0.55
    steps: int = 30
    seed: int = -1
    fuse: bool = False


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


def seat(host: PageHost, order: Order, report: Callable[[int, int], bool]) -> tuple[Path, Image.Image, tuple[str, ...]]:
    """The file of the finished template, the picture, and what was not as asked.

    Raises FaceChainError; then nothing is written.
    """
    canvas = read_canvas(order.template)
    seats = find_seats(canvas.pixels)
    paint = order.quality != "instant"
    asked = {n: words for n, words in enumerate(order.choices[: len(seats)], 1) if words and words != KEEP}
    if not asked:
        raise PhotoError("Every face is kept; choose somebody for one of them.")
    wanted = {number: _choice(host, order, words, paint=paint) for number, words in asked.items()}
    offers = host.offers()
    standard = Settings()
    settings = Settings(
        quality=cast("Quality", order.quality),
        denoise=order.denoise,
        strength=order.strength,
        steps=order.steps,
        seed=chosen_seed(order.seed),
        fuse=order.fuse,
        controls=frozenset(kind for kind, reason in offers.controls.items() if not reason),
        prompt=order.prompt.strip() or standard.prompt,
    )
    done = make(canvas, wanted, settings, host=host if paint else None, seats=seats, progress=report)
    folder = host.output_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = _free(folder)
    canvas.save(done.pixels, path)
    return path, Image.fromarray(done.pixels), done.notes


@dataclass(frozen=True, eq=False)
class Made:
    """A finished template: where it came from, the name of its file, and the picture."""

    template: Path
    file: str
    picture: Image.Image


def batch(host: PageHost, orders: Sequence[Order], report: Callable[[int, int], bool]) -> tuple[list[Made], list[str]]:
    """Several templates as one job; one that fails is named and the others go on."""
    made: list[Made] = []
    notes: list[str] = []
    for number, order in enumerate(orders):
        if not report(number, len(orders)):
            notes.append(f"Stopped after {number} of {len(orders)} templates.")
            break
        try:
            path, picture, said = seat(host, order, lambda _done, _total: report(number, len(orders)))  # noqa: B023
        except PhotoError as error:
            notes.append(f"{order.template.name}: {error}")
            continue
        made.append(Made(order.template, path.name, picture))
        notes += [f"{order.template.name}: {line}" for line in said]
    return made, notes


def comparisons(made: Sequence[Made]) -> str:
    """Template and result of the first 4 over each other, as HTML."""
    return "".join(compare(read_canvas(one.template).pixels, one.picture, one.file) for one in made[:4])


def _choice(host: PageHost, order: Order, words: str, *, paint: bool) -> Choice:
    if words == PIXELATE:
        return "pixelate"
    if words.startswith(CARD):
        return Guest(CardLibrary().load(words.removeprefix(CARD)))
    path = order.photos.get(words.removeprefix(PHOTO))
    if path is None:
        raise PhotoError(f"There is no photo called {words.removeprefix(PHOTO)[:60]}; choose again for this face.")
    pixels: Any = faces.read_picture(path).pixels
    return Guest(Identity.from_photos(path, host.encoder()) if paint else None, pixels)


def _free(folder: Path) -> Path:
    number = 1
    while (path := folder / f"template-{number:04d}.png").exists():
        number += 1
    return path
