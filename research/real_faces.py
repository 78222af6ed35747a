"""The instant template on real photos: every face into every other one, judged by dlib's network.

The photos are any folder's, such as that of the npm package @vladmandic/face-api (``npm pack @vladmandic/face-api``,
then package/demo), and two portraits in the public domain that come with scikit-image and matplotlib. Only figures are
written, and pictures of the two public-domain portraits.
"""

from __future__ import annotations

import io
import json
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext import faces
from facechain_ext.demo.showcase import grace_hopper
from facechain_ext.errors import InputError, PhotoError
from facechain_ext.faces.mesh import OUTLINE, five_landmarks, mesh_of
from facechain_ext.faces.recognise.dlib_resnet import DlibRecogniser, distance
from facechain_ext.recipes.template import FaceSource, find_template_faces, make, read_template
from facechain_ext.recipes.template.source_photo import FAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from facechain_ext.faces.types import Detector, Face, Mask, Pixels
    from facechain_ext.recipes.template.faces import TemplateFace

_SUFFIXES = (".jpg", ".jpeg")
_REACH = 1.9
"""Sides of the face around its middle that are cut out as photo and template: head and shoulders."""
_SAME, _OTHER = 0.5, 0.55
"""Distance to the guest that counts as recognised, and to the template's person that counts as gone."""
_TURNS = ((0.0, 25.0), (25.0, 45.0))
"""Ranges of the larger of the differences in yaw and pitch, in degrees."""
_RIDGE = (168, 6, 197, 195, 5)
_BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)


@dataclass(frozen=True, eq=False)
class RealFace:
    """One face of a photo: its ``label``, cut out as ``pixels``, with all faces there, itself, and its descriptor."""

    label: str
    pixels: Pixels
    targets: list[TemplateFace]
    target: TemplateFace
    descriptor: NDArray[np.float32]

    @property
    def face(self) -> Face:
        """The face in the cut."""
        return self.target.face


@dataclass(frozen=True)
class Pair:
    """``guest`` put into ``template``, by labels, and what the result is like.

    ``turn`` in degrees, ``side`` whether the yaw of either of the two counts as seen from the side, distances by dlib,
    ``deviation`` of brows, ridge of the nose and outline from the template's in eye distances (NaN where the mesh does
    not fit template or result), ``seconds`` of processor time, ``outside`` pixels changed outside the mask.
    """

    guest: str
    template: str
    turn: float
    to_guest: float
    to_template: float
    strangers: float
    deviation: float
    seconds: float
    outside: int
    side: bool = False


@dataclass(frozen=True)
class Found:
    """The faces of one photo, of it mirrored, and the height in pixels of the smallest."""

    photo: str
    faces: int
    mirrored: int
    smallest: int


def photos(folder: Path) -> dict[str, Pixels]:
    """The two portraits and every photo of ``folder`` by name; raises InputError when it has none."""
    from skimage import data

    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES) if folder.is_dir() else []
    if not paths:
        raise InputError(f"{folder} has no photos; unpack the demo folder of the npm package @vladmandic/face-api.")
    own = {"Eileen Collins": data.astronaut(), "Grace Hopper": grace_hopper()}
    return own | {path.stem: faces.read_picture(path).pixels for path in paths}


def detection(name: str, pixels: Pixels, detector: Detector) -> Found:
    """What the detector finds in a photo and in its mirror image."""
    found, mirrored = detector.detect(pixels), detector.detect(np.ascontiguousarray(pixels[:, ::-1]))
    return Found(name, len(found), len(mirrored), round(min((face.height for face in found), default=0)))


def cut_faces(name: str, pixels: Pixels, detector: Detector, network: DlibRecogniser) -> Iterator[RealFace]:
    """Every face of a photo, cut out with head and shoulders; one that is not found again in its cut is left out."""
    for number, face in enumerate(faces.number_faces(detector.detect(pixels)), 1):
        reach = _REACH * max(face.width, face.height)
        x, y = face.centre
        left, top = max(int(x - reach), 0), max(int(y - reach), 0)
        cut = np.ascontiguousarray(pixels[top : int(y + reach), left : int(x + reach)])
        try:
            targets = find_template_faces(cut, detector)
        except PhotoError:
            continue
        middle = np.array([x - left, y - top])
        target = min(targets, key=lambda one: float(np.linalg.norm(one.face.landmarks.mean(0) - middle)))
        label = name if name.istitle() else f"{name} face {number}"
        yield RealFace(label, cut, targets, target, network.describe(cut, target.face))


def turn(one: Face, other: Face) -> float:
    """The larger of the differences in yaw and pitch, in degrees."""
    return max(abs(one.yaw - other.yaw), abs(one.pitch - other.pitch))


