"""The sheet and the table in docs/using/template.md: ``python -m research.sheets.template docs/using`` makes them."""

from __future__ import annotations

import argparse
import io
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from facechain_ext import faces
from facechain_ext.demo.showcase import grace_hopper
from facechain_ext.recipes.template import (
    QUALITIES,
    FaceSource,
    Settings,
    draw_face_numbers,
    find_template_faces,
    make,
    read_template,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.faces.types import Mask, Pixels
    from facechain_ext.recipes.template.faces import TemplateFace
    from facechain_ext.recipes.template.image import TemplateImage

_HEIGHT = 260
"""Height in pixels of one picture on the sheet."""


@dataclass(frozen=True)
class Row:
    """One scene's figures.

    ``faces`` were found, the ``seam`` is so many times smaller than a plain paste's, ``outside`` pixels changed outside
    the masks.
    """

    name: str
    faces: int
    seam: float
    seconds: float
    outside: int


def scenes(portrait: Pixels) -> dict[str, Pixels]:
    """Templates composed from one portrait [512, 512, 3]: neighbours, touching, cut, leaning, in a mirror, ten."""
    head = portrait[:230, 110:340]
    face = head[:, 69:161]
    return {
        "two neighbours": beside(head, head[:, ::-1]),
        "touching boxes": beside(face, face[:, ::-1]),
        "cut by the border": beside(head[:, 75:], head),
        "leaning by 60 degrees": beside(turned(head, 60), head, gap=40),
        "in a mirror, 30 px": beside(head, sized(head, 74)[:, ::-1], gap=120, height=520),
        "ten": np.concatenate([beside(*[sized(head, 150)] * 5, gap=10, height=190)] * 2),
    }


def guest(portrait: Pixels) -> FaceSource:
    """The portrait's own person: mirrored, in a warmer and dimmer light."""
    return FaceSource(photo=np.clip(portrait[:, ::-1] * np.array([0.945, 0.9, 0.81]), 0, 255).astype(np.uint8))


def beside(*heads: Pixels, gap: int = 0, height: int = 256, background: int = 120) -> Pixels:
    """Heads side by side on a plain ground."""
    width = sum(head.shape[1] for head in heads) + gap * (len(heads) + 1)
    canvas = np.full((height, width, 3), background, np.uint8)
    x = gap
    for head in heads:
        canvas[(height - head.shape[0]) // 2 :][: head.shape[0], x : x + head.shape[1]] = head
        x += head.shape[1] + gap
    return canvas


def turned(head: Pixels, degrees: float) -> Pixels:
    """A head leaning to the left."""
    return np.asarray(Image.fromarray(head).rotate(degrees, fillcolor=(120, 120, 120)))


def sized(head: Pixels, side: int) -> Pixels:
    """A head at another size."""
    return np.asarray(Image.fromarray(head).resize((side, side), Image.Resampling.LANCZOS))


def seam(before: Pixels, after: Pixels, mask: Mask) -> float:
    """Mean difference of the gradients of two pictures [h, w, 3] along the border of a mask, in grey levels."""
    edge = mask ^ (np.roll(mask, 1, 0) & np.roll(mask, -1, 0) & np.roll(mask, 1, 1) & np.roll(mask, -1, 1) & mask)
    total = 0.0
    for axis in (0, 1):
        one, other = (np.diff(picture.astype(float), axis=axis, prepend=0) for picture in (before, after))
        total += float(np.abs(other - one)[edge].mean())
    return total


def measure(
    name: str, canvas: TemplateImage, targets: Sequence[TemplateFace], someone: FaceSource
) -> tuple[Row, Pixels]:
    """Every face of a scene replaced by the instant quality, and the figures of it."""
    start = time.perf_counter()
    done = make(canvas, {target.number: someone for target in targets}, targets=list(targets))
    seconds = time.perf_counter() - start
    union = np.any([QUALITIES["instant"].mask(target, Settings()) for target in targets], axis=0)
    ratios = []
    for target in targets:
        plain = np.where(target.mask[..., None], _pasted(canvas.pixels, target, someone), canvas.pixels)
        ratios.append(
            seam(canvas.pixels, plain, target.mask) / max(seam(canvas.pixels, done.pixels, target.mask), 1e-6)
        )
    return Row(name, len(targets), float(np.median(ratios)), seconds, int(done.changed[~union].sum())), done.pixels


def _pasted(pixels: Pixels, target: TemplateFace, someone: FaceSource) -> Pixels:
    """The guest's face scaled over the face's box, as it is."""
    assert someone.photo is not None
    face = faces.choose_face(faces.detector().detect(someone.photo))
    left, top, right, bottom = (round(side) for side in target.face.box)
    cut = [round(side) for side in face.box]
    piece = Image.fromarray(someone.photo).crop((cut[0], cut[1], cut[2], cut[3])).resize((right - left, bottom - top))
    page = Image.fromarray(pixels)
    page.paste(piece, (left, top))
    return np.asarray(page)


def main(folder: Path) -> list[Row]:
    """Write the sheet and the table below ``folder``."""
    from skimage import data

    portrait = data.astronaut()
    someone = guest(portrait)
    assert someone.photo is not None
    strips = [[Image.fromarray(someone.photo)]]
    (folder / "template").mkdir(parents=True, exist_ok=True)
    rows = _two_people(portrait, folder / "template" / "two-people.jpg")
    for name, scene in scenes(portrait).items():
        canvas = _canvas(scene, name)
        targets = find_template_faces(canvas.pixels)
        row, made = measure(name, canvas, targets, someone)
        rows.append(row)
        strips.append([draw_face_numbers(canvas.pixels, targets), Image.fromarray(made)])
    _sheet(strips).save(folder / "template" / "scenes.jpg", quality=88)
    lines = [
        "| scene | faces | seam, plain paste to ours | seconds | pixels changed outside |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {r.name} | {r.faces} | {_times(r.seam)} | {r.seconds:.2f} | {r.outside} |" for r in rows]
    (folder / "template" / "scenes.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return rows


def _two_people(one: Pixels, path: Path) -> list[Row]:
    """Two real people, each in the other's photo; gives their rows."""
    other = grace_hopper()
    strip, rows = [one, other], []
    for name, template, photo in (("the first in the second's photo", other, one), ("the other way", one, other)):
        canvas = _canvas(template, name)
        row, made = measure(name, canvas, find_template_faces(canvas.pixels), FaceSource(photo=photo))
        strip.append(made)
        rows.append(row)
    tall = [Image.fromarray(picture) for picture in strip]
    _sheet([tall], height=512, words="").save(path, quality=90)
    return rows


def _canvas(pixels: Pixels, name: str) -> TemplateImage:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return read_template(file.getvalue(), name=f"{name}.png")


def _times(ratio: float) -> str:
    """A ratio in words; the blend fades out before the border, so that next to nothing is left to divide by."""
    return f"{ratio:.1f}" if ratio < 100 else "over 100"


def _sheet(
    strips: Sequence[Sequence[Image.Image]],
    *,
    height: int = _HEIGHT,
    words: str = "the guest's photo; below: templates with numbers, and the results",
) -> Image.Image:
    """Strips of pictures below each other, all of one height."""
    fitted = [[one.resize((round(one.width * height / one.height), height)) for one in strip] for strip in strips]
    width = max(sum(one.width + 8 for one in strip) for strip in fitted)
    page = Image.new("RGB", (width, len(fitted) * (height + 8)), "white")
    pen = ImageDraw.Draw(page)
    for y, strip in enumerate(fitted):
        x = 0
        for one in strip:
            page.paste(one, (x, y * (height + 8)))
            x += one.width + 8
    pen.text((height + 20, 20), words, fill="black")
    return page


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the folder template is made, such as docs/using")
    main(parser.parse_args().folder)
