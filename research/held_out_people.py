"""Held-out rendered people: the one whom the demo shows, and the sheet that the documents show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from facechain_ext.demo import tiny_models
from facechain_ext.demo.showcase import HELD_OUT_PERSON, SIDE, STEPS, TRIES, best_of
from facechain_ext.hosts.diffusers import DiffusersHost
from facechain_ext.identity import Identity, TransFace
from facechain_ext.recipes.sheet import sheet
from research.evaluate.rendered import HELD_OUT
from research.synthetic_world import Nuisance, Scene, person, render

if TYPE_CHECKING:
    from facechain_ext.faces.types import Pixels

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "pictures" / "held-out-people.jpg"
PHOTO_SIDE = 192
SHOWN = 0
"""The number of the person whom the demo shows."""


def held_out_photo(number: int) -> Pixels:
    """A calm front view of the held-out rendered person ``number``, whom training never shows to a model."""
    calm = Nuisance(0, 0, 0, 0.3, 0, 0, 0.2, 0.4, 0, 0, 0, 0, 0)
    scene = Scene("blue", "white", "shirt", "", "photo", "closeup")
    return render(person(HELD_OUT + number), scene, calm, side=PHOTO_SIDE).pixels


def held_out_sheet(
    host: DiffusersHost, encoder: TransFace, *, people: int = 10, tries: int = TRIES, strength: float = 1.0
) -> Image.Image:
    """Held-out rendered people, each above the most like of ``tries`` portraits; the figures are cosines."""
    cells: list[tuple[str, Image.Image]] = []
    below: list[tuple[str, Image.Image]] = []
    for number in range(people):
        photo = held_out_photo(number)
        who = Identity.from_photos(photo, encoder, name=f"person {number + 1}")
        scored = best_of(host, encoder, who, strength=strength, count=tries)
        score = scored.scores[scored.best]
        cells.append((f"person {number + 1}", Image.fromarray(photo)))
        below.append((f"likeness {score.cosine:.2f}" if score else "no face", scored.pictures[scored.best].picture))
    half = -(-people // 2)
    rows = [*cells[:half], *below[:half], *cells[half:], *below[half:]]
    chosen = "a portrait" if tries == 1 else f"the most like of {tries} portraits"
    title = (
        f"Synthetic people whom the tiny models never saw, and below each {chosen} "
        f"({SIDE} pixels, {STEPS} steps, strength {strength:g}). Likeness: cosine, by the encoder that put the face in."
    )
    return sheet(rows, side=160, columns=half, title=title)


def write_held_out_people(tries: int, file: Path = FILE) -> Path:
    """Draw the sheet with the tiny models that ship, and write it as JPEG."""
    models = tiny_models(ROOT / "outputs" / "small-models")
    host = DiffusersHost.from_files(models.checkpoint, adapter=models.adapter)
    held_out_sheet(host, TransFace.from_file(models.encoder), tries=tries).save(file, quality=85)
    return file


def write_held_out_person(file: Path = HELD_OUT_PERSON) -> Path:
    """Render the person whom the demo shows."""
    Image.fromarray(held_out_photo(SHOWN)).save(file, optimize=True)
    return file
