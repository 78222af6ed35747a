"""Preparation of training photos, done once: detect, rate, mask, align, crop, caption and compare."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facechain_ext import faces
from facechain_ext.errors import PhotoError
from facechain_ext.identity import prepare_face
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.training.adapter.journal import JOURNAL, TEMPLATE, JournalEntry, read_journal
from facechain_ext.training.adapter.sources import sources
from facechain_ext.training.adapter.verify import verify
from facechain_ext.training_runs.pictures import write_png

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from facechain_ext.faces import Detector, HeadMasker, Picture
    from facechain_ext.faces.types import Face, Mask, Pixels
    from facechain_ext.identity.face_embedders import FaceEmbedder
    from facechain_ext.training.adapter.sources import Source
    from facechain_ext.training.adapter.verify import Alike

SECOND_FACE = 0.25
"""A second face of at least this share of the largest one's area makes two persons; a smaller one is a bystander."""
REPORT = "report.md"


@dataclass(frozen=True)
class PhotoRequirements:
    """Requirements of photos: ``size`` of the square crops in pixels, a multiple of 8; least ``quality`` in 0..1."""

    size: int = 512
    quality: float = 0.1


def prepare(
    root: Path,
    out: Path,
    *,
    detector: Detector,
    masker: HeadMasker,
    requirements: PhotoRequirements | None = None,
    caption: Callable[[Pixels], str] | None = None,
    embedder: FaceEmbedder | None = None,
    progress: Callable[[int, str], None] = lambda _done, _name: None,
) -> list[JournalEntry]:
    """Prepare every photo below ``root`` into ``out``; one row for each, and a report that names what was dropped.

    ``caption`` describes a square that no text lies beside. With ``embedder`` the photos under each name are compared,
    and those of other people dropped. Photos in the journal of ``out`` are not prepared again. Every photo that cannot
    be used has a row with the reason.

    Raises PhotoError when there are no photos or none is usable, or when ``out`` was prepared with other requirements;
    OSError when the disk is full, after which the same call resumes.
    """
    requirements = requirements or PhotoRequirements()
    found = list(sources(root))
    out.mkdir(parents=True, exist_ok=True)
    check_requirements(out, requirements)
    known = {(row.name, row.size): row for row in read_journal(out)}
    rows = []
    with (out / JOURNAL).open("a", encoding="utf-8") as journal:
        for done, source in enumerate(found):
            row = known.get((source.name, source.size))
            if row is None:
                row = _journal_entry(source, out, detector, masker, requirements, caption)
                journal.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
                journal.flush()
            rows.append(row)
            progress(done + 1, source.name)
        alike: list[Alike] = []
        if embedder is not None:
            before = rows
            rows, alike = verify(before, out, embedder, detector, lambda name: progress(len(found), name))
            changed = [row for row, earlier in zip(rows, before, strict=True) if row != earlier]
            journal.writelines(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in changed)
    (out / REPORT).write_text(report(rows, alike), encoding="utf-8")
    if all(row.dropped for row in rows):
        raise PhotoError(f"None of the {len(rows)} photos can be used; {out / REPORT} says why for each.")
    return rows


def report(rows: Sequence[JournalEntry], alike: Sequence[Alike] = ()) -> str:
    """The kept photos by person, the dropped ones with their reasons, and names that look alike, as Markdown."""
    usable = [row for row in rows if not row.dropped]
    persons = Counter(row.person for row in usable)
    single = sorted(person for person, count in persons.items() if count == 1)
    own = sum(row.captioned for row in usable)
    lines = [
        "# Prepared photos",
        "",
        f"{len(usable)} of {len(rows)} photos of {len(persons)} persons were kept; {own} have a caption of their own, "
        f'the others "{TEMPLATE}".',
    ]
    if single:
        lines += ["", "Only one photo, so never the face of another one (see --single): " + ", ".join(single) + "."]
    networks = sorted({row.verified for row in rows if row.verified})
    if networks:
        lines += ["", f"The photos under each name were compared by {', '.join(networks)}.", ""]
        lines += ["| person | photos | likeness to their mean, mean and least |", "|---|---|---|"]
        for person, count in sorted(persons.items()):
            likeness = [row.likeness for row in usable if row.person == person and row.verified]
            figures = f"{sum(likeness) / len(likeness):.2f}, {min(likeness):.2f}" if likeness else "not compared"
            lines.append(f"| {person} | {count} | {figures} |")
    lines += [
        "", *(f"{pair.one} and {pair.other} look like one person ({pair.likeness:.2f}); put them into one folder."
              for pair in alike),
    ] if alike else []  # fmt: skip
    dropped = [row for row in rows if row.dropped]
    if dropped:
        lines += ["", "| photo | dropped because |", "|---|---|"]
        lines += [f"| {row.name} | {row.dropped} |".replace("\n", " ") for row in dropped]
    return "\n".join(lines) + "\n"


