"""The sheets and the table in docs/using/faces.md: ``python -m research.sheets.faces docs/using`` makes them."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageDraw

from facechain_ext.errors import FaceChainError
from facechain_ext.faces import (
    assess_quality,
    choose_face,
    clear_detections,
    detector,
    head_masker,
    read_picture,
)
from facechain_ext.faces.detect import DETECTORS
from facechain_ext.retouch import blend_face, retouch_skin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Detector, Face, Mask, Pixels, Points

log = logging.getLogger(__name__)

TILE = 240
"""Side in pixels of one picture on a sheet."""
_REPEATS = 7
"""Runs of which the median is reported, after one that does not count."""


@dataclass(frozen=True, eq=False)
class Condition:
    """One row of the table: a changed portrait, and ``warp`` [2, 3], which says where its landmarks [5, 2] moved to."""

    name: str
    pixels: Pixels
    warp: NDArray[np.floating]
    faces: int = 1

    def expected(self, landmarks: Points) -> NDArray[np.floating]:
        """Where landmarks of the unchanged portrait must lie now."""
        return np.asarray(landmarks @ self.warp[:, :2].T + self.warp[:, 2])


def conditions(portrait: Pixels) -> list[Condition]:
    """The portrait as photos go wrong: turned, dark, burnt, blurred, of many sizes, cut, several times in one."""
    still = np.eye(2, 3)
    rows = [Condition("as it is", portrait, still)]
    height, width = portrait.shape[:2]
    for angle in (15, 30, 60):
        warp = cv2.getRotationMatrix2D((width * 0.44, height * 0.24), -angle, 1)
        turned = cv2.warpAffine(portrait, warp, (width, height))
        rows.append(Condition(f"turned {angle}°", turned, warp))
    changed = {
        "20 % of the light": portrait * 0.2,
        "160 % of the light": portrait * 1.6,
        "200 % of the light": portrait * 2.0,
        "blurred, 2 px": cv2.GaussianBlur(portrait, (0, 0), 2),
        "blurred, 4 px": cv2.GaussianBlur(portrait, (0, 0), 4),
    }
    rows += [Condition(name, np.clip(pixels, 0, 255).astype(np.uint8), still) for name, pixels in changed.items()]
    for side in (64, 128, 256, 1000, 2000):
        how = cv2.INTER_AREA if side < width else cv2.INTER_CUBIC
        sized = cv2.resize(portrait, (side, side), interpolation=how)
        rows.append(Condition(f"{side} px", sized, _scaled(side / width)))
    cut = round(width * 0.44)
    rows.append(Condition("left half only", np.ascontiguousarray(portrait[:, :cut]), still))
    rows.append(Condition("right half only", np.ascontiguousarray(portrait[:, cut:]), _scaled(1, -cut)))
    group = np.full((700, 1500, 3), 120, np.uint8)
    for x, y, side in ((0, 0, 512), (560, 100, 400), (1000, 200, 300), (1240, 400, 260)):
        group[y : y + side, x : x + side] = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
    rows.append(Condition("four in one", group, still, faces=4))
    return rows


def _scaled(factor: float, right: float = 0) -> NDArray[np.float64]:
    """The warp of a picture ``factor`` times as large (pixel centres at half-integers), moved to the right."""
    rest = (factor - 1) / 2
    return np.array([[factor, 0, rest + right], [0, factor, rest]])


def measure(rows: Sequence[Condition], providers: Sequence[Detector]) -> str:
    """The table as Markdown: found, largest landmark error in % of the eye distance, ms by the clock, of processors."""
    names = [provider.name for provider in providers]
    lines = [
        "| picture | " + " | ".join(f"{name}: found | error | ms | of processors" for name in names) + " | quality |"
    ]
    lines.append("|---|" + "---|---|---|---|" * len(names) + "---|")
    for row in rows:
        cells, words = [], ""
        for provider in providers:
            base = choose_face(provider.detect(rows[0].pixels))
            found = provider.detect(row.pixels)
            spent = []
            for _ in range(_REPEATS):
                clear_detections()
                begin = time.perf_counter(), time.process_time()
                provider.detect(row.pixels)
                spent.append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
            expected = row.expected(base.landmarks)
            error = min((_error(face, expected) for face in found), default=None)
            cells += [f"{len(found)} of {row.faces}", "-" if error is None else f"{error:.1f} %"]
            cells += [f"{milliseconds:.0f}" for milliseconds in np.median(spent, axis=0) * 1000]
            if found and not words:
                words = assess_quality(row.pixels, found[0]).description
        lines.append(f"| {row.name} | " + " | ".join(cells) + f" | {words or '-'} |")
    return "\n".join(lines)


def _error(face: Face, expected: NDArray[np.floating]) -> float:
    """Largest distance to the expected landmarks in % of the expected eye distance."""
    eyes = float(np.linalg.norm(expected[1] - expected[0]))
    return float(np.linalg.norm(face.landmarks - expected, axis=1).max()) / eyes * 100


def detection_sheet(rows: Sequence[Condition], provider: Detector) -> Image.Image:
    """Every condition with boxes and landmarks drawn in."""
    tiles = []
    for row in rows:
        scale = TILE / max(row.pixels.shape[:2])
        small = cv2.resize(row.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        image = Image.fromarray(small)
        draw = ImageDraw.Draw(image)
        for face in provider.detect(row.pixels):
            draw.rectangle([value * scale for value in face.box], outline=(0, 255, 0))
            for x, y in face.landmarks * scale:
                draw.ellipse((x - 1.5, y - 1.5, x + 1.5, y + 1.5), fill=(255, 40, 40))
        tiles.append((row.name, np.asarray(image)))
    return sheet(tiles, columns=6)


_LOCK = np.array([(-1.23, -0.43), (-0.81, -0.06), (-0.6, 0.76), (-0.66, 3.0), (-1.51, 3.0), (-1.56, 1.1)])
"""A lock of hair beside the face, from the middle of the eyes in eye distances."""


def long_haired(portrait: Pixels, face: Face) -> tuple[Pixels, Mask]:
    """The portrait with a lock of long hair on each side, made of the hair beside the temple, and where they are."""
    left, right = face.landmarks[:2]
    unit, (x, y) = float(np.linalg.norm(right - left)), (left + right) / 2
    rows, columns = (
        slice(*np.round(part * unit).astype(int)) for part in (y / unit + [-0.57, 0.08], x / unit + [-1.33, -1])
    )
    strand = portrait[rows, columns]
    strand = np.concatenate([strand, strand[:, ::-1]], axis=1)
    strand = np.concatenate([strand, strand[::-1]])
    height, width = portrait.shape[:2]
    tiled = np.tile(strand, (-(-height // strand.shape[0]), -(-width // strand.shape[1]), 1))[:height, :width]
    canvas = np.zeros((height, width), np.uint8)
    for side in (1, -1):
        cv2.fillPoly(canvas, [np.round(_LOCK * (side, 1) * unit + (x, y)).astype(np.int32)], 1)
    cv2.ellipse(canvas, (round(x), round(y + 0.32 * unit)), (round(0.77 * unit), round(1.2 * unit)), 0, 0, 360, 0, -1)
    soft = cv2.GaussianBlur(canvas.astype(np.float32), (0, 0), 1)[..., None]
    return (portrait * (1 - soft) + tiled * soft).astype(np.uint8), canvas > 0


def mask_sheet(rows: Sequence[Condition], provider: Detector) -> Image.Image:
    """Head masks: what is not head is dark, what is face is tinted."""
    masker = head_masker()
    long, _ = long_haired(rows[0].pixels, choose_face(provider.detect(rows[0].pixels)))
    tiles = []
    for row in [rows[0], Condition("long hair, composed", long, rows[0].warp), *rows[1:]]:
        found = provider.detect(row.pixels)
        if not found or row.faces > 1 or min(row.pixels.shape[:2]) < 128:
            continue
        try:
            mask = masker.mask(row.pixels, found[0])
        except FaceChainError as error:
            log.warning("%s: %s", row.name, error)
            continue
        shown = row.pixels * np.where(mask.head, 1.0, 0.25)[..., None]
        shown[..., 1] = np.where(mask.face, np.minimum(shown[..., 1] + 50, 255), shown[..., 1])
        tiles.append((row.name, _fit(shown.astype(np.uint8))))
    return sheet(tiles, columns=6)


def blend_sheet(portrait: Pixels, other_photos: Sequence[tuple[str, Pixels]], provider: Detector) -> Image.Image:
    """Source, target, and the source's face on the target, and back."""
    mine = choose_face(provider.detect(portrait))
    tiles = []
    for name, other in other_photos:
        face = choose_face(provider.detect(other))
        there = blend_face(portrait, mine, other, face)
        back = blend_face(other, face, portrait, mine)
        tiles += [
            ("portrait", _around(portrait, mine)),
            (name, _around(other, face)),
            (f"portrait on {name}", _around(there, face)),
            (f"{name} on portrait", _around(back, mine)),
        ]
    return sheet(tiles, columns=4)


