"""The items of a batch: requests read from a table or made of folders, with the files that they name."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import InputError
from facechain_ext.identity import Identity
from facechain_ext.identity.library import SUFFIX
from facechain_ext.jobs.job_request import parse_job_request
from facechain_ext.jobs.recipes.portrait import portrait_rows
from facechain_ext.recipes.template.settings import TEMPLATE_SETTINGS
from facechain_ext.storage.paths import special_file
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from facechain_ext.jobs.job_request import JobRequest
    from facechain_ext.methods.setting import Setting

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic")
"""What files of a folder count as pictures."""
_TEXTS = ("recipe", "card", "style", "subject", "suits", "prompt", "negative_prompt", "template", "judge")
_FLAGS = ("fuse", "retouch", "hair")
_MAX_ITEMS = 1_000_000


@dataclass(frozen=True)
class Item:
    """One request of a batch: ``id`` is its digest, the same whatever the files are called, ``label`` is for people."""

    id: str
    job_request: JobRequest
    label: str


class FileSources:
    """References of requests that are paths, relative to ``folder``; cards are read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cards: dict[str, tuple[str, Identity]] = {}

    def picture(self, reference: str) -> bytes:
        """The file of a photo or a template; raises InputError that names it."""
        path = self._folder / reference
        try:
            special = special_file(path)
            if special:
                raise InputError(f"{shorten(reference, 200)} is {special}, not a file. Check the table.")
            return path.read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"{shorten(reference, 200)} cannot be read ({reason}). Check the table.") from error

    def card(self, reference: str) -> tuple[str, Identity]:
        """Name and identity of a card's file; raises WeightsError as ``Identity.load`` does."""
        if reference not in self._cards:
            path = self._folder / reference
            self._cards[reference] = (path.name.removesuffix(SUFFIX), Identity.load(path))
        return self._cards[reference]


def make_items(job_requests: Iterable[Mapping[str, object]], sources: FileSources) -> list[Item]:
    """Check all requests and read the files that they name; the same request twice is one item.

    Raises InputError that names the row.
    """
    digests: dict[str, bytes] = {}

    def content(reference: str) -> bytes:
        if reference not in digests:
            digests[reference] = sources.picture(reference)
        return digests[reference]

    found: dict[str, Item] = {}
    for number, values in enumerate(job_requests, 1):
        try:
            job_request = parse_job_request(dict(values))
            item = Item(job_request.digest(content), job_request, job_request.facts.summary().label)
        except InputError as error:
            raise InputError(f"Row {number}: {error}") from error
        found.setdefault(item.id, item)
        if len(found) > _MAX_ITEMS:
            raise InputError(f"A batch takes {_MAX_ITEMS} items at most.")
    return list(found.values())