def check_requirements(out: Path, requirements: PhotoRequirements, *, only: str = "") -> None:
    """Record the requirements of a folder; raises PhotoError when it was prepared with others or the record is damaged.

    With ``only`` the one of that name is compared, and nothing is recorded.
    """
    path, now = out / "demands.json", asdict(requirements)
    if path.is_file():
        try:
            earlier = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise PhotoError(f"{path} is damaged ({error}); delete {out} and prepare the photos again.") from error
        if earlier != now if not only else earlier.get(only) != now[only]:
            raise PhotoError(f"{out} was prepared with {earlier}, now {now}; choose another folder.")
        return
    if not only:
        with atomic_write(path) as part:
            part.write_text(json.dumps(now), encoding="utf-8")


def _journal_entry(
    source: Source,
    out: Path,
    detector: Detector,
    masker: HeadMasker,
    requirements: PhotoRequirements,
    caption: Callable[[Pixels], str] | None,
) -> JournalEntry:
    def dropped(why: str) -> JournalEntry:
        return JournalEntry(source.person, source.name, source.size, dropped=why)

    try:
        data = source.read()
    except (OSError, PhotoError) as error:
        return dropped(f"it cannot be read ({error})")
    try:
        picture = faces.read_picture(data, name=source.name)
        found = detector.detect(picture.pixels)
        if len(found) > 1 and found[1].area >= SECOND_FACE * found[0].area:
            return dropped(f"it shows {len(found)} persons; cut out the one who is meant")
        prepared = prepare_face(picture, None, detector, masker)
        quality = faces.assess_quality(picture.pixels, prepared.face, prepared.head)
        if quality.score < requirements.quality:
            return dropped(
                f"the face is {quality.description} (quality {quality.score:.2f} of {requirements.quality:.2f})"
            )
        target, mask, crop = square(picture, prepared.face, prepared.head.face, requirements.size)
    except PhotoError as error:
        return dropped(str(error))
    key = hashlib.sha256(f"{source.person}\n{source.name}\n".encode() + data).hexdigest()[:16]
    for kind, pixels in (("picture", target), ("mask", mask), ("face", prepared.aligned)):
        write_png(out / f"{key}-{kind}.png", pixels)
    described = source.caption or (caption(target).strip() if caption is not None else "")
    return JournalEntry(
        *(source.person, source.name, source.size, key, described or TEMPLATE),
        captioned=bool(described),
        original=(picture.height, picture.width),
        crop=crop,
    )


def square(picture: Picture, face: Face, mask: Mask, size: int) -> tuple[Pixels, Pixels, tuple[int, int]]:
    """The largest square of a picture that is centred on the face as well as it fits, [size, size, 3], and its mask.

    The mask is uint8 [size, size], 255 on the face. The pair is top and left of the square in the scaled picture.
    Raises PhotoError when that would enlarge the picture over twice.
    """
    side = min(picture.width, picture.height)
    if side * 2 < size:
        raise PhotoError(f"{picture.name} is only {side} pixels on its short side; half of {size} is needed.")
    x, y = face.centre
    left = int(np.clip(x - side / 2, 0, picture.width - side))
    top = int(np.clip(y - side / 2, 0, picture.height - side))
    part = np.s_[top : top + side, left : left + side]
    way = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    target: Pixels = cv2.resize(picture.pixels[part], (size, size), interpolation=way)
    shrunk: Pixels = cv2.resize(mask[part].astype(np.uint8) * 255, (size, size), interpolation=cv2.INTER_AREA)
    return target, shrunk, (round(top * size / side), round(left * size / side))