def retouch_sheet(pictures: Sequence[tuple[str, Pixels]], provider: Detector) -> Image.Image:
    """Each face as it is, retouched at the default strength, and at 1."""
    tiles = []
    for name, pixels in pictures:
        face = choose_face(provider.detect(pixels))
        steps = [pixels, retouch_skin(pixels, [face]), retouch_skin(pixels, [face], strength=1)]
        words = (name, "retouched, 0.6", "retouched, 1")
        tiles += [(word, _around(step, face, 0.75)) for word, step in zip(words, steps, strict=True)]
    return sheet(tiles, columns=3)


def relit(portrait: Pixels) -> list[tuple[str, Pixels]]:
    """Stand-ins where no second face is at hand: the portrait mirrored, and lit differently."""
    mirrored = np.ascontiguousarray(portrait[:, ::-1])
    across = np.linspace(1.25, 0.35, portrait.shape[1])[None, :, None]
    warm = mirrored * across * (1.05, 0.95, 0.75)
    turned = cv2.warpAffine(mirrored, cv2.getRotationMatrix2D((288, 125), 18, 1.1), mirrored.shape[1::-1])
    return [
        ("mirrored", mirrored),
        ("one-sided warm light", np.clip(warm, 0, 255).astype(np.uint8)),
        ("leaning, dim", (turned * 0.5).astype(np.uint8)),
    ]