def measure(guest: RealFace, template: RealFace, network: DlibRecogniser, detector: Detector) -> tuple[Pair, Pixels]:
    """``guest`` put into ``template`` by the instant quality, and the figures of it."""
    from facechain_ext.recipes.template.qualities import QUALITIES
    from facechain_ext.recipes.template.settings import Settings

    canvas = read_template(_png(template.pixels), name="template.png")
    number = template.target.number
    start = time.process_time()
    done = make(canvas, {number: FaceSource(photo=_largest_face(guest))}, targets=template.targets, detector=detector)
    seconds = time.process_time() - start
    mask: Mask = QUALITIES["instant"].mask(template.target, Settings())
    before, after = (mesh_of(pixels, template.face) for pixels in (template.pixels, done.pixels))
    if before is None or after is None:
        landmarks, deviation = template.face.landmarks, float("nan")
    else:
        landmarks = five_landmarks(after)
        points = [*OUTLINE, *_RIDGE, *_BROWS]
        eyes = float(np.linalg.norm(before[33, :2] - before[263, :2]))
        deviation = float(np.linalg.norm(before[points, :2] - after[points, :2], axis=1).mean()) / max(eyes, 1e-6)
    seen = network.describe(done.pixels, _with_landmarks(template.face, landmarks))
    pair = Pair(
        guest.label,
        template.label,
        turn(guest.face, template.face),
        distance(seen, guest.descriptor),
        distance(seen, template.descriptor),
        distance(guest.descriptor, template.descriptor),
        deviation,
        seconds,
        int(done.changed[~mask].sum()),
        max(abs(guest.face.yaw), abs(template.face.yaw)) > FAR,
    )
    return pair, done.pixels


def summary(pairs: Sequence[Pair]) -> list[str]:
    """The table's rows, one for each range of turns."""
    lines = [
        "| turned by | pairs | below 0.50 | median | worst | template's person gone | deviation, median | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    groups = [
        (f"{low:.0f} to {high:.0f}°", [row for row in pairs if not row.side and _within(row.turn, low, high)])
        for low, high in _TURNS
    ]
    groups.append(("one in profile", [row for row in pairs if row.side]))
    for name, rows in groups:
        if not rows:
            continue
        near = np.array([row.to_guest for row in rows])
        gone = np.mean([row.to_template > _OTHER for row in rows])
        lines.append(
            f"| {name} | {len(rows)} | {np.mean(near < _SAME):.1%} | {np.median(near):.3f} | "
            f"{near.max():.2f} | {gone:.1%} | {np.nanmedian([row.deviation for row in rows]):.1%} | "
            f"{np.median([row.seconds for row in rows]):.2f} |"
        )
    return lines


def _within(turned: float, low: float, high: float) -> bool:
    return low <= turned <= high and (low == 0 or turned > low)


def run(folder: Path, out: Path, every: int) -> list[str]:
    """Measure every ``every``-th pair within 45 degrees, write the figures to ``out``, and give the tables' lines."""
    detector, network = faces.detector(), DlibRecogniser()
    pictures = photos(folder)
    found = [detection(name, pixels, detector) for name, pixels in pictures.items()]
    cuts = [face for name, pixels in pictures.items() for face in cut_faces(name, pixels, detector, network)]
    wanted = [
        (guest, template)
        for guest in cuts
        for template in cuts
        if guest is not template and turn(guest.face, template.face) <= _TURNS[-1][1]
    ][::every]
    pairs = [measure(guest, template, network, detector)[0] for guest, template in wanted]
    lines = ["| photo | faces | mirrored | smallest, pixels |", "|---|---|---|---|"]
    lines += [f"| {row.photo} | {row.faces} | {row.mirrored} | {row.smallest} |" for row in found]
    lines += ["", *summary(pairs)]
    rows = [{key: _rounded(value) for key, value in asdict(pair).items()} for pair in pairs]
    figures = {"photos": [asdict(row) for row in found], "pairs": rows}
    out.write_text(json.dumps(figures, indent=0, allow_nan=False), encoding="utf-8")
    return lines


def write_sheet(path: Path) -> None:
    """The two public-domain portraits in each other's photo: guest, template, as it is, and with each switch."""
    from PIL import Image
    from skimage import data

    from facechain_ext.recipes.template.settings import Settings

    choices = (Settings(), Settings(template_complexion=True), Settings(template_expression=True))
    windows = (((90, 30, 390, 400), data.astronaut()), ((100, 60, 420, 455), grace_hopper()))
    page = Image.new("RGB", (260 * (2 + len(choices)), 320 * 2))
    for row, ((guest_window, guest), (window, template)) in enumerate((windows, windows[::-1])):
        canvas = read_template(_png(template), name="template.png")
        made = [make(canvas, {1: FaceSource(photo=guest)}, choice).pixels for choice in choices]
        cuts = [(guest_window, guest), (window, template), *((window, one) for one in made)]
        for column, (box, pixels) in enumerate(cuts):
            cut = Image.fromarray(pixels).crop(box).resize((260, 320), Image.Resampling.LANCZOS)
            page.paste(cut, (260 * column, 320 * row))
    page.save(path, quality=85)


def _rounded(value: object) -> object:
    """A figure as JSON can hold it: a float to three digits, None for NaN, which JSON has no sign for."""
    if not isinstance(value, float):
        return value
    return None if np.isnan(value) else round(value, 3)


def _largest_face(guest: RealFace) -> Pixels:
    """The guest's cut where this face is the largest, else its middle: ``FaceSource`` takes the largest face."""
    left, top, right, bottom = guest.face.box
    side = 0.75 * max(right - left, bottom - top)
    x, y = (left + right) / 2, (top + bottom) / 2
    rows = slice(max(int(y - side), 0), int(y + side))
    return np.ascontiguousarray(guest.pixels[rows, max(int(x - side), 0) : int(x + side)])


def _with_landmarks(face: Face, landmarks: NDArray[np.float32]) -> Face:
    return replace(face, landmarks=landmarks)


def _png(pixels: Pixels) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()