def read_table(file: Path) -> list[dict[str, object]]:
    """The requests of a table: JSON lines (one request a line), or CSV whose columns are a request's keys and settings.

    In CSV several photos are divided by ``;``, and columns ``face 1``, ``face 2`` say who goes into a template's faces:
    a photo, a card, ``keep`` or ``pixelate``. Raises InputError that names the row.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file.name} cannot be read ({error}). A table is CSV or JSON lines, in UTF-8.") from error
    if file.suffix.lower() in (".jsonl", ".ndjson", ".json"):
        return [_json_row(line, number) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    try:
        rows = list(csv.DictReader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise InputError(f"{file.name} is no CSV ({error}).") from error
    return [_csv_row(row, number) for number, row in enumerate(rows, 1)]


def combine(
    people: Sequence[Path],
    templates: Sequence[Path],
    styles: Sequence[str],
    seeds: Sequence[int],
    common: Mapping[str, object],
    *,
    face: int = 1,
) -> list[dict[str, object]]:
    """A request for each template (or style) x person x seed; ``common`` is in all of them.

    A person is a photo, a folder of photos of one person, or a card. Raises InputError when there is nobody.
    """
    if not people:
        raise InputError("There is nobody: the folder of people has no photo, no folder of photos and no card.")
    job_requests: list[dict[str, object]] = []
    settings = dict(common.get("settings") or {})  # type: ignore[call-overload]
    places: Sequence[Path | None] = templates or [None]
    for template, style, person, seed in itertools.product(places, styles or [""], people, seeds):
        job_request: dict[str, object] = {**common, "settings": settings | {"seed": seed}}
        if template is not None:
            job_request |= {
                "recipe": "template",
                "template": str(template),
                "faces": {str(face): _face_of(str(person))},
            }
        else:
            job_request |= {"recipe": "portrait", **_person(person)} | ({"style": style} if style else {})
        job_requests.append(job_request)
    return job_requests


def list_people(folder: Path) -> list[Path]:
    """Who is in a folder: its photos, its cards, and its folders that hold photos; sorted by name."""
    return [
        path
        for path in sorted(folder.iterdir())
        if (path.is_file() and path.suffix.lower() in (*PICTURES, SUFFIX)) or (path.is_dir() and list_pictures(path))
    ]


def list_pictures(folder: Path) -> list[Path]:
    """The pictures in a folder, sorted by name."""
    return [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix.lower() in PICTURES]


def embedded(job_request: JobRequest, sources: FileSources) -> dict[str, object]:
    """The request for a program elsewhere, with the files that it names inside as base64."""

    def embed(value: object, key: str = "") -> object:
        if isinstance(value, dict):
            return {name: embed(one, str(name)) for name, one in value.items()}
        if isinstance(value, list):
            return [embed(one, key) for one in value]
        if job_request.names_file(key) and key != "card" and isinstance(value, str):
            return base64.b64encode(sources.picture(value)).decode("ascii")
        if key == "card" and isinstance(value, str) and value:
            return CARD_URL + base64.b64encode(sources.picture(value)).decode("ascii")
        return value

    values = embed(dict(job_request.values))
    assert isinstance(values, dict)
    return values


CARD_URL = "data:application/octet-stream;base64,"
"""How a card that is sent in a request begins; any other text is the name of a card of the library."""


def _person(path: Path) -> dict[str, object]:
    if path.suffix.lower() == SUFFIX:
        return {"card": str(path)}
    return {"photos": [str(photo) for photo in (list_pictures(path) if path.is_dir() else [path])]}


def _face_of(reference: str) -> object:
    if reference in ("keep", "pixelate"):
        return reference
    if reference.lower().endswith(SUFFIX):
        return {"card": reference}
    path = Path(reference)
    return {"photo": str(list_pictures(path)[0] if path.is_dir() else reference)}


def _json_row(line: str, number: int) -> dict[str, object]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"Row {number} is no JSON ({error}).") from error
    if not isinstance(values, dict):
        raise InputError(f"Row {number} is no object.")
    return values


def _csv_row(row: Mapping[str | None, Any], number: int) -> dict[str, object]:
    if None in row or None in row.values():
        raise InputError(f"Row {number} has another number of columns than the first line.")
    cells = {str(name).strip(): str(text).strip() for name, text in row.items()}
    recipe = cells.get("recipe") or ("template" if cells.get("template") else "portrait")
    job_request: dict[str, object] = {"recipe": recipe}
    faces: dict[str, object] = {}
    settings: dict[str, object] = {}
    for name, text in cells.items():
        if not text:
            continue
        if name in ("photo", "photos"):
            job_request["photos"] = [one.strip() for one in text.split(";") if one.strip()]
        elif name.startswith("face "):
            faces[name.removeprefix("face ")] = _face_of(text)
        elif name in _TEXTS:
            job_request[name] = text
        elif name in _FLAGS:
            job_request[name] = text.lower() in ("true", "yes", "1")
        elif name == "face":
            job_request["face"] = int(text) if text.isdecimal() else text
        else:
            settings[name] = setting_value(recipe, name, text)
    if faces:
        job_request["faces"] = faces
    if recipe == "template" and "photos" in job_request and not faces:
        raise InputError(f"Row {number}: say in a column “face 1” who goes into the template.")
    return job_request | ({"settings": settings} if settings else {})


def setting_value(recipe: str, name: str, text: str) -> object:
    """The value of a setting from text; the text itself for a name that the request will refuse."""
    rows: dict[str, Setting] = {row.name: row for row in TEMPLATE_SETTINGS} if recipe == "template" else portrait_rows()
    if name not in rows:
        return text
    try:
        value: object = rows[name].from_infotext(text)
    except ValueError as error:
        raise InputError(f"FaceChain: {name} cannot be {shorten(text)}.") from error
    return value