def sheet(tiles: Sequence[tuple[str, Pixels]], columns: int) -> Image.Image:
    """Pictures with a line of words below each, in rows of ``columns``."""
    line, gap = 16, 6
    rows = -(-len(tiles) // columns)
    canvas = Image.new("RGB", (columns * (TILE + gap) + gap, rows * (TILE + line + gap) + gap), "white")
    draw = ImageDraw.Draw(canvas)
    for number, (words, pixels) in enumerate(tiles):
        left, top = gap + number % columns * (TILE + gap), gap + number // columns * (TILE + line + gap)
        canvas.paste(Image.fromarray(pixels), (left, top))
        draw.text((left, top + TILE + 2), words.replace("°", " degrees"), fill=(40, 40, 40))
    return canvas


def _fit(pixels: Pixels) -> Pixels:
    scale = TILE / max(pixels.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=how)  # type: ignore[no-any-return]


def _around(pixels: Pixels, face: Face, reach: float = 1.1) -> Pixels:
    """A square around a face, its side twice ``reach`` times the face's."""
    half = reach * max(face.width, face.height)
    x, y = face.centre
    left, top = max(int(x - half), 0), max(int(y - half), 0)
    return _fit(pixels[top : int(y + half), left : int(x + half)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the sheets and the table into ``folder``/faces; real second faces are given as files with ``--other``."""
    parser = argparse.ArgumentParser(prog="python -m research.sheets.faces", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the folder faces is made, such as docs/using")
    parser.add_argument("--photo", type=Path, help="a portrait; scikit-image's astronaut by default")
    parser.add_argument("--other", type=Path, action="append", default=[], help="another person's, for the blend")
    given = parser.parse_args(arguments)
    try:
        if given.photo is None:
            from skimage import data

            portrait = data.astronaut()
        else:
            portrait = read_picture(given.photo).pixels
        other_photos = [(path.stem, read_picture(path).pixels) for path in given.other] + relit(portrait)
        best = detector()
        providers = [detector(provider.name) for provider in DETECTORS if not provider.remedy()]
    except FaceChainError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    folder = given.folder / "faces"
    folder.mkdir(parents=True, exist_ok=True)
    rows = conditions(portrait)
    detection_sheet(rows, best).save(folder / "detection.jpg", quality=88)
    mask_sheet(rows, best).save(folder / "masks.jpg", quality=88)
    blend_sheet(portrait, other_photos, best).save(folder / "blend.jpg", quality=90)
    retouch_sheet([("portrait", portrait), *other_photos[:1]], best).save(folder / "retouch.jpg", quality=90)
    (folder / "detection.md").write_text(measure(rows, providers) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
